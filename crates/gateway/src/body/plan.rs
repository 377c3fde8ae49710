//! What the headers of a request say about its body. Pure.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue};
use lakefs_sigv4::{ChunkSigner, PayloadMode};

use super::BodyRules;
use crate::auth::Payload;
use crate::checksum::Digest;
use crate::error::{Code, S3Error};
use crate::headers::ChecksumAlgorithm as Algorithm;

/// How to read a body.
#[derive(Debug)]
pub(super) struct BodyPlan {
    /// Bytes without framing.
    pub(super) length: Option<u64>,
    pub(super) max_bytes: u64,
    pub(super) too_large: Code,
    pub(super) idle: Duration,
    pub(super) framing: Framing,
    /// SHA-256 of the body, from the signature.
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) expected_md5: Option<[u8; 16]>,
    pub(super) checksum: Claim,
}

/// How a body is framed.
#[derive(Debug)]
pub(super) enum Framing {
    None,
    /// In chunks.
    Chunks {
        /// Whether each has a signature.
        signed: bool,
        /// Verifies the signatures. A sender who proved himself by other means than a signature may
        /// still frame his body like this; nothing is there to verify then.
        signer: Option<ChunkSigner>,
        /// Whether trailers follow.
        trailers: bool,
    },
}

/// Which checksum the body has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    None,
    /// Computed for us; the client said nothing.
    Compute(Algorithm),
    /// Given in a header.
    Value(Digest),
    /// To come in a trailer.
    Trailer(Algorithm),
}

impl Claim {
    pub(super) fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::None => None,
            Self::Compute(algorithm) | Self::Trailer(algorithm) => Some(algorithm),
            Self::Value(checksum) => Some(checksum.algorithm()),
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

pub(super) fn plan_body(
    headers: &HeaderMap,
    payload: Payload,
    rules: &BodyRules,
) -> Result<BodyPlan, S3Error> {
    let mode = payload.mode;
    let length = body_length(headers, mode)?;
    if length.is_none() && rules.needs_length {
        return Err(S3Error::new(Code::MissingContentLength));
    }
    if length.is_some_and(|length| length > rules.max_bytes) {
        return Err(S3Error::new(rules.too_large));
    }
    let trailer = declared_trailer(headers, mode)?;
    let checksum = match (claim(headers, trailer, rules)?, rules.compute) {
        (Claim::None, Some(algorithm)) => Claim::Compute(algorithm),
        (claim, _) => claim,
    };
    let framing = match mode {
        PayloadMode::Sha256(_) | PayloadMode::Unsigned => Framing::None,
        PayloadMode::UnsignedChunksTrailer => Framing::Chunks {
            signed: false,
            signer: None,
            trailers: true,
        },
        PayloadMode::SignedChunks | PayloadMode::SignedChunksTrailer => Framing::Chunks {
            signed: true,
            signer: payload.signer,
            trailers: mode == PayloadMode::SignedChunksTrailer,
        },
    };
    Ok(BodyPlan {
        length,
        max_bytes: rules.max_bytes,
        too_large: rules.too_large,
        idle: rules.idle,
        framing,
        sha256: match mode {
            PayloadMode::Sha256(hash) => Some(hash),
            _ => None,
        },
        expected_md5: content_md5(headers)?,
        checksum,
    })
}

/// Length of the body without framing.
fn body_length(headers: &HeaderMap, mode: PayloadMode) -> Result<Option<u64>, S3Error> {
    let missing = || S3Error::new(Code::MissingContentLength);
    let number = |name: &str| -> Result<Option<u64>, S3Error> {
        let Some(text) = text(headers, name) else {
            return Ok(None);
        };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number.map(Some).ok_or_else(missing)
    };
    if mode.is_chunked() {
        // Framed bodies tell their length in a header of their own; that of the frames does not matter.
        return number("x-amz-decoded-content-length")?
            .map(Some)
            .ok_or_else(missing);
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        return Ok(None);
    }
    number(CONTENT_LENGTH.as_str())
}

fn content_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, S3Error> {
    let Some(value) = headers.get("content-md5") else {
        return Ok(None);
    };
    let mut md5 = [0; 16];
    match STANDARD.decode_slice(value.as_bytes(), &mut md5) {
        Ok(16) => Ok(Some(md5)),
        _ => Err(S3Error::new(Code::InvalidDigest)
            .detail("Content-MD5", String::from_utf8_lossy(value.as_bytes()))),
    }
}

/// The checksum a trailer is to bring.
fn declared_trailer(headers: &HeaderMap, mode: PayloadMode) -> Result<Option<Algorithm>, S3Error> {
    let invalid = |message: &str| S3Error::with(Code::InvalidRequest, message);
    let Some(name) = text(headers, "x-amz-trailer").filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    if !matches!(
        mode,
        PayloadMode::SignedChunksTrailer | PayloadMode::UnsignedChunksTrailer
    ) {
        return Err(invalid(
            "A trailer is announced, but the body is not of a form that has trailers.",
        ));
    }
    Algorithm::of_header(&name.to_ascii_lowercase())
        .map(Some)
        .ok_or_else(|| invalid("The value specified in the x-amz-trailer header is not supported"))
}

/// Which checksum the client gives or announces.
fn claim(
    headers: &HeaderMap,
    trailer: Option<Algorithm>,
    rules: &BodyRules,
) -> Result<Claim, S3Error> {
    let value = if rules.own_checksums {
        checksum_header(headers)?
    } else {
        None
    };
    let claim = match (value, trailer) {
        (Some(_), Some(_)) => return Err(several_checksums()),
        (Some(value), None) => Claim::Value(value),
        (None, Some(algorithm)) => Claim::Trailer(algorithm),
        (None, None) => Claim::None,
    };
    let Some(name) = text(headers, "x-amz-sdk-checksum-algorithm") else {
        return Ok(claim);
    };
    if !rules.own_checksums {
        return Ok(claim);
    }
    let named = parse_algorithm(name)?;
    match claim.algorithm() {
        Some(algorithm) if algorithm == named => Ok(claim),
        Some(_) => Err(S3Error::with(
            Code::InvalidRequest,
            "Value for x-amz-sdk-checksum-algorithm header is invalid.",
        )),
        None => Err(S3Error::with(
            Code::InvalidRequest,
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or \
             x-amz-trailer headers were found.",
        )),
    }
}

/// Reads the name of an algorithm that a client sent.
pub(crate) fn parse_algorithm(name: &str) -> Result<Algorithm, S3Error> {
    Algorithm::parse(name).ok_or_else(|| {
        S3Error::with(
            Code::InvalidRequest,
            "Checksum algorithm provided is unsupported. Please try again with any of the valid \
             types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, \
             XXHASH64]",
        )
    })
}

fn several_checksums() -> S3Error {
    S3Error::with(
        Code::InvalidRequest,
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    )
}

/// What the names of headers that carry checksums begin with.
const PREFIX: &str = "x-amz-checksum-";

/// The one checksum given in a header. An algorithm that is not known is refused, never ignored.
pub(crate) fn checksum_header(headers: &HeaderMap) -> Result<Option<Digest>, S3Error> {
    let given: Vec<(&str, &HeaderValue)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().strip_prefix(PREFIX)?, value)))
        .filter(|(kind, _)| !matches!(*kind, "type" | "algorithm" | "mode"))
        .collect();
    let &[(kind, value)] = given.as_slice() else {
        return match given.as_slice() {
            [] => Ok(None),
            _ => Err(several_checksums()),
        };
    };
    let algorithm = parse_algorithm(kind)?;
    let text = value.to_str().ok();
    text.and_then(|text| Digest::parse(algorithm, text.trim()))
        .map(Some)
        .ok_or_else(|| invalid_value(algorithm, "header"))
}

/// A checksum that is none.
pub(super) fn invalid_value(algorithm: Algorithm, place: &str) -> S3Error {
    S3Error::with(
        Code::InvalidRequest,
        format!("Value for {} {place} is invalid.", algorithm.header_name()),
    )
}
