//! Bodies in every form, cut at every position, against the simplest possible encoder and decoder.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use http_body_util::BodyExt as _;
use lakefs_service::{BlockError, Cause};
use lakefs_sigv4::{AmzDate, ChunkSigner, KeyCache, PayloadMode, Scope};
use md5::{Digest as _, Md5};
use proptest::prelude::*;
use sha2::Sha256;

use super::{BodyRules, open};
use crate::auth::Payload;
use crate::checksum::{Digest, Hasher};
use crate::error::{Code, S3Error};
use crate::headers::ChecksumAlgorithm as Algorithm;
use crate::{GatewayOptions, RequestBody};

/// A body that comes in these frames and then ends, or stands still.
struct Frames {
    frames: VecDeque<Bytes>,
    ends: bool,
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Cause;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
        match self.frames.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(Frame::data(frame)))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

fn request_body(frames: impl IntoIterator<Item = Bytes>) -> RequestBody {
    let frames = frames.into_iter().collect();
    Frames { frames, ends: true }.boxed()
}

fn scope() -> (AmzDate, Scope) {
    let date = AmzDate::parse("20260102T030405Z").unwrap();
    let scope = Scope::parse("20260102/us-east-1/s3/aws4_request").unwrap();
    (date, scope)
}

fn signer() -> ChunkSigner {
    let (date, scope) = scope();
    let key = KeyCache::new(4).get("AKIAEXAMPLE", "secret", &scope);
    ChunkSigner::new(key, date, &scope, &"5".repeat(64))
}

/// A body as a client sends it.
#[derive(Debug, Clone)]
struct Sent {
    mode: PayloadMode,
    headers: HeaderMap,
    wire: Vec<u8>,
}

fn header(headers: &mut HeaderMap, name: &str, value: impl AsRef<str>) {
    headers.insert(
        HeaderName::from_bytes(name.as_bytes()).unwrap(),
        HeaderValue::from_str(value.as_ref()).unwrap(),
    );
}

fn checksum(algorithm: Algorithm, data: &[u8]) -> String {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(data);
    hasher.finish().to_base64()
}

/// The form a client chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Hashed,
    Unsigned,
    SignedChunks,
    SignedTrailer,
    UnsignedTrailer,
}

const FORMS: [Form; 5] = [
    Form::Hashed,
    Form::Unsigned,
    Form::SignedChunks,
    Form::SignedTrailer,
    Form::UnsignedTrailer,
];

/// Sends `data` in chunks of `chunk` bytes. The trailer, where the form has one, is a checksum of
/// `algorithm`; elsewhere it is a header.
fn send(form: Form, data: &[u8], chunk: usize, algorithm: Option<Algorithm>) -> Sent {
    let mut headers = HeaderMap::new();
    let mut chain = signer();
    let mut wire = Vec::new();
    let mode = match form {
        Form::Hashed => PayloadMode::Sha256(Sha256::digest(data).into()),
        Form::Unsigned => PayloadMode::Unsigned,
        Form::SignedChunks => PayloadMode::SignedChunks,
        Form::SignedTrailer => PayloadMode::SignedChunksTrailer,
        Form::UnsignedTrailer => PayloadMode::UnsignedChunksTrailer,
    };
    let trailers = matches!(form, Form::SignedTrailer | Form::UnsignedTrailer);
    if let Some(algorithm) = algorithm {
        if trailers {
            header(&mut headers, "x-amz-trailer", algorithm.header_name());
        } else {
            header(
                &mut headers,
                algorithm.header_name(),
                checksum(algorithm, data),
            );
        }
    }
    if !mode.is_chunked() {
        header(&mut headers, "content-length", data.len().to_string());
        wire.extend_from_slice(data);
        return Sent {
            mode,
            headers,
            wire,
        };
    }
    header(
        &mut headers,
        "x-amz-decoded-content-length",
        data.len().to_string(),
    );
    let signed = form != Form::UnsignedTrailer;
    let mut chunks: Vec<&[u8]> = data.chunks(chunk).collect();
    chunks.push(&[]);
    for chunk in chunks {
        wire.extend_from_slice(format!("{:x}", chunk.len()).as_bytes());
        if signed {
            let hash = hex::encode(Sha256::digest(chunk));
            let signature = chain.sign_chunk(&hash);
            wire.extend_from_slice(format!(";chunk-signature={signature}").as_bytes());
        }
        wire.extend_from_slice(b"\r\n");
        wire.extend_from_slice(chunk);
        if !chunk.is_empty() || !trailers {
            wire.extend_from_slice(b"\r\n");
        }
    }
    if trailers {
        let mut lines = String::new();
        if let Some(algorithm) = algorithm {
            lines = format!(
                "{}:{}\n",
                algorithm.header_name(),
                checksum(algorithm, data)
            );
            wire.extend_from_slice(lines.replace('\n', "\r\n").as_bytes());
        }
        if signed {
            let signature = chain.sign_trailer(&lines);
            wire.extend_from_slice(format!("x-amz-trailer-signature:{signature}\r\n").as_bytes());
        }
        wire.extend_from_slice(b"\r\n");
    }
    Sent {
        mode,
        headers,
        wire,
    }
}

fn rules() -> BodyRules {
    BodyRules::object(&GatewayOptions::default())
}

/// What came out.
#[derive(Debug)]
struct Received {
    data: Vec<u8>,
    checksum: Option<String>,
    /// Frames that lie inside of what was sent, rather than in a copy.
    copied: usize,
}

async fn receive_frames(
    sent: &Sent,
    frames: Vec<Bytes>,
    rules: &BodyRules,
) -> Result<Received, S3Error> {
    let range = |frame: &Bytes| frame.as_ptr().addr()..frame.as_ptr().addr() + frame.len();
    let ranges: Vec<_> = frames.iter().map(range).collect();
    let payload = Payload {
        mode: sent.mode,
        signer: sent.mode.is_chunked().then(signer),
    };
    let mut open = open(request_body(frames.clone()), &sent.headers, payload, rules)?;
    let (mut data, mut copied) = (Vec::new(), 0);
    while let Some(chunk) = open.body.stream.next().await {
        let chunk = chunk.map_err(|error| match error {
            BlockError::Body(cause) => *cause.downcast::<S3Error>().unwrap(),
            other => panic!("{other}"),
        })?;
        let start = chunk.as_ptr().addr();
        if !chunk.is_empty() && !ranges.iter().any(|range| range.contains(&start)) {
            copied += 1;
        }
        data.extend_from_slice(&chunk);
    }
    assert!(
        open.body
            .length
            .is_none_or(|length| length == data.len() as u64)
    );
    Ok(Received {
        data,
        checksum: open.verdict.checksum().map(Digest::to_base64),
        copied,
    })
}

/// Receives a body that came cut at these places.
async fn receive(sent: &Sent, cuts: &[usize]) -> Result<Received, S3Error> {
    let whole = Bytes::from(sent.wire.clone());
    let (mut frames, mut last) = (Vec::new(), 0);
    for cut in cuts.iter().copied().chain([whole.len()]) {
        frames.push(whole.slice(last..cut.max(last)));
        last = cut.max(last);
    }
    receive_frames(sent, frames, &rules()).await
}

async fn refused(sent: &Sent) -> Code {
    receive(sent, &[]).await.unwrap_err().code
}

#[tokio::test]
async fn every_form_comes_through_wherever_it_is_cut() {
    let data: Vec<u8> = (0..150_u8).collect();
    for form in FORMS {
        for algorithm in Algorithm::ALL.map(Some).into_iter().chain([None]) {
            let sent = send(form, &data, 64, algorithm);
            for at in 0..=sent.wire.len() {
                let came = receive(&sent, &[at]).await;
                let came = came.unwrap_or_else(|error| panic!("{form:?} cut at {at}: {error:?}"));
                assert_eq!(came.data, data, "{form:?} cut at {at}");
                assert_eq!(came.copied, 0);
                let expected = algorithm.map(|algorithm| checksum(algorithm, &data));
                assert_eq!(came.checksum, expected);
            }
            let each: Vec<usize> = (0..sent.wire.len()).collect();
            assert_eq!(receive(&sent, &each).await.unwrap().data, data);
        }
    }
}

/// Everything but the length of a chunk is covered by something; a wrong length puts the rest in the wrong
/// place.
#[tokio::test]
async fn no_changed_byte_comes_through() {
    let data: Vec<u8> = (0..40_u8).map(|n| n + b'0').collect();
    for form in FORMS {
        let sent = send(form, &data, 16, Some(Algorithm::Crc32c));
        for at in 0..sent.wire.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut damaged = sent.clone();
                damaged.wire[at] ^= flip;
                match receive(&damaged, &[]).await {
                    // Upper and lower case of hex digits and of a trailer's name mean the same.
                    Ok(came) => {
                        assert_eq!(came.data, data, "{form:?} {at}");
                        assert_eq!(flip, 0x20, "{form:?} {at}");
                        assert!(damaged.wire[at].is_ascii_alphabetic());
                    }
                    Err(error) => assert!(error.code.status().is_client_error()),
                }
            }
        }
    }
}

#[tokio::test]
async fn no_body_that_ends_early_comes_through() {
    let data = [7; 100];
    for form in FORMS {
        let sent = send(form, &data, 64, Some(Algorithm::Sha256));
        for at in 0..sent.wire.len() {
            let mut short = sent.clone();
            short.wire.truncate(at);
            // Only the empty line behind the trailers may go unnoticed where it is the second one.
            assert_eq!(refused(&short).await, Code::IncompleteBody, "{form:?} {at}");
        }
        let mut long = sent.clone();
        long.wire.extend_from_slice(b"more");
        assert_eq!(refused(&long).await, Code::IncompleteBody, "{form:?}");
    }
}

#[tokio::test]
async fn chunks_and_lengths_have_to_agree() {
    for form in [
        Form::SignedChunks,
        Form::SignedTrailer,
        Form::UnsignedTrailer,
    ] {
        for length in ["9", "11"] {
            let mut sent = send(form, b"0123456789", 4, None);
            header(&mut sent.headers, "x-amz-decoded-content-length", length);
            assert_eq!(refused(&sent).await, Code::IncompleteBody);
        }
        let mut sent = send(form, b"0123456789", 4, None);
        sent.headers.remove("x-amz-decoded-content-length");
        header(&mut sent.headers, "content-length", "10");
        assert_eq!(refused(&sent).await, Code::MissingContentLength);
    }
}

#[tokio::test]
async fn malformed_frames_are_refused() {
    let line = format!("1;chunk-signature={}\r\nx\r\n", "a".repeat(64));
    for (form, wire) in [
        (
            Form::UnsignedTrailer,
            "1\r\nx\r\n0\r\n\r\n\r\n\r\n".to_owned(),
        ),
        (Form::UnsignedTrailer, "+1\r\nx\r\n0\r\n\r\n".to_owned()),
        (Form::UnsignedTrailer, "-1\r\nx\r\n0\r\n\r\n".to_owned()),
        (Form::UnsignedTrailer, " 1\r\nx\r\n0\r\n\r\n".to_owned()),
        (Form::UnsignedTrailer, "1 \r\nx\r\n0\r\n\r\n".to_owned()),
        (Form::UnsignedTrailer, "0x1\r\nx\r\n0\r\n\r\n".to_owned()),
        (Form::UnsignedTrailer, "1_\r\nx\r\n0\r\n\r\n".to_owned()),
        (Form::UnsignedTrailer, "\r\nx\r\n0\r\n\r\n".to_owned()),
        (Form::UnsignedTrailer, "1\nx\r\n0\r\n\r\n".to_owned()),
        (Form::UnsignedTrailer, "1\r\nx\n0\r\n\r\n".to_owned()),
        (Form::UnsignedTrailer, "1\r\nxy\r\n0\r\n\r\n".to_owned()),
        (
            Form::UnsignedTrailer,
            "ffffffffffffffff\r\nx\r\n".to_owned(),
        ),
        (
            Form::UnsignedTrailer,
            "00000000000000001\r\nx\r\n0\r\n\r\n".to_owned(),
        ),
        (Form::UnsignedTrailer, format!("1;{}\r\n", "x".repeat(5000))),
        (Form::UnsignedTrailer, line.clone()),
        (Form::UnsignedTrailer, "1".repeat(5000)),
        (Form::SignedChunks, "1\r\nx\r\n0\r\n\r\n".to_owned()),
        (Form::SignedChunks, "1;chunk-signature=\r\nx\r\n".to_owned()),
        (
            Form::SignedChunks,
            line.replace("chunk-signature", "signature"),
        ),
        (Form::SignedChunks, line.replace("\r\nx", ";more\r\nx")),
        (Form::SignedChunks, line.to_ascii_uppercase()),
    ] {
        let mut sent = send(form, b"x", 1, None);
        sent.wire = wire.into_bytes();
        assert_eq!(
            refused(&sent).await,
            Code::IncompleteBody,
            "{}",
            String::from_utf8_lossy(&sent.wire)
        );
    }
    // Signatures that are well-formed and wrong, and a chunk that is too long to be signed.
    for (wire, code) in [
        (line.clone(), Code::SignatureDoesNotMatch),
        (
            format!("1000001;chunk-signature={}\r\n", "a".repeat(64)),
            Code::InvalidRequest,
        ),
    ] {
        let mut sent = send(Form::SignedChunks, b"x", 1, None);
        sent.wire = wire.into_bytes();
        header(
            &mut sent.headers,
            "x-amz-decoded-content-length",
            "16777217",
        );
        assert_eq!(refused(&sent).await, code);
    }
}

#[tokio::test]
async fn trailers_are_those_announced() {
    let crc = checksum(Algorithm::Crc32, b"x");
    let wire = |trailers: &str| format!("1\r\nx\r\n0\r\n{trailers}\r\n").into_bytes();
    let announced = |trailers: String| {
        let mut sent = send(Form::UnsignedTrailer, b"x", 1, Some(Algorithm::Crc32));
        sent.wire = wire(&trailers);
        sent
    };
    let good = format!("x-amz-checksum-crc32:{crc}\r\n");
    // As another client ends its trailers.
    for trailers in [
        good.clone(),
        format!("X-Amz-Checksum-CRC32 : {crc}\r\n").replace(" :", ":"),
        format!("x-amz-checksum-crc32:{crc}\n\r\n"),
    ] {
        assert_eq!(receive(&announced(trailers), &[]).await.unwrap().data, b"x");
    }
    for trailers in [
        String::new(),
        format!("{good}{good}"),
        format!("{good}x-amz-checksum-sha1:AAAA\r\n"),
        format!("x-amz-checksum-crc32c:{crc}\r\n"),
        format!("x-amz-checksum-crc32{crc}\r\n"),
        format!(":{crc}\r\n"),
        format!("{good}x-amz-trailer-signature:{}\r\n", "a".repeat(64)),
        format!("x:{}\r\n", "y".repeat(17_000)),
        "x:y\r\n".repeat(4000),
    ] {
        let sent = announced(trailers);
        assert_eq!(refused(&sent).await, Code::MalformedTrailer);
    }
    let invalid = announced("x-amz-checksum-crc32:AAAA\r\n".to_owned());
    assert_eq!(refused(&invalid).await, Code::InvalidRequest);
    let wrong = announced("x-amz-checksum-crc32:AAAAAA==\r\n".to_owned());
    assert_eq!(refused(&wrong).await, Code::BadDigest);
    // One that was not announced.
    let mut surprise = send(Form::UnsignedTrailer, b"x", 1, None);
    surprise.wire = wire(&good);
    assert_eq!(refused(&surprise).await, Code::MalformedTrailer);
    // Without its signature.
    let mut unsigned = send(Form::SignedTrailer, b"x", 1, Some(Algorithm::Crc32));
    let end = unsigned
        .wire
        .windows(11)
        .position(|w| w == b"x-amz-trail")
        .unwrap();
    unsigned.wire.truncate(end);
    unsigned.wire.extend_from_slice(b"\r\n");
    assert_ne!(refused(&unsigned).await, Code::MissingContentLength);
}

/// The form one client in wide use has: trailers end in a line feed, then an empty line, then the signature.
#[tokio::test]
async fn a_trailer_may_stand_apart_from_its_signature() {
    let mut sent = send(Form::SignedTrailer, b"hello", 3, Some(Algorithm::Crc32));
    let text = String::from_utf8(sent.wire).unwrap();
    let text = text.replace("\r\nx-amz-trailer-sig", "\n\r\nx-amz-trailer-sig");
    sent.wire = text.into_bytes();
    for at in 0..sent.wire.len() {
        assert_eq!(receive(&sent, &[at]).await.unwrap().data, b"hello");
    }
}

#[tokio::test]
async fn digests_that_do_not_hold_fail_at_the_end() {
    let mut sent = send(Form::Hashed, b"hello", 5, None);
    sent.wire = b"hallo".to_vec();
    assert_eq!(refused(&sent).await, Code::Sha256Mismatch);
    for algorithm in Algorithm::ALL {
        let mut sent = send(Form::Unsigned, b"hello", 5, Some(algorithm));
        sent.wire = b"hallo".to_vec();
        let error = receive(&sent, &[]).await.unwrap_err();
        assert_eq!(error.code, Code::BadDigest);
        assert!(error.message().contains(algorithm.as_str()));
    }
    // One pass of SHA-256 answers for the signature and for the checksum.
    let mut both = send(Form::Hashed, b"hello", 5, Some(Algorithm::Sha256));
    assert!(receive(&both, &[]).await.unwrap().checksum.is_some());
    header(
        &mut both.headers,
        "x-amz-checksum-sha256",
        checksum(Algorithm::Sha256, b"other"),
    );
    assert_eq!(refused(&both).await, Code::BadDigest);
}

#[tokio::test]
async fn headers_are_judged_before_the_body_is_read() {
    let crc = checksum(Algorithm::Crc32, b"x");
    let sha = checksum(Algorithm::Sha1, b"x");
    for (changes, expected) in [
        (vec![("content-length", "")], Code::MissingContentLength),
        (vec![("content-length", "-1")], Code::MissingContentLength),
        (
            vec![("transfer-encoding", "chunked")],
            Code::MissingContentLength,
        ),
        (vec![("content-length", "5368709121")], Code::EntityTooLarge),
        (vec![("content-md5", "x")], Code::InvalidDigest),
        (vec![("content-md5", "AAAA")], Code::InvalidDigest),
        (
            vec![
                ("x-amz-checksum-crc32", crc.as_str()),
                ("x-amz-checksum-sha1", &sha),
            ],
            Code::InvalidRequest,
        ),
        (vec![("x-amz-checksum-crc32", "AAAA")], Code::InvalidRequest),
        (vec![("x-amz-checksum-md4", "AAAA")], Code::InvalidRequest),
        (
            vec![("x-amz-sdk-checksum-algorithm", "CRC32")],
            Code::InvalidRequest,
        ),
        (
            vec![("x-amz-sdk-checksum-algorithm", "MD4")],
            Code::InvalidRequest,
        ),
        (
            vec![
                ("x-amz-sdk-checksum-algorithm", "SHA1"),
                ("x-amz-checksum-crc32", &crc),
            ],
            Code::InvalidRequest,
        ),
        (
            vec![("x-amz-trailer", "x-amz-checksum-crc32")],
            Code::InvalidRequest,
        ),
    ] {
        let mut sent = send(Form::Unsigned, b"x", 1, None);
        for (name, value) in &changes {
            header(&mut sent.headers, name, value);
        }
        let body = Frames {
            frames: VecDeque::new(),
            ends: false,
        };
        let payload = Payload {
            mode: sent.mode,
            signer: None,
        };
        // A body that never comes would hang if it were asked for.
        let outcome = open(body.boxed(), &sent.headers, payload, &rules());
        assert_eq!(outcome.unwrap_err().code, expected, "{changes:?}");
    }
    let mut sent = send(Form::UnsignedTrailer, b"x", 1, None);
    header(&mut sent.headers, "x-amz-trailer", "x-amz-checksum-md4");
    assert_eq!(refused(&sent).await, Code::InvalidRequest);
    let mut sent = send(Form::UnsignedTrailer, b"x", 1, Some(Algorithm::Crc32));
    header(&mut sent.headers, "x-amz-checksum-crc32", crc);
    assert_eq!(refused(&sent).await, Code::InvalidRequest);
}

#[tokio::test]
async fn a_checksum_is_computed_where_it_is_wanted() {
    let sent = send(Form::Unsigned, b"hello", 5, None);
    let computing = rules().computing(Some(Algorithm::Crc64nvme));
    let frames = vec![Bytes::from(sent.wire.clone())];
    let came = receive_frames(&sent, frames.clone(), &computing)
        .await
        .unwrap();
    assert_eq!(
        came.checksum,
        Some(checksum(Algorithm::Crc64nvme, b"hello"))
    );
    let sent = send(Form::Unsigned, b"hello", 5, Some(Algorithm::Sha1));
    let came = receive_frames(&sent, frames, &computing).await.unwrap();
    assert_eq!(came.checksum, Some(checksum(Algorithm::Sha1, b"hello")));
}

#[tokio::test]
async fn a_body_that_stands_still_is_given_up() {
    let sent = send(Form::Unsigned, b"hello", 5, None);
    let body = Frames {
        frames: VecDeque::from([Bytes::from_static(b"he")]),
        ends: false,
    };
    let payload = Payload {
        mode: sent.mode,
        signer: None,
    };
    let options = GatewayOptions {
        body_idle: std::time::Duration::from_millis(2),
        ..GatewayOptions::default()
    };
    let rules = BodyRules::object(&options);
    let mut open = open(body.boxed(), &sent.headers, payload, &rules).unwrap();
    let first = open.body.stream.next().await.unwrap();
    assert_eq!(first.unwrap(), "he");
    let error = match open.body.stream.next().await {
        Some(Err(BlockError::Body(cause))) => *cause.downcast::<S3Error>().unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(error.code, Code::RequestTimeout);
    assert!(open.body.stream.next().await.is_none());
}

#[tokio::test]
async fn documents_are_collected_within_their_limit() {
    let options = GatewayOptions::default();
    let collect = async |data: &'static [u8], md5: Option<&[u8]>, limit: u64, length: bool| {
        let mut sent = send(Form::Unsigned, data, 1, None);
        if !length {
            sent.headers.remove("content-length");
        }
        if let Some(md5) = md5 {
            header(
                &mut sent.headers,
                "content-md5",
                STANDARD.encode(Md5::digest(md5)),
            );
        }
        let frames = data.chunks(4).map(Bytes::from_static);
        let rules = BodyRules::document(&options, limit);
        let open = open(
            request_body(frames),
            &sent.headers,
            Payload::UNSIGNED,
            &rules,
        )?;
        open.collect().await
    };
    for length in [true, false] {
        let came = collect(b"a document", Some(b"a document"), 10, length).await;
        assert_eq!(came.unwrap(), "a document");
        let came = collect(b"a document", Some(b"another"), 10, length).await;
        assert_eq!(came.unwrap_err().code, Code::BadDigest);
        let came = collect(b"a document", None, 9, length).await;
        assert_eq!(came.unwrap_err().code, Code::MaxMessageLengthExceeded);
        assert_eq!(collect(b"", None, 9, length).await.unwrap(), "");
        assert_eq!(collect(b"one", None, 9, length).await.unwrap(), "one");
    }
}

proptest! {
    #[test]
    fn any_body_comes_through_however_it_is_cut(
        form in prop::sample::select(&FORMS[..]),
        data in prop::collection::vec(any::<u8>(), 0..3000),
        chunk in 1_usize..1200,
        algorithm in prop::option::of(prop::sample::select(&Algorithm::ALL[..])),
        mut cuts in prop::collection::vec(0_usize..5000, 0..12),
    ) {
        let sent = send(form, &data, chunk, algorithm);
        cuts.retain(|cut| *cut <= sent.wire.len());
        cuts.sort_unstable();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let came = runtime.block_on(receive(&sent, &cuts)).unwrap();
        prop_assert_eq!(came.data, data);
        prop_assert_eq!(came.copied, 0);
    }

    /// Whatever comes, the decoder answers, keeps little, and says the same however it is cut.
    #[test]
    fn any_nonsense_gets_one_answer(
        form in prop::sample::select(&FORMS[..]),
        wire in prop::collection::vec(
            prop::sample::select(&b"0011aF;:-=chunksigatre\r\n\r\n\r\nxyz"[..]),
            0..400,
        ),
        cut in 0_usize..400,
    ) {
        let mut sent = send(form, &[0; 100], 10, None);
        sent.wire = wire;
        let cut = cut.min(sent.wire.len());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let whole = runtime.block_on(receive(&sent, &[])).map(|came| came.data).map_err(|e| e.code);
        let halves = runtime.block_on(receive(&sent, &[cut])).map(|came| came.data).map_err(|e| e.code);
        prop_assert_eq!(whole, halves);
    }
}
