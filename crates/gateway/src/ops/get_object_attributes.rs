//! `GetObjectAttributes`: those facts about an object that the client names.

use http::header::LAST_MODIFIED;
use http::{Response, StatusCode};
use lakefs_service::OpenedFacts;

use crate::conditions::{Conditions, Verdict, precondition_failed};
use crate::date::http_date;
use crate::error::{Code, S3Error};
use crate::headers::{Checksum, PartSizes, stored_class};
use crate::ops::read_object::open_object;
use crate::request::Request;
use crate::response::document;
use crate::xml::Xml;
use crate::{Body, Gateway};

/// What may be asked for, in the order of the document.
const ATTRIBUTES: [&str; 5] = [
    "ETag",
    "Checksum",
    "ObjectParts",
    "StorageClass",
    "ObjectSize",
];
/// Most parts of one answer.
const MAX_PARTS: u32 = 1000;

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let wanted = wanted(&request)?;
    let page = PartPage::of(&request)?;
    let opened = open_object(gateway, &request).await?;
    let facts = opened.facts();
    let modified = facts.modified().seconds;
    match Conditions::of(request.headers()).decide(facts.etag(), modified) {
        Verdict::Proceed => {}
        Verdict::NotModified => return Err(S3Error::new(Code::NotModified)),
        Verdict::Failed(condition) => return Err(precondition_failed(condition)),
    }
    let mut xml = Xml::new();
    xml.root("GetObjectAttributesResponse");
    for attribute in wanted {
        write(&mut xml, attribute, &facts, page);
    }
    xml.close("GetObjectAttributesResponse");
    let mut response = document(StatusCode::OK, xml.finish());
    let headers = response.headers_mut();
    headers.insert(LAST_MODIFIED, http_date(modified));
    Ok(response)
}

/// The attributes a request names, in the order of the document.
fn wanted(request: &Request) -> Result<Vec<&'static str>, S3Error> {
    let mut named = [false; ATTRIBUTES.len()];
    for value in request.headers().get_all("x-amz-object-attributes") {
        let list = value.to_str().unwrap_or_default().split(',');
        for attribute in list.map(str::trim).filter(|text| !text.is_empty()) {
            let mut slots = ATTRIBUTES.into_iter().zip(&mut named);
            match slots.find(|(known, _)| *known == attribute) {
                Some((_, slot)) => *slot = true,
                None => {
                    return Err(S3Error::with(
                        Code::InvalidArgument,
                        "Invalid attribute name specified.",
                    )
                    .detail("ArgumentName", "x-amz-object-attributes"));
                }
            }
        }
    }
    let named: Vec<&str> = ATTRIBUTES
        .into_iter()
        .zip(named)
        .filter_map(|(name, named)| named.then_some(name))
        .collect();
    if named.is_empty() {
        return Err(S3Error::with(
            Code::InvalidRequest,
            "The x-amz-object-attributes header specifying the attributes to be retrieved is \
             either missing or empty",
        ));
    }
    Ok(named)
}

/// Which parts to tell.
#[derive(Debug, Clone, Copy)]
struct PartPage {
    after: u32,
    max: u32,
}

impl PartPage {
    fn of(request: &Request) -> Result<Self, S3Error> {
        let number = |name: &'static str, default: u32| match request.header(name) {
            None | Some("") => Ok(default),
            Some(text) => text
                .parse::<u32>()
                .map_err(|_| S3Error::new(Code::InvalidArgument).detail("ArgumentName", name)),
        };
        Ok(Self {
            after: number("x-amz-part-number-marker", 0)?,
            max: number("x-amz-max-parts", MAX_PARTS)?.min(MAX_PARTS),
        })
    }
}

fn write(xml: &mut Xml, attribute: &'static str, facts: &OpenedFacts<'_>, page: PartPage) {
    match attribute {
        // Without quotes here, unlike anywhere else: so does S3.
        "ETag" => {
            xml.element(attribute, facts.etag());
        }
        "Checksum" => {
            if let Some(checksum) = Checksum::of(facts.metadata()) {
                xml.open(attribute)
                    .element(checksum.algorithm.element(), &checksum.value)
                    .element("ChecksumType", checksum.kind.as_str())
                    .close(attribute);
            }
        }
        "ObjectParts" => {
            if let Some(parts) = PartSizes::of(facts.metadata()) {
                xml.open(attribute);
                write_parts(xml, &parts, page);
                xml.close(attribute);
            }
        }
        "StorageClass" => {
            let class = stored_class(facts.metadata()).unwrap_or("STANDARD");
            xml.element(attribute, class);
        }
        "ObjectSize" => {
            xml.number(attribute, facts.size());
        }
        _ => {}
    }
}

fn write_parts(xml: &mut Xml, parts: &PartSizes, page: PartPage) {
    let numbered = (1u32..).zip(parts.sizes());
    let told: Vec<(u32, u64)> = numbered
        .skip_while(|(number, _)| *number <= page.after)
        .take(page.max as usize)
        .collect();
    let last = told.last().map_or(page.after, |(number, _)| *number);
    let known = parts.sizes().next().is_some();
    xml.number("PartsCount", u64::from(parts.count()));
    if !known {
        return;
    }
    xml.number("PartNumberMarker", u64::from(page.after))
        .number("NextPartNumberMarker", u64::from(last))
        .number("MaxParts", u64::from(page.max))
        .flag("IsTruncated", last < parts.count());
    for (number, size) in told {
        xml.open("Part")
            .number("PartNumber", u64::from(number))
            .number("Size", size)
            .close("Part");
    }
}
