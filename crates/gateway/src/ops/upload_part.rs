//! `UploadPart`: the body is opened once the upload is known to take it.

use std::sync::atomic::{AtomicBool, Ordering};

use http::header::ETAG;
use http::{Response, StatusCode};
use lakefs_service::{PartBody, UploadInfo};

use super::multipart::{
    UploadAddress, UploadChecksum, digest_of_text, digest_to_text, insert_digest, invalid_request,
    part_number, quoted, refused,
};
use crate::body::{BodyRules, OpenBody, open};
use crate::checksum::Digest;
use crate::error::S3Error;
use crate::headers::{ChecksumAlgorithm, ChecksumType};
use crate::request::Request;
use crate::{Body, Gateway, response};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let number = part_number(&request.query)?;
    let upload = UploadAddress::of(&request)?;
    let Request {
        parts,
        body,
        payload,
        caller,
        ..
    } = request;
    let rules = BodyRules::object(gateway.options());
    let headers = &parts.headers;
    let asked = AtomicBool::new(false);
    let open_part = |info: &UploadInfo| {
        let wanted = UploadChecksum::parse(&info.checksum);
        asked.store(wanted.is_some(), Ordering::Relaxed);
        let claimed = claimed_algorithm(headers);
        check_algorithm(wanted, claimed)?;
        let compute = wanted.map(|wanted| wanted.algorithm);
        // Without a wish of the client's, the parts get what costs least and can be made one.
        let compute = compute.or(Some(ChecksumAlgorithm::Crc64nvme));
        let OpenBody {
            body,
            expected_md5,
            verdict,
        } = open(body, headers, payload, &rules.computing(compute))?;
        Ok(PartBody {
            body,
            expected_md5,
            checksum: Box::new(move || digest_to_text(verdict.checksum())),
        })
    };
    let stored = gateway
        .service()
        .upload_part_of(&caller, upload.target(), number, |info| {
            open_part(info).map_err(refused)
        })
        .await?;
    let mut answer = response::bare(StatusCode::OK);
    answer.headers_mut().insert(ETAG, quoted(&stored.etag)?);
    // Told only to clients that speak of checksums, now or when they began the upload.
    let digest: Option<Digest> = digest_of_text(&stored.checksum).filter(|digest| {
        asked.load(Ordering::Relaxed) || claimed_algorithm(headers) == Some(digest.algorithm())
    });
    insert_digest(answer.headers_mut(), digest);
    Ok(answer)
}

/// The algorithm of the checksum a client gives, or will give in a trailer.
fn claimed_algorithm(headers: &http::HeaderMap) -> Option<ChecksumAlgorithm> {
    let given = ChecksumAlgorithm::ALL
        .into_iter()
        .find(|algorithm| headers.contains_key(algorithm.header_name()));
    given.or_else(|| {
        let trailer = headers.get("x-amz-trailer")?.to_str().ok()?;
        ChecksumAlgorithm::of_header(&trailer.trim().to_ascii_lowercase())
    })
}

/// Parts have the checksum their upload was begun with. One of the whole object can be made without the
/// client's help, one of the parts' checksums is only worth something with it.
fn check_algorithm(
    wanted: Option<UploadChecksum>,
    claimed: Option<ChecksumAlgorithm>,
) -> Result<(), S3Error> {
    let Some(wanted) = wanted else {
        return Ok(());
    };
    let fits = match claimed {
        Some(claimed) => claimed == wanted.algorithm,
        None => wanted.kind == ChecksumType::FullObject,
    };
    if fits {
        return Ok(());
    }
    let name = ChecksumAlgorithm::as_str;
    Err(invalid_request(format!(
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        name(wanted.algorithm),
        claimed.map_or("null", name)
    )))
}
