//! Where the bytes of an object are.

use lakefs_block::{Address, Location, Presign};
use lakefs_types::ObjectPath;
use lakefs_versioning::{EntryView, Repository};

use crate::failure::block_failure;
use crate::object::model::{ObjectStats, content_type_or_default};
use crate::object::user_metadata;
use crate::{Error, ErrorKind, Result, Service};

impl Service {
    /// A place for a new object: its address as an entry stores it, and the location.
    pub(crate) fn new_place(&self, repository: &Repository) -> Result<(String, Location)> {
        let address = self.addresses().next();
        let location = self.locate(repository, Address::Relative(&address))?;
        Ok((address, location))
    }

    pub(crate) fn locate(&self, repository: &Repository, address: Address<'_>) -> Result<Location> {
        self.blocks()
            .locate(&repository.namespace, address)
            .map_err(block_failure)
    }

    /// The address shown to clients. One that this store does not know (an object imported from
    /// another) is shown as it is stored.
    pub(crate) fn physical_address(&self, repository: &Repository, address: Address<'_>) -> String {
        match self.blocks().locate(&repository.namespace, address) {
            Ok(location) => self.blocks().physical_address(&location),
            Err(_) => match address {
                Address::Relative(text) | Address::Full(text) => text.to_owned(),
            },
        }
    }

    /// Fails when this kind of store hands out no URLs.
    pub(crate) fn require_presign(&self) -> Result<()> {
        let store = self.blocks().descriptor();
        if store.presign {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "{} adapter presigned URL: operation not supported",
                store.kind
            ),
        ))
    }

    /// A URL that reads an object, and when it ends.
    pub(crate) async fn presign_read(
        &self,
        repository: &Repository,
        path: &str,
        address: Address<'_>,
    ) -> Result<(String, i64)> {
        self.require_presign()?;
        let location = self.locate(repository, address)?;
        let filename = path.rsplit('/').find(|part| !part.is_empty());
        let what = Presign::Get {
            filename: filename.map(str::to_owned),
        };
        let valid = self.options().presign_expiry;
        let url = self.blocks().presign(&location, &what, valid).await;
        let url = url.map_err(block_failure)?;
        Ok((url.url, url.expires.seconds))
    }

    /// Facts about an entry, with its user metadata.
    pub(crate) fn stats(
        &self,
        repository: &Repository,
        path: &ObjectPath,
        entry: &EntryView<'_>,
    ) -> ObjectStats {
        ObjectStats {
            path: path.as_str().to_owned(),
            physical_address: self.physical_address(repository, entry.location()),
            physical_address_expiry: None,
            checksum: entry.etag.to_owned(),
            size_bytes: entry.size,
            mtime: entry.last_modified.seconds,
            content_type: content_type_or_default(entry.content_type).to_owned(),
            metadata: Some(user_metadata::shown(entry.metadata())),
        }
    }
}
