use bytes::Bytes;
use http::HeaderName;
use http_body_util::BodyExt as _;
use lakefs_service::{UploadInfo, UploadPart};
use proptest::prelude::*;

use super::document::{NamedPart, parse};
use super::judge::{Claims, judge};
use super::*;
use crate::checksum::Hasher;
use crate::headers::Checksum;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

fn wrapped(parts: &str) -> String {
    format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
}

fn part(number: &str, etag: &str) -> String {
    format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
}

#[test]
fn documents_of_all_clients_are_read() {
    let plain = wrapped(&(part("1", "\"a\"") + &part("20", "b")));
    let dressed = "<?xml version='1.0'?>\n<!-- x -->\
        <CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n\
        <Part>\n<ETag>&quot;a&#34;</ETag><Other><Deep>1</Deep></Other><PartNumber> 1 </PartNumber></Part>\
        <Unknown/><Part><PartNumber>20</PartNumber><ETag><![CDATA[b]]></ETag><Size/></Part>\
        </CompleteMultipartUpload>";
    for document in [plain.as_str(), dressed] {
        let parts: Vec<_> = parse(document.as_bytes())
            .unwrap()
            .into_iter()
            .map(|named| (named.part.number, named.part.etag))
            .collect();
        assert_eq!(parts, [(1, "a".to_owned()), (20, "b".to_owned())]);
    }
    let summed = wrapped(
        "<Part><PartNumber>1</PartNumber><ETag>a</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>",
    );
    let claim = parse(summed.as_bytes()).unwrap()[0].claim;
    let expected = Digest::parse(ChecksumAlgorithm::Crc32, "AAAAAA==").unwrap();
    assert_eq!(claim, Some(expected));
}

#[test]
fn what_is_no_list_of_parts_is_refused() {
    let many = part("1", "a").repeat(10_001);
    let deep = wrapped("<Part><A><B><C/></B></A></Part>");
    for (document, code) in [
        ("", Code::MalformedXml),
        ("nonsense", Code::MalformedXml),
        ("<CompleteMultipartUpload/>", Code::MalformedXml),
        (&wrapped(""), Code::MalformedXml),
        ("<Other><Part/></Other>", Code::MalformedXml),
        (&wrapped("<Part/>"), Code::MalformedXml),
        (
            &wrapped("<Part><PartNumber>1</PartNumber></Part>"),
            Code::MalformedXml,
        ),
        (&wrapped("<Part><ETag>a</ETag></Part>"), Code::MalformedXml),
        (&wrapped(&part("-1", "a")), Code::InvalidArgument),
        (&wrapped(&part("0", "a")), Code::InvalidArgument),
        (&wrapped(&part("1x", "a")), Code::MalformedXml),
        (&wrapped(&part("99999999999", "a")), Code::MalformedXml),
        (&wrapped(&part("1", "&unknown;")), Code::MalformedXml),
        (&wrapped(&part("1", "a"))[..80], Code::MalformedXml),
        (
            &(wrapped(&part("1", "a")) + &wrapped(&part("2", "b"))),
            Code::MalformedXml,
        ),
        (
            &("<!DOCTYPE a [<!ENTITY b \"c\">]>".to_owned() + &wrapped(&part("1", "a"))),
            Code::MalformedXml,
        ),
        (&deep, Code::MalformedXml),
        (&wrapped(&many), Code::MalformedXml),
        (
            &wrapped(
                "<Part><PartNumber>1</PartNumber><ETag>a</ETag><ChecksumSHA1>x</ChecksumSHA1></Part>",
            ),
            Code::InvalidArgument,
        ),
    ] {
        assert_eq!(
            parse(document.as_bytes()).unwrap_err().code,
            code,
            "{document:.200}"
        );
    }
    assert!(parse(&[0xff, 0xfe]).is_err());
    assert_eq!(
        parse(wrapped(&part("1", "a").repeat(10_000)).as_bytes())
            .unwrap()
            .len(),
        10_000
    );
}

proptest! {
    #[test]
    fn any_document_is_read_or_refused(text in "[<>/A-Za-z0-9&;\"=! \\[\\]-]{0,200}") {
        drop(parse(text.as_bytes()));
        drop(parse(wrapped(&text).as_bytes()));
        drop(parse(wrapped(&format!("<Part>{text}</Part>")).as_bytes()));
    }
}

#[test]
fn the_checksum_of_an_upload_is_one_s3_has() {
    let of = |pairs: &[(&str, &str)]| UploadChecksum::of_headers(&headers(pairs));
    assert_eq!(of(&[]).unwrap(), None);
    for (algorithm, kind, text) in [
        ("crc32", None, "CRC32 COMPOSITE"),
        ("CRC32C", Some("FULL_OBJECT"), "CRC32C FULL_OBJECT"),
        ("CRC64NVME", None, "CRC64NVME FULL_OBJECT"),
        ("SHA256", Some("COMPOSITE"), "SHA256 COMPOSITE"),
    ] {
        let mut pairs = vec![("x-amz-checksum-algorithm", algorithm)];
        pairs.extend(kind.map(|kind| ("x-amz-checksum-type", kind)));
        let checksum = of(&pairs).unwrap();
        assert_eq!(UploadChecksum::to_text(checksum), text);
        assert_eq!(UploadChecksum::parse(text), checksum);
    }
    for pairs in [
        &[("x-amz-checksum-algorithm", "MD4")][..],
        &[("x-amz-checksum-type", "COMPOSITE")],
        &[("x-amz-checksum-type", "HALF")],
        &[
            ("x-amz-checksum-algorithm", "SHA1"),
            ("x-amz-checksum-type", "FULL_OBJECT"),
        ],
        &[
            ("x-amz-checksum-algorithm", "CRC64NVME"),
            ("x-amz-checksum-type", "COMPOSITE"),
        ],
    ] {
        assert_eq!(
            of(pairs).unwrap_err().code,
            Code::InvalidRequest,
            "{pairs:?}"
        );
    }
}

#[test]
fn part_numbers_are_those_s3_has() {
    for (query, number) in [
        ("partNumber=1", Some(1)),
        ("partNumber=10000", Some(10_000)),
        ("partNumber=0", None),
        ("partNumber=10001", None),
        ("partNumber=+1", None),
        ("partNumber=", None),
        ("partNumber=99999999999999999999", None),
        ("", None),
    ] {
        let read = part_number(&Query::parse(query)).map_err(|error| error.code);
        assert_eq!(read, number.ok_or(Code::InvalidArgument), "{query}");
    }
}

fn digest(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(bytes);
    hasher.finish()
}

/// An upload of `parts`, as it is judged: what it was begun with, what the client names, what is stored.
fn case(
    checksum: &str,
    algorithm: Option<ChecksumAlgorithm>,
    parts: &[&[u8]],
    named: bool,
) -> (UploadInfo, Vec<NamedPart>, Vec<UploadPart>) {
    let info = UploadInfo {
        id: "i".to_owned(),
        created: 0,
        initiator: String::new(),
        storage_class: String::new(),
        checksum: checksum.to_owned(),
    };
    let stored = (1..).zip(parts).map(|(number, bytes)| UploadPart {
        number,
        etag: "e".to_owned(),
        size: bytes.len() as u64,
        modified: lakefs_runtime::Timestamp::default(),
        checksum: digest_to_text(algorithm.map(|algorithm| digest(algorithm, bytes))),
    });
    let stored: Vec<UploadPart> = stored.collect();
    let claims = stored.iter().map(|part| NamedPart {
        part: lakefs_service::UploadedPart {
            number: part.number,
            etag: part.etag.clone(),
        },
        claim: digest_of_text(&part.checksum).filter(|_| named),
    });
    (info, claims.collect(), stored)
}

fn checksum_of(metadata: &std::collections::BTreeMap<String, String>) -> Option<Checksum> {
    Checksum::of(metadata.iter().map(|(k, v)| (k.as_str(), v.as_str())))
}

#[test]
fn objects_get_the_checksum_their_upload_was_begun_with() {
    use ChecksumAlgorithm::{Crc32, Crc64nvme, Sha256};
    let parts: [&[u8]; 2] = [b"hello ", b"world"];
    let none = Claims::default();
    for (text, algorithm, expected) in [
        ("CRC32 FULL_OBJECT", Crc32, "CRC32 FULL_OBJECT DUoRhQ=="),
        (
            "CRC64NVME FULL_OBJECT",
            Crc64nvme,
            "CRC64NVME FULL_OBJECT jSnVw/bqjr4=",
        ),
    ] {
        let (info, named, stored) = case(text, Some(algorithm), &parts, true);
        let metadata = judge(&info, &named, &stored, &none).unwrap();
        let whole = digest(algorithm, b"hello world").of_object();
        assert_eq!(checksum_of(&metadata), Some(whole));
        assert_eq!(metadata["::lakefs-rs::checksum"], expected);
        assert_eq!(metadata["::lakefs-rs::parts"], "6,5");
        // The client need not name the parts' for this type.
        let (info, named, stored) = case(text, Some(algorithm), &parts, false);
        assert_eq!(judge(&info, &named, &stored, &none).unwrap(), metadata);
    }
    let (info, named, stored) = case("SHA256 COMPOSITE", Some(Sha256), &parts, true);
    let metadata = judge(&info, &named, &stored, &none).unwrap();
    let both = parts.map(|part| digest(Sha256, part).as_bytes().to_vec());
    let expected = format!("{}-2", digest(Sha256, &both.concat()).to_base64());
    assert_eq!(checksum_of(&metadata).unwrap().value, expected);
    // It may be claimed with or without the number of parts.
    for value in [expected.as_str(), expected.trim_end_matches("-2")] {
        let claims = Claims::of_headers(&headers(&[("x-amz-checksum-sha256", value)])).unwrap();
        judge(&info, &named, &stored, &claims).unwrap();
    }
    // Without any wish, parts of one CRC make one; parts without a checksum make none.
    let (info, named, stored) = case("", Some(Crc64nvme), &parts, false);
    assert!(checksum_of(&judge(&info, &named, &stored, &none).unwrap()).is_some());
    let (info, named, stored) = case("", None, &parts, false);
    assert_eq!(
        checksum_of(&judge(&info, &named, &stored, &none).unwrap()),
        None
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    use ChecksumAlgorithm::{Crc32, Sha1};
    let parts: [&[u8]; 2] = [b"hello ", b"world"];
    let crc = digest(Crc32, b"hello world").to_base64();
    let other = digest(Crc32, b"other").to_base64();
    let judged = |text: &str, algorithm, named, pairs: &[(&str, &str)]| {
        let (info, named, stored) = case(text, algorithm, &parts, named);
        let claims = Claims::of_headers(&headers(pairs))?;
        judge(&info, &named, &stored, &claims)
    };
    let full = ("CRC32 FULL_OBJECT", Some(Crc32));
    judged(full.0, full.1, true, &[("x-amz-checksum-crc32", &crc)]).unwrap();
    judged(full.0, full.1, true, &[("x-amz-mp-object-size", "11")]).unwrap();
    for (text, algorithm, named, pairs, code) in [
        (
            full.0,
            full.1,
            true,
            ("x-amz-checksum-crc32", other.as_str()),
            Code::BadDigest,
        ),
        (
            full.0,
            full.1,
            true,
            ("x-amz-checksum-crc32c", &crc),
            Code::BadDigest,
        ),
        (
            full.0,
            full.1,
            true,
            ("x-amz-checksum-type", "COMPOSITE"),
            Code::InvalidRequest,
        ),
        (
            full.0,
            full.1,
            true,
            ("x-amz-checksum-type", "?"),
            Code::InvalidRequest,
        ),
        (
            full.0,
            full.1,
            true,
            ("x-amz-mp-object-size", "12"),
            Code::InvalidRequest,
        ),
        (
            full.0,
            full.1,
            true,
            ("x-amz-mp-object-size", "x"),
            Code::InvalidRequest,
        ),
        (
            full.0,
            full.1,
            true,
            ("x-amz-checksum-crc32", "x"),
            Code::InvalidRequest,
        ),
        (
            "SHA1 COMPOSITE",
            Some(Sha1),
            false,
            ("x-none", ""),
            Code::InvalidRequest,
        ),
        (
            "",
            None,
            false,
            ("x-amz-checksum-crc32", &crc),
            Code::InvalidRequest,
        ),
    ] {
        let error = judged(text, algorithm, named, &[pairs]).unwrap_err();
        assert_eq!(error.code, code, "{text} {pairs:?}");
    }
}

#[test]
fn a_part_that_is_another_than_the_client_says_is_refused() {
    use ChecksumAlgorithm::Crc32;
    let parts: [&[u8]; 2] = [b"hello ", b"world"];
    let (info, mut named, stored) = case("CRC32 FULL_OBJECT", Some(Crc32), &parts, true);
    named[1].claim = Some(digest(Crc32, b"other"));
    let error = judge(&info, &named, &stored, &Claims::default()).unwrap_err();
    assert_eq!(error.code, Code::InvalidPart);
    // One of another algorithm cannot be compared, and counts as wrong.
    named[1].claim = Some(digest(ChecksumAlgorithm::Sha1, b"world"));
    let error = judge(&info, &named, &stored, &Claims::default()).unwrap_err();
    assert_eq!(error.code, Code::BadDigest);
}

/// What an answer says when its work takes a time and ends so.
async fn slowly(seconds: u64, outcome: Result<String, S3Error>) -> Result<Vec<Bytes>, S3Error> {
    let work = Box::pin(async move {
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
        outcome
    });
    let text = Box::new(|error: &S3Error| format!("<Error>{}</Error>", error.code.as_str()));
    let answer = slow::answer(work, text).await?;
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        pieces.extend(frame.unwrap().into_data());
    }
    Ok(pieces)
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_keeps_the_connection_alive_and_a_fast_one_has_its_status() {
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let document = || Ok(format!("{declaration}<R/>"));
    assert_eq!(
        slowly(1, document()).await.unwrap().concat(),
        document().unwrap().as_bytes()
    );
    let refused = || Err(S3Error::new(Code::InvalidPart));
    assert_eq!(
        slowly(4, refused()).await.unwrap_err().code,
        Code::InvalidPart
    );
    let pieces = slowly(17, document()).await.unwrap();
    assert_eq!(pieces, [declaration, " ", " ", "<R/>"]);
    let pieces = slowly(6, refused()).await.unwrap();
    assert_eq!(pieces, [declaration, "<Error>InvalidPart</Error>"]);
}
