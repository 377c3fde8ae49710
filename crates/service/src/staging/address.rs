//! Addresses that clients bring: what they may refer to.
//!
//! Anything below the repository's own `data/` must be an address this installation handed out for
//! exactly this path and branch, unchanged and not too old: without that, a writer could make any
//! object of the repository, read or not, part of a branch. Only who may read all of them need not show
//! one. The rule holds on every store and for
//! every spelling of the place, since places are compared after the store resolved them.

use lakefs_block::{Address, relative_to};
use lakefs_versioning::{
    AddressType, LinkError, LinkSubject, Repository, sign_link_address, verify_link_address,
};

use crate::object::store_entry::Target;
use crate::{Error, Result, Service};

/// Where the objects that servers write are, below the namespace.
const DATA: &str = "data/";

impl Service {
    /// A fresh address below the namespace, signed for this path.
    pub(crate) fn signed_address(&self, target: &Target) -> String {
        let key = self.options().signing_secret.as_bytes();
        sign_link_address(key, subject(target), &self.addresses().next())
    }

    /// The address as an entry stores it, of a physical address that a client brings for this path.
    pub(crate) fn accept_address(
        &self,
        target: &Target,
        physical_address: &str,
        reads_all: bool,
    ) -> Result<(String, AddressType)> {
        if let Some(relative) = self.below_data(&target.repository, physical_address) {
            if !reads_all {
                self.verify_signed(target, &relative)?;
            }
            return Ok((relative, AddressType::Relative));
        }
        let address = Address::Full(physical_address);
        match self.blocks().locate(&target.repository.namespace, address) {
            Ok(_) => Ok((physical_address.to_owned(), AddressType::Full)),
            Err(error) => {
                let kind = self.blocks().descriptor().kind;
                let message = format!("physical address is not valid for block adapter: {kind}");
                Err(Error::invalid(message).caused_by(error))
            }
        }
    }

    /// The address below the namespace of one that this server must have handed out.
    pub(crate) fn accept_signed_address(
        &self,
        target: &Target,
        physical_address: &str,
    ) -> Result<String> {
        match self.below_data(&target.repository, physical_address) {
            Some(relative) => {
                self.verify_signed(target, &relative)?;
                Ok(relative)
            }
            None => Err(refused(LinkError::Signature)),
        }
    }

    /// Refuses an upload that is not as long as its client says: it was cut off, or the client is wrong, and
    /// whoever reads the object would find out too late. An object that is not there (yet) is
    /// accepted, as lakeFS does; so is one the store cannot be asked about now, for the bytes are not needed
    /// to link them.
    pub(crate) async fn check_size(
        &self,
        target: &Target,
        relative: &str,
        size_bytes: i64,
    ) -> Result<()> {
        let location = self.locate(&target.repository, Address::Relative(relative))?;
        match self.blocks().head(&location).await {
            Ok(Some(found)) if u64::try_from(size_bytes) != Ok(found.size) => {
                Err(Error::invalid(format!(
                    "size_bytes is {size_bytes}, but the object in the store has {} bytes",
                    found.size
                )))
            }
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "the size of an upload could not be checked");
                Ok(())
            }
        }
    }

    fn below_data(&self, repository: &Repository, physical_address: &str) -> Option<String> {
        relative_to(self.blocks(), &repository.namespace, physical_address)
            .filter(|relative| relative.starts_with(DATA))
    }

    fn verify_signed(&self, target: &Target, relative: &str) -> Result<()> {
        let key = self.options().signing_secret.as_bytes();
        verify_link_address(key, subject(target), relative, self.now()).map_err(refused)
    }
}

fn subject(target: &Target) -> LinkSubject<'_> {
    LinkSubject {
        repository: target.repository.id.as_str(),
        branch: target.branch.as_str(),
        path: target.path.as_str(),
    }
}

fn refused(error: LinkError) -> Error {
    Error::invalid(error.to_string()).caused_by(error)
}
