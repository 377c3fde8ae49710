//! Which operation a request is: one pure decision over the closed table of S3's operations.
//!
//! A sub-resource S3 knows is looked at before anything else, so that a request for something we do not
//! offer is refused and never taken for another operation.

use http::Method;

use crate::error::{Code, S3Error};
use crate::query::Query;
use crate::target::Target;

macro_rules! operations {
    ($($name:ident),* $(,)?) => {
        /// An operation of the gateway. Its name is S3's, in logs and metrics too.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Operation { $($name,)* }

        impl Operation {
            /// S3's name.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

operations! {
    ListBuckets, CreateBucket, HeadBucket, DeleteBucket, GetBucketLocation, GetBucketVersioning,
    ListObjects, ListObjectsV2, ListObjectVersions, ListMultipartUploads, DeleteObjects,
    GetObject, HeadObject, GetObjectAttributes, GetObjectTagging,
    PutObject, CopyObject, DeleteObject,
    CreateMultipartUpload, UploadPart, UploadPartCopy, ListParts, CompleteMultipartUpload,
    AbortMultipartUpload,
}

/// Sub-resources of buckets and objects that S3 knows and that are not offered here.
const NOT_OFFERED: [&str; 40] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "encryption",
    "events",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "logging",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "select-type",
    "session",
    "tagging",
    "torrent",
    "website",
    "abac",
    "renameObject",
    "append",
    "position",
    "versioning",
    "versions",
    "object-lock-configuration",
    "encryption-configuration",
];

/// Sub-resources for which `NotImplemented` is the honest answer rather than lakeFS's own code.
const NOT_IMPLEMENTED: [&str; 6] = [
    "session",
    "metadataConfiguration",
    "metadataTable",
    "renameObject",
    "append",
    "retention",
];

/// Decides the operation. `copies` tells whether the request has a copy source.
pub(crate) fn decide_operation(
    target: &Target,
    method: &Method,
    query: &Query,
    copies: bool,
) -> Result<Operation, S3Error> {
    use Operation as O;
    let offered = match (target, method.as_str()) {
        (Target::Service, "GET") if query.has("events") => None,
        (Target::Service, "GET") => Some(O::ListBuckets),
        (Target::Bucket(_), "GET") if query.has("location") => Some(O::GetBucketLocation),
        (Target::Bucket(_), "GET") if query.has("versioning") => Some(O::GetBucketVersioning),
        (Target::Bucket(_), "GET") if query.has("versions") => Some(O::ListObjectVersions),
        (Target::Bucket(_), "GET") if query.has("uploads") => Some(O::ListMultipartUploads),
        (Target::Bucket(_), "POST") if query.has("delete") => Some(O::DeleteObjects),
        (Target::Object(..), "GET") if query.has("tagging") => Some(O::GetObjectTagging),
        (Target::Object(..), "GET") if query.has("attributes") => Some(O::GetObjectAttributes),
        (Target::Object(..), "GET") if query.has("uploadId") => Some(O::ListParts),
        (Target::Object(..), "POST") if query.has("uploads") => Some(O::CreateMultipartUpload),
        (Target::Object(..), "POST") if query.has("uploadId") => Some(O::CompleteMultipartUpload),
        (Target::Object(..), "DELETE") if query.has("uploadId") => Some(O::AbortMultipartUpload),
        (Target::Object(..), "PUT") if query.has("uploadId") || query.has("partNumber") => {
            Some(if copies {
                O::UploadPartCopy
            } else {
                O::UploadPart
            })
        }
        _ => None,
    };
    if let Some(operation) = offered {
        return Ok(operation);
    }
    if let Some(name) = query.names().find(|name| NOT_OFFERED.contains(name)) {
        let code = if NOT_IMPLEMENTED.contains(&name) {
            Code::NotImplemented
        } else {
            Code::LakefsNotSupported
        };
        return Err(S3Error::new(code));
    }
    match (target, method.as_str()) {
        (Target::Bucket(_), "PUT") => Ok(O::CreateBucket),
        (Target::Bucket(_), "HEAD") => Ok(O::HeadBucket),
        (Target::Bucket(_), "DELETE") => Ok(O::DeleteBucket),
        (Target::Bucket(_), "GET") if query.get("list-type") == Some("2") => Ok(O::ListObjectsV2),
        (Target::Bucket(_), "GET") => Ok(O::ListObjects),
        (Target::Object(..), "GET") => Ok(O::GetObject),
        (Target::Object(..), "HEAD") => Ok(O::HeadObject),
        (Target::Object(..), "PUT") if copies => Ok(O::CopyObject),
        (Target::Object(..), "PUT") => Ok(O::PutObject),
        (Target::Object(..), "DELETE") => Ok(O::DeleteObject),
        _ => Err(S3Error::new(Code::LakefsNotSupported)),
    }
}
