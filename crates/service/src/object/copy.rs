//! Copying an object.

use lakefs_types::RefExpr;
use lakefs_versioning::AddressType;

use crate::audit::Call;
use crate::failure::block_failure;
use crate::object::begin_copy::SHALLOW_COPY;
use crate::object::get::missing_is_not_found;
use crate::object::store_entry::Target;
use crate::{Caller, Error, ObjectStats, Result, Service, WriteCondition, names};

/// What to copy where.
#[derive(Debug, Clone, Copy)]
pub struct CopyObject<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch to write to.
    pub branch: &'a str,
    /// Path to write.
    pub dest_path: &'a str,
    /// Path to read.
    pub src_path: &'a str,
    /// Reference expression to read from; the branch when absent.
    pub src_ref: Option<&'a str>,
    /// Whether the copy may share the bytes; not offered.
    pub shallow: bool,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

impl Service {
    /// `POST /repositories/{repository}/branches/{branch}/objects/copy`.
    pub async fn copy_object(
        &self,
        caller: &Caller,
        request: CopyObject<'_>,
    ) -> Result<ObjectStats> {
        let call = Call::at("copyObject", request.repository, request.branch);
        self.audited(caller, call, async {
            self.may_read_object(caller, request.repository, request.src_path)
                .await?;
            self.may_write_object(caller, request.repository, request.dest_path)
                .await?;
            if request.shallow {
                return Err(Error::not_implemented());
            }
            let repository = self.repository(request.repository).await?;
            let branch = names::branch(request.branch)?;
            let reference = match request.src_ref {
                None | Some("") => RefExpr::name(branch.as_str()),
                Some(reference) => names::reference(reference)?,
            };
            let target = Target {
                branch,
                path: names::path_argument("dest_path", request.dest_path)?,
                condition: WriteCondition::Always,
                force: request.force,
                repository,
            };
            let source = names::path_argument("src_path", request.src_path)?;
            self.check_target(&target).await?;
            let found = self
                .engine()
                .get(&target.repository, &reference, &source)
                .await;
            let found = found.map_err(missing_is_not_found)?;
            let from = self.locate(&target.repository, found.view().location())?;
            let (address, to) = self.new_place(&target.repository)?;
            let copied = self.blocks().copy(&from, &to).await;
            copied.map_err(block_failure)?;
            let mut entry = found.to_entry();
            entry.address = address;
            entry.address_type = AddressType::Relative;
            entry.last_modified = self.now();
            entry.metadata.remove(SHALLOW_COPY);
            self.store_entry(&target, &entry, Some(&to)).await
        })
        .await
    }
}
