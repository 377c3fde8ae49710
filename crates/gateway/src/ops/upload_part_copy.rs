//! `UploadPartCopy`: a part made of (a range of) an object, of any reference of any repository.

use std::sync::Arc;

use futures_util::StreamExt as _;
use http::{Response, StatusCode};
use lakefs_service::{
    ByteStream, Checksummer, ContentRange, CopyPlan, CopyUploadPart, ObjectFacts, TellChecksum,
    UploadInfo,
};
use parking_lot::Mutex;

use super::multipart::{
    UploadAddress, UploadChecksum, digest_of_text, digest_to_text, invalid_argument, number_of_u64,
    part_number, refused, write_digest,
};
use crate::checksum::Hasher;
use crate::conditions::Conditions;
use crate::copy_source::CopySource;
use crate::date::IsoDate;
use crate::error::S3Error;
use crate::headers::ChecksumAlgorithm;
use crate::request::Request;
use crate::xml::Xml;
use crate::{Body, Gateway, response};

const RANGE: &str = "x-amz-copy-source-range";

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let number = part_number(&request.query)?;
    let upload = UploadAddress::of(&request)?;
    let range = request.header(RANGE).map(range_of).transpose()?;
    let source = CopySource::of(&request, gateway.resolver())?;
    let from = source.place()?;
    let path = from.path();
    let conditions = Conditions::of_copy_source(request.headers());
    let copy = CopyUploadPart {
        target: upload.target(),
        number,
        repository: from.repository,
        reference: from.reference,
        path: &path,
    };
    let plan = |info: &UploadInfo, facts: &ObjectFacts| {
        conditions.check_copy_source(&facts.checksum, facts.modified.seconds)?;
        if let Some(range) = range {
            check_range(range, facts.size_bytes)?;
        }
        let wanted = UploadChecksum::parse(&info.checksum);
        Ok(CopyPlan {
            range,
            checksum: wanted.map(|wanted| checksummer(wanted.algorithm)),
        })
    };
    let part = gateway
        .service()
        .copy_upload_part(&request.caller, copy, |info, facts| {
            plan(info, facts).map_err(refused)
        })
        .await?;
    let mut xml = Xml::new();
    xml.open("CopyPartResult")
        .element("LastModified", IsoDate::new(part.modified.seconds).as_str())
        .element("ETag", &format!("\"{}\"", part.etag));
    write_digest(&mut xml, digest_of_text(&part.checksum));
    xml.close("CopyPartResult");
    Ok(response::document(StatusCode::OK, xml.finish()))
}

/// Reads `bytes=first-last`. Nothing else is a range here: copying something else than was meant would
/// go unseen.
fn range_of(text: &str) -> Result<ContentRange, S3Error> {
    let bounds = text
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'));
    let bounds = bounds.and_then(|(first, last)| {
        let range = ContentRange {
            start: number_of_u64(first)?,
            end: number_of_u64(last)?,
        };
        (range.start <= range.end).then_some(range)
    });
    bounds.ok_or_else(|| {
        invalid_argument(
            RANGE,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first \
             and last are the zero-based offsets of the first and last bytes to copy",
        )
        .detail("ArgumentValue", text)
    })
}

fn check_range(range: ContentRange, size: i64) -> Result<(), S3Error> {
    if i64::try_from(range.end).is_ok_and(|end| end < size) {
        return Ok(());
    }
    Err(invalid_argument(
        RANGE,
        format!("Range specified is not valid for source object of size: {size}"),
    )
    .detail(
        "ArgumentValue",
        format!("bytes={}-{}", range.start, range.end),
    ))
}

/// Computes a checksum of bytes as they are copied.
fn checksummer(algorithm: ChecksumAlgorithm) -> Checksummer {
    Box::new(move |bytes| {
        let hasher = Arc::new(Mutex::new(Hasher::new(algorithm)));
        let sink = Arc::clone(&hasher);
        let stream: ByteStream = Box::pin(bytes.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                sink.lock().update(chunk);
            }
        }));
        let tell: TellChecksum =
            Box::new(move || digest_to_text(Some(hasher.lock().clone().finish())));
        (stream, tell)
    })
}
