//! Uploads in parts through presigned URLs, on stores that have them.

use std::collections::BTreeMap;

use lakefs_block::{Address, Location, MultipartStore, Presign, PutOptions, UploadedPart};
use lakefs_versioning::{AddressType, Entry};

use crate::audit::Call;
use crate::failure::{block_failure, engine_failure};
use crate::object::model::DEFAULT_CONTENT_TYPE;
use crate::object::range::{RangeOutcome, decide_range};
use crate::object::store_entry::Target;
use crate::object::user_metadata;
use crate::{Caller, Error, ErrorKind, ObjectStats, Result, Service, WriteCondition, names};

/// Most parts of an upload.
const MAX_PARTS: u32 = 10_000;

/// Which upload.
#[derive(Debug, Clone, Copy)]
pub struct MultipartTarget<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch.
    pub branch: &'a str,
    /// Path.
    pub path: &'a str,
}

/// An upload that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresignMultipartUpload {
    /// Identifier.
    pub upload_id: String,
    /// The address, with its signature.
    pub physical_address: String,
    /// A URL for each part.
    pub presigned_urls: Vec<String>,
}

/// An object to copy a part from.
#[derive(Debug, Clone, Copy)]
pub struct CopyPartSource<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Reference expression.
    pub reference: &'a str,
    /// Path.
    pub path: &'a str,
    /// Bytes, as `bytes=a-b`; all of them when absent.
    pub range: Option<&'a str>,
}

/// The end of an upload.
#[derive(Debug, Clone)]
pub struct CompleteMultipart<'a> {
    /// The address, with its signature.
    pub physical_address: &'a str,
    /// The parts the object is made of.
    pub parts: Vec<UploadedPart>,
    /// User metadata.
    pub user_metadata: BTreeMap<String, String>,
    /// Content type.
    pub content_type: Option<&'a str>,
}

impl Service {
    /// `POST …/staging/pmpu`.
    pub async fn create_presign_multipart_upload(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        parts: u32,
    ) -> Result<PresignMultipartUpload> {
        let call = Call::at(
            "createPresignMultipartUpload",
            target.repository,
            target.branch,
        );
        self.audited(caller, call, async {
            let target = self.multipart_target(caller, target).await?;
            let store = self.presigned_parts()?;
            if parts > MAX_PARTS {
                return Err(Error::invalid(format!(
                    "an upload has at most {MAX_PARTS} parts"
                )));
            }
            let found = self
                .engine()
                .branch(&target.repository, &target.branch)
                .await;
            found.map_err(engine_failure)?;
            let address = self.signed_address(&target);
            let location = self.locate(&target.repository, Address::Relative(&address))?;
            let upload_id = store.create(&location, &PutOptions::default()).await;
            let upload_id = upload_id.map_err(block_failure)?;
            let mut presigned_urls = Vec::with_capacity(parts as usize);
            for number in 1..=parts {
                presigned_urls.push(self.presign_part(&location, &upload_id, number).await?);
            }
            Ok(PresignMultipartUpload {
                upload_id,
                physical_address: self.blocks().physical_address(&location),
                presigned_urls,
            })
        })
        .await
    }

    /// `PUT …/staging/pmpu/{uploadId}/parts/{partNumber}`: another URL for a part.
    pub async fn upload_part(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        upload_id: &str,
        part_number: u32,
        physical_address: &str,
    ) -> Result<String> {
        let call = Call::at("uploadPart", target.repository, target.branch);
        self.audited(caller, call, async {
            let target = self.multipart_target(caller, target).await?;
            self.presigned_parts()?;
            check_part(part_number)?;
            let (_, location) = self.multipart_location(&target, physical_address)?;
            self.presign_part(&location, upload_id, part_number).await
        })
        .await
    }

    /// `PUT …/staging/pmpu/{uploadId}/parts/{partNumber}/copy`: answers the entity tag of the part.
    pub async fn upload_part_copy(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        upload: (&str, u32, &str),
        source: CopyPartSource<'_>,
    ) -> Result<String> {
        let call = Call::at("uploadPartCopy", target.repository, target.branch);
        self.audited(caller, call, async {
            let target = self.multipart_target(caller, target).await?;
            let store = self.presigned_parts()?;
            let (upload_id, number, physical_address) = upload;
            check_part(number)?;
            let (_, location) = self.multipart_location(&target, physical_address)?;
            let (repository, stored) = self
                .read_entry(caller, source.repository, source.reference, source.path)
                .await?;
            let entry = stored.view();
            let size = u64::try_from(entry.size).unwrap_or(0);
            let range = match decide_range(source.range.filter(|range| !range.is_empty()), size) {
                RangeOutcome::Whole => None,
                RangeOutcome::Part(range) => Some(range.to_bytes()),
                RangeOutcome::Unsatisfiable | RangeOutcome::Multiple => {
                    return Err(Error::new(
                        ErrorKind::RangeNotSatisfiable,
                        "Requested Range Not Satisfiable",
                    ));
                }
            };
            let from = self.locate(&repository, entry.location())?;
            let part = store
                .copy_part(&location, upload_id, number, &from, range)
                .await;
            part.map(|part| part.etag).map_err(block_failure)
        })
        .await
    }

    /// `PUT …/staging/pmpu/{uploadId}`.
    pub async fn complete_presign_multipart_upload(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        upload_id: &str,
        request: CompleteMultipart<'_>,
    ) -> Result<ObjectStats> {
        let call = Call::at(
            "completePresignMultipartUpload",
            target.repository,
            target.branch,
        );
        self.audited(caller, call, async {
            let target = self.multipart_target(caller, target).await?;
            let store = self.presigned_parts()?;
            user_metadata::check_given(&request.user_metadata)?;
            let (address, location) = self.multipart_location(&target, request.physical_address)?;
            self.check_target(&target).await?;
            let made = store.complete(&location, upload_id, &request.parts).await;
            let made = made.map_err(block_failure)?;
            let content_type = request.content_type.filter(|text| !text.is_empty());
            let etag = made.etag.unwrap_or_default();
            let entry = Entry {
                address,
                address_type: AddressType::Relative,
                last_modified: self.now(),
                size: i64::try_from(made.size).unwrap_or(i64::MAX),
                etag: etag.trim_matches(|c: char| c == '"' || c == ' ').to_owned(),
                metadata: request.user_metadata,
                content_type: content_type.unwrap_or(DEFAULT_CONTENT_TYPE).to_owned(),
            };
            self.store_entry(&target, &entry, Some(&location)).await
        })
        .await
    }

    /// `DELETE …/staging/pmpu/{uploadId}`.
    pub async fn abort_presign_multipart_upload(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        upload_id: &str,
        physical_address: &str,
    ) -> Result<()> {
        let call = Call::at(
            "abortPresignMultipartUpload",
            target.repository,
            target.branch,
        );
        self.audited(caller, call, async {
            let target = self.multipart_target(caller, target).await?;
            let store = self.presigned_parts()?;
            let (_, location) = self.multipart_location(&target, physical_address)?;
            store
                .abort(&location, upload_id)
                .await
                .map_err(block_failure)
        })
        .await
    }

    async fn multipart_target(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
    ) -> Result<Target> {
        self.may_write_object(caller, target.repository, target.path)
            .await?;
        Ok(Target {
            repository: self.repository(target.repository).await?,
            branch: names::branch(target.branch)?,
            path: names::path(target.path)?,
            condition: WriteCondition::Always,
            force: false,
        })
    }

    fn presigned_parts(&self) -> Result<&dyn MultipartStore> {
        let offered = self.blocks().descriptor().presign_multipart;
        self.blocks()
            .multipart()
            .filter(|_| offered)
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::NotImplemented,
                    "presign multipart upload API is not supported",
                )
            })
    }

    fn multipart_location(
        &self,
        target: &Target,
        physical_address: &str,
    ) -> Result<(String, Location)> {
        let address = self.accept_signed_address(target, physical_address)?;
        let location = self.locate(&target.repository, Address::Relative(&address))?;
        Ok((address, location))
    }

    async fn presign_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
    ) -> Result<String> {
        let what = Presign::Part {
            upload_id: upload_id.to_owned(),
            number,
        };
        let valid = self.options().presign_expiry;
        let url = self.blocks().presign(location, &what, valid).await;
        url.map(|url| url.url).map_err(block_failure)
    }
}

fn check_part(number: u32) -> Result<()> {
    if (1..=MAX_PARTS).contains(&number) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "a part number is between 1 and {MAX_PARTS}"
    )))
}
