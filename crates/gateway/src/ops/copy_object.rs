//! `CopyObject`: an object becomes another one, with the same or other metadata.

use futures_util::TryStreamExt as _;
use http::{HeaderMap, Response, StatusCode};
use lakefs_service::{BeginCopy, ObjectCopy, ObjectCopyPlan, OpenedFacts};

use crate::body::parse_algorithm;
use crate::checksum::Hasher;
use crate::conditions::Conditions;
use crate::copy_source::CopySource;
use crate::date::IsoDate;
use crate::error::{Code, S3Error};
use crate::headers::{self, Checksum, ChecksumAlgorithm, ChecksumType, Metadata};
use crate::request::Request;
use crate::response::document;
use crate::write_headers::{refuse_unoffered, write_condition};
use crate::xml::Xml;
use crate::{Body, Gateway};

/// Content type of a copy whose metadata is replaced by a request that gives none.
const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    refuse_unoffered(request.headers())?;
    let wanted = Wanted::of(&request)?;
    let source = CopySource::of(&request, gateway.resolver())?;
    let (from, to) = (source.place()?, request.place()?);
    let (from_path, to_path) = (from.path(), to.path());
    let copy = gateway.service().begin_copy(
        &request.caller,
        BeginCopy {
            operation: request.operation.name(),
            source_repository: from.repository,
            source_reference: from.reference,
            source_path: &from_path,
            repository: to.repository,
            branch: to.reference,
            path: &to_path,
            condition: write_condition(request.headers())?,
        },
    );
    let copy = copy.await?;
    let facts = copy.source().facts();
    Conditions::of_copy_source(request.headers())
        .check_copy_source(facts.etag(), facts.modified().seconds)?;
    if copy.is_onto_itself() && !wanted.replace && !wanted.changes {
        return Err(S3Error::with(
            Code::InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself \
             without changing the object's metadata, storage class, website redirect location or \
             encryption attributes.",
        ));
    }
    let mut metadata = metadata_of_copy(request.headers(), &wanted, &facts)?;
    if let Some(algorithm) = wanted.algorithm {
        let checksum = checksum_of_copy(&copy, &facts, algorithm).await?;
        checksum.store(&mut metadata);
    }
    let checksum = Checksum::of(pairs(&metadata));
    let plan = ObjectCopyPlan {
        content_type: wanted.replace.then(|| {
            headers::content_type(request.headers())
                .unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned())
        }),
        metadata,
        share: gateway.options().copy_clones,
    };
    let written = copy.finish(plan).await?;
    let mut xml = Xml::new();
    xml.open("CopyObjectResult")
        .element(
            "LastModified",
            IsoDate::new(written.modified.seconds).as_str(),
        )
        .element("ETag", &["\"", &written.etag, "\""].concat());
    if let Some(checksum) = &checksum {
        xml.element(checksum.algorithm.element(), &checksum.value)
            .element("ChecksumType", checksum.kind.as_str());
    }
    xml.close("CopyObjectResult");
    Ok(document(StatusCode::OK, xml.finish()))
}

/// What the request wants of the copy.
#[derive(Debug)]
struct Wanted {
    /// Metadata and content type are the request's, not the source's.
    replace: bool,
    /// Something about the object changes even if the metadata stays.
    changes: bool,
    /// The checksum it is to have.
    algorithm: Option<ChecksumAlgorithm>,
}

impl Wanted {
    fn of(request: &Request) -> Result<Self, S3Error> {
        let replace = match request.header("x-amz-metadata-directive") {
            None | Some("" | "COPY") => false,
            Some("REPLACE") => true,
            Some(_) => {
                return Err(
                    S3Error::with(Code::InvalidArgument, "Unknown metadata directive.")
                        .detail("ArgumentName", "x-amz-metadata-directive"),
                );
            }
        };
        let changes = [
            "x-amz-storage-class",
            "x-amz-website-redirect-location",
            "x-amz-server-side-encryption",
        ];
        let algorithm = request.header("x-amz-checksum-algorithm");
        Ok(Self {
            replace,
            changes: changes
                .iter()
                .any(|name| request.headers().contains_key(*name)),
            algorithm: algorithm.map(parse_algorithm).transpose()?,
        })
    }
}

/// The metadata of the copy. What is about the bytes is the source's, the storage class the request's.
fn metadata_of_copy(
    headers: &HeaderMap,
    wanted: &Wanted,
    facts: &OpenedFacts<'_>,
) -> Result<Metadata, S3Error> {
    if wanted.replace {
        let mut metadata = headers::metadata_from_headers(headers)?;
        metadata.extend(headers::facts_of_bytes(facts.metadata()));
        return Ok(metadata);
    }
    headers::copied(facts.metadata(), headers)
}

/// The checksum the copy is to have: the source's if it is of that kind, else computed from its bytes.
async fn checksum_of_copy(
    copy: &ObjectCopy<'_>,
    facts: &OpenedFacts<'_>,
    algorithm: ChecksumAlgorithm,
) -> Result<Checksum, S3Error> {
    let stored = Checksum::of(facts.metadata());
    let fits = |stored: &Checksum| {
        stored.algorithm == algorithm && stored.kind == ChecksumType::FullObject
    };
    if let Some(stored) = stored.filter(fits) {
        return Ok(stored);
    }
    let (_, mut bytes) = copy.source().read(facts, None).await?;
    let mut hasher = Hasher::new(algorithm);
    while let Some(chunk) = bytes.try_next().await.map_err(broken_source)? {
        hasher.update(&chunk);
    }
    Ok(hasher.finish().of_object())
}

fn broken_source(error: lakefs_service::BlockError) -> S3Error {
    S3Error::new(Code::ServiceUnavailable).caused_by(error)
}

fn pairs(metadata: &Metadata) -> impl Iterator<Item = (&str, &str)> {
    metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
}
