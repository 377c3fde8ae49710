//! Judging the end of an upload: whether the parts' checksums and the object's size are what the client
//! says, and which checksum the object gets. Pure.

use std::collections::BTreeMap;

use http::HeaderMap;
use lakefs_service::{UploadInfo, UploadPart};

use super::document::NamedPart;
use super::{UploadChecksum, digest_of_text, invalid_request};
use crate::body::checksum_header;
use crate::checksum::{Digest, composite, full_object};
use crate::error::{Code, S3Error};
use crate::headers::{Checksum, ChecksumAlgorithm, ChecksumType, PartSizes};

/// What the headers of a completion say of the object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::ops) struct Claims {
    size: Option<u64>,
    kind: Option<ChecksumType>,
    /// Algorithm and value; a composite one ends in the number of parts.
    value: Option<(ChecksumAlgorithm, String)>,
}

impl Claims {
    pub(in crate::ops) fn of_headers(headers: &HeaderMap) -> Result<Self, S3Error> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let size = match text("x-amz-mp-object-size") {
            None => None,
            Some(text) => Some(text.trim().parse().map_err(|_| {
                invalid_request("Value for x-amz-mp-object-size header is invalid.")
            })?),
        };
        let kind = match text("x-amz-checksum-type") {
            None => None,
            Some(name) => Some(ChecksumType::parse(name.trim()).ok_or_else(|| {
                invalid_request("Value for x-amz-checksum-type header is invalid.")
            })?),
        };
        let composite = ChecksumAlgorithm::ALL.into_iter().find_map(|algorithm| {
            let value = text(algorithm.header_name())?.trim();
            let (digest, count) = value.rsplit_once('-')?;
            let counted = count.parse::<u32>().is_ok();
            (counted && Digest::parse(algorithm, digest).is_some())
                .then(|| (algorithm, value.to_owned()))
        });
        let value = match composite {
            Some(value) => Some(value),
            None => {
                checksum_header(headers)?.map(|digest| (digest.algorithm(), digest.to_base64()))
            }
        };
        Ok(Self { size, kind, value })
    }
}

/// The metadata the object gets beyond its upload's: sizes of parts and checksum.
pub(in crate::ops) fn judge(
    upload: &UploadInfo,
    named: &[NamedPart],
    stored: &[UploadPart],
    claims: &Claims,
) -> Result<BTreeMap<String, String>, S3Error> {
    let size: u64 = stored.iter().map(|part| part.size).sum();
    if let Some(claimed) = claims.size
        && claimed != size
    {
        return Err(invalid_request(format!(
            "The provided 'x-amz-mp-object-size' header value {claimed} does not match what was \
             computed: {size}"
        )));
    }
    let digests: Vec<Option<Digest>> = stored
        .iter()
        .map(|part| digest_of_text(&part.checksum))
        .collect();
    let wanted = UploadChecksum::parse(&upload.checksum);
    check_parts(wanted, named, &digests)?;
    let checksum = object_checksum(wanted, stored, &digests);
    check_object(wanted, checksum.as_ref(), claims)?;
    let mut metadata = BTreeMap::new();
    PartSizes::new(stored.iter().map(|part| part.size)).store(&mut metadata);
    if let Some(checksum) = checksum {
        checksum.store(&mut metadata);
    }
    Ok(metadata)
}

/// Holds what the client says of each part against what was computed when it came.
fn check_parts(
    wanted: Option<UploadChecksum>,
    named: &[NamedPart],
    digests: &[Option<Digest>],
) -> Result<(), S3Error> {
    for (part, digest) in named.iter().zip(digests) {
        let number = part.part.number;
        match (part.claim, digest) {
            (Some(claim), Some(digest)) if claim == *digest => {}
            (Some(claim), Some(digest)) if claim.algorithm() == digest.algorithm() => {
                return Err(S3Error::new(Code::InvalidPart));
            }
            (Some(claim), _) => {
                let algorithm = claim.algorithm().as_str().to_ascii_lowercase();
                return Err(S3Error::with(
                    Code::BadDigest,
                    format!(
                        "The {algorithm} you specified for part {number} did not match what we \
                         received."
                    ),
                ));
            }
            (None, _) => {}
        }
        let must = wanted.is_some_and(|wanted| wanted.kind == ChecksumType::Composite);
        if must && part.claim.is_none() {
            let algorithm = wanted.map_or("", |wanted| wanted.algorithm.as_str());
            return Err(invalid_request(format!(
                "The upload was created using a {} checksum. The complete request must include the \
                 checksum for each part. It was missing for part {number} in the request.",
                algorithm.to_ascii_lowercase()
            )));
        }
    }
    Ok(())
}

/// The checksum of the object. Where the upload was begun without one, parts that all brought the same
/// CRC make one all the same.
fn object_checksum(
    wanted: Option<UploadChecksum>,
    stored: &[UploadPart],
    digests: &[Option<Digest>],
) -> Option<Checksum> {
    let digests: Vec<Digest> = digests.iter().copied().collect::<Option<_>>()?;
    let kind = wanted.map_or(ChecksumType::FullObject, |wanted| wanted.kind);
    match kind {
        ChecksumType::FullObject => {
            let sizes = stored.iter().map(|part| part.size);
            full_object(digests.into_iter().zip(sizes)).map(Digest::of_object)
        }
        ChecksumType::Composite => Some(Checksum {
            algorithm: digests.first()?.algorithm(),
            kind,
            value: composite(&digests)?,
        }),
    }
}

/// Holds what the client says of the object against what was computed.
fn check_object(
    wanted: Option<UploadChecksum>,
    checksum: Option<&Checksum>,
    claims: &Claims,
) -> Result<(), S3Error> {
    if let (Some(claimed), Some(wanted)) = (claims.kind, wanted)
        && claimed != wanted.kind
    {
        return Err(invalid_request(format!(
            "The upload was created using the {} checksum mode. The complete request must use the \
             same checksum mode.",
            wanted.kind.as_str()
        )));
    }
    let Some((algorithm, value)) = &claims.value else {
        return Ok(());
    };
    match checksum {
        Some(checksum) if checksum.algorithm != *algorithm => Err(S3Error::with(
            Code::BadDigest,
            format!(
                "The {} you specified did not match the calculated checksum.",
                algorithm.as_str()
            ),
        )),
        Some(checksum) => {
            // Some clients leave the number of parts out.
            let counted = checksum.kind == ChecksumType::Composite && !value.contains('-');
            let computed = match checksum.value.rsplit_once('-') {
                Some((digest, _)) if counted => digest,
                _ => checksum.value.as_str(),
            };
            if computed == value {
                return Ok(());
            }
            Err(S3Error::with(
                Code::BadDigest,
                format!(
                    "The {} you specified did not match the calculated checksum.",
                    algorithm.as_str()
                ),
            ))
        }
        // Never taken on trust.
        None => Err(invalid_request(
            "The checksum of the object cannot be verified: the upload was created without one.",
        )),
    }
}
