//! `ListBuckets`: the repositories the caller may read, and aliases of such.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use lakefs_service::PageRequest;

use crate::date::IsoDate;
use crate::error::{Code, S3Error};
use crate::request::Request;
use crate::xml::Xml;
use crate::{Body, Gateway, response};

/// Most buckets of one answer.
const MAX_BUCKETS: usize = 10_000;
/// Repositories read at once.
const PAGE: i64 = 1000;

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let limit = max_buckets(&request)?;
    let prefix = request.query.get("prefix").unwrap_or_default();
    let after = request.query.get("continuation-token").unwrap_or_default();
    let region = request.query.get("bucket-region");
    let mut found = if region.is_none_or(|region| region == gateway.options().region) {
        buckets(gateway, &request, prefix, after, limit).await?
    } else {
        BTreeMap::new()
    };
    let truncated = found.len() > limit;
    while found.len() > limit {
        found.pop_last();
    }
    let mut xml = Xml::with_capacity(256 + found.len() * 128);
    xml.open("ListAllMyBucketsResult").open("Buckets");
    for (name, created) in &found {
        xml.open("Bucket")
            .element("CreationDate", IsoDate::new(*created).as_str())
            .element("Name", name);
        if region.is_some() {
            xml.element("BucketRegion", &gateway.options().region);
        }
        xml.close("Bucket");
    }
    xml.close("Buckets")
        .open("Owner")
        .element("DisplayName", "")
        .element("ID", "")
        .close("Owner");
    if let (true, Some((last, _))) = (truncated, found.last_key_value()) {
        xml.element("ContinuationToken", last);
    }
    if !prefix.is_empty() {
        xml.element("Prefix", prefix);
    }
    xml.close("ListAllMyBucketsResult");
    Ok(response::document(StatusCode::OK, xml.finish()))
}

fn max_buckets(request: &Request) -> Result<usize, S3Error> {
    let Some(text) = request.query.get("max-buckets") else {
        return Ok(MAX_BUCKETS);
    };
    let number = text.parse().ok();
    number
        .filter(|number| (1..=MAX_BUCKETS).contains(number))
        .ok_or_else(|| {
            S3Error::with(
                Code::InvalidArgument,
                "Argument max-buckets must be an integer between 1 and 10000.",
            )
            .detail("ArgumentName", "max-buckets")
            .detail("ArgumentValue", text)
        })
}

/// The first buckets after a name, at least one more than `limit` if there are so many.
async fn buckets(
    gateway: &Gateway,
    request: &Request,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Result<BTreeMap<String, i64>, S3Error> {
    let mut found = BTreeMap::new();
    let mut offset = after.to_owned();
    loop {
        let page = PageRequest {
            prefix,
            after: &offset,
            amount: Some(PAGE),
        };
        let service = gateway.service();
        let page = service.list_repositories(&request.caller, page, "").await?;
        for repository in page.results {
            found.insert(repository.id, repository.creation_date);
        }
        if !page.has_more || found.len() > limit {
            break;
        }
        offset = page.next_offset;
    }
    for alias in gateway.resolver().aliases() {
        let name = alias.name.as_str();
        if !name.starts_with(prefix) || name <= after {
            continue;
        }
        let service = gateway.service();
        let behind = service
            .get_repository(&request.caller, &alias.repository)
            .await;
        // One that shows nothing the caller could see is not shown.
        if let Ok(repository) = behind {
            found.insert(name.to_owned(), repository.creation_date);
        }
    }
    Ok(found)
}
