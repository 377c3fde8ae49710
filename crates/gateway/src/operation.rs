//! Which operation a request is: one pure decision over the closed table of S3's operations.
//!
//! A sub-resource S3 knows is looked at before anything else, so that a request for something we do not
//! offer is refused and never taken for another operation.

use http::{HeaderMap, Method};

use crate::error::{Code, S3Error, Scope};
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

/// Sub-resources S3 knows and this server does not offer, and what it answers to them.
const NOT_OFFERED: [(&str, Code); 43] = {
    use Code::{LakefsNotSupported as No, NotImplemented as NotBuilt};
    [
        ("abac", NotBuilt),
        ("accelerate", No),
        ("acl", No),
        ("analytics", No),
        ("annotation", NotBuilt),
        ("annotations", NotBuilt),
        ("append", NotBuilt),
        ("cors", No),
        ("encryption", No),
        ("events", No),
        ("intelligent-tiering", No),
        ("inventory", No),
        ("legal-hold", No),
        ("lifecycle", No),
        ("logging", No),
        ("metadataAnnotationTable", NotBuilt),
        ("metadataConfiguration", NotBuilt),
        ("metadataInventoryTable", NotBuilt),
        ("metadataJournalTable", NotBuilt),
        ("metadataTable", NotBuilt),
        ("metrics", No),
        ("notification", No),
        ("object-lock", No),
        ("ownershipControls", No),
        ("policy", No),
        ("policyStatus", No),
        ("publicAccessBlock", No),
        ("renameObject", NotBuilt),
        ("replication", No),
        ("requestPayment", No),
        ("restore", No),
        ("retention", No),
        ("select", No),
        ("select-type", No),
        ("session", NotBuilt),
        ("tagging", No),
        ("torrent", No),
        ("website", No),
        // Offered, with other methods or on the other kind of target.
        ("attributes", Code::MethodNotAllowed),
        ("delete", Code::MethodNotAllowed),
        ("location", Code::MethodNotAllowed),
        ("uploads", Code::MethodNotAllowed),
        ("versions", Code::MethodNotAllowed),
    ]
};

/// Decides the operation. `copies` tells whether the request has a copy source.
pub(crate) fn decide_operation(
    target: &Target,
    method: &Method,
    query: &Query,
    copies: bool,
) -> Result<Operation, S3Error> {
    match target {
        Target::Service => of_service(method, query),
        Target::Bucket(_) => of_bucket(method, query),
        Target::Object(..) => of_object(method, query, copies),
    }
}

fn of_service(method: &Method, query: &Query) -> Result<Operation, S3Error> {
    refuse_sub_resources(query)?;
    match method.as_str() {
        "GET" => Ok(Operation::ListBuckets),
        _ => Err(refused(Code::MethodNotAllowed)),
    }
}

fn of_bucket(method: &Method, query: &Query) -> Result<Operation, S3Error> {
    use Operation as O;
    match method.as_str() {
        "GET" if query.has("location") => return Ok(O::GetBucketLocation),
        "GET" if query.has("versioning") => return Ok(O::GetBucketVersioning),
        "GET" if query.has("versions") => return Ok(O::ListObjectVersions),
        "GET" if query.has("uploads") => return Ok(O::ListMultipartUploads),
        "POST" if query.has("delete") => return Ok(O::DeleteObjects),
        // A bucket without rules, not a refusal: s3cmd asks for them to describe an object.
        "GET" if query.has("cors") => return Err(refused(Code::NoSuchCorsConfiguration)),
        "PUT" if query.has("versioning") => return Err(refused(Code::NotImplemented)),
        _ if query.has("versioning") => return Err(refused(Code::MethodNotAllowed)),
        _ => refuse_sub_resources(query)?,
    }
    match method.as_str() {
        "GET" if query.get("list-type") == Some("2") => Ok(O::ListObjectsV2),
        "GET" => Ok(O::ListObjects),
        "HEAD" => Ok(O::HeadBucket),
        "PUT" => Ok(O::CreateBucket),
        "DELETE" => Ok(O::DeleteBucket),
        // A form with a file in it, from a browser.
        "POST" => Err(refused(Code::LakefsNotSupported)),
        _ => Err(refused(Code::MethodNotAllowed)),
    }
}

fn of_object(method: &Method, query: &Query, copies: bool) -> Result<Operation, S3Error> {
    use Operation as O;
    match method.as_str() {
        "GET" if query.has("tagging") => return Ok(O::GetObjectTagging),
        "GET" if query.has("attributes") => return Ok(O::GetObjectAttributes),
        "GET" if query.has("uploadId") => return Ok(O::ListParts),
        "POST" if query.has("uploads") => return Ok(O::CreateMultipartUpload),
        "POST" if query.has("uploadId") => return Ok(O::CompleteMultipartUpload),
        "DELETE" if query.has("uploadId") => return Ok(O::AbortMultipartUpload),
        "PUT" if query.has("uploadId") || query.has("partNumber") => {
            return Ok(if copies {
                O::UploadPartCopy
            } else {
                O::UploadPart
            });
        }
        // s3cmd copies, moves and describes objects with their ACL, unless there is no such thing.
        _ if query.has("acl") => return Err(refused(Code::NotImplemented)),
        // As lakeFS answers this one.
        "PUT" if query.has("tagging") => return Err(S3Error::new(Code::LakefsNotSupported)),
        _ if query.has("uploadId") => return Err(refused(Code::MethodNotAllowed)),
        _ => refuse_sub_resources(query)?,
    }
    match method.as_str() {
        "GET" => Ok(O::GetObject),
        "HEAD" => Ok(O::HeadObject),
        "PUT" if copies => Ok(O::CopyObject),
        "PUT" => Ok(O::PutObject),
        "DELETE" => Ok(O::DeleteObject),
        "POST" => Err(S3Error::new(Code::MethodNotAllowed).scope(Scope::Silent)),
        _ => Err(refused(Code::MethodNotAllowed)),
    }
}

fn refuse_sub_resources(query: &Query) -> Result<(), S3Error> {
    let found = query.names().find_map(|name| {
        let (_, code) = NOT_OFFERED.iter().find(|(known, _)| *known == name)?;
        Some(*code)
    });
    found.map_or(Ok(()), |code| Err(refused(code)))
}

fn refused(code: Code) -> S3Error {
    S3Error::new(code).scope(Scope::Kind)
}

/// Objects have one version, called `null`. Naming another names nothing.
pub(crate) fn check_version_id(id: Option<&str>) -> Result<(), S3Error> {
    match id {
        None | Some("null") => Ok(()),
        Some("") => Err(S3Error::with(
            Code::InvalidArgument,
            "Version id cannot be the empty string",
        )
        .detail("ArgumentName", "versionId")),
        Some(_) => Err(S3Error::new(Code::NoSuchVersion)),
    }
}

/// Headers that ask for something which must not be done halfway: a client that is told yes believes
/// its object encrypted, or its bytes appended.
pub(crate) fn refuse_headers(method: &Method, headers: &HeaderMap) -> Result<(), S3Error> {
    let asks = |name: &str| {
        name.starts_with("x-amz-server-side-encryption-customer-")
            || name.starts_with("x-amz-copy-source-server-side-encryption-customer-")
            || (*method == Method::PUT && name == "x-amz-write-offset-bytes")
    };
    match headers.keys().find(|name| asks(name.as_str())) {
        Some(name) => Err(S3Error::new(Code::NotImplemented).detail("Header", name.as_str())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
