//! The document of a failed request.
//!
//! Its elements and their order are lakeFS's; [`Scope`] tells which of them repeat the request. The answer
//! to HEAD has the document's length and not its bytes, as HTTP wants it.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::Body;
use crate::error::{Code, S3Error, Scope};
use crate::response::XML;
use crate::target::Target;
use crate::xml::Xml;

/// Media type of refusals before the bucket was looked at.
const TEXT_XML: HeaderValue = HeaderValue::from_static("text/xml; charset=utf-8");
/// Seconds after which a client may try again when a store cannot be reached.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("3");

/// What the document is made of.
#[derive(Debug)]
pub(crate) struct ErrorDocument<'a> {
    pub(crate) error: &'a S3Error,
    pub(crate) target: &'a Target,
    pub(crate) region: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) host_id: &'a str,
}

impl ErrorDocument<'_> {
    /// The answer. `head` tells that the request was a HEAD.
    pub(crate) fn answer(&self, head: bool) -> Response<Body> {
        let status = self.error.code.status();
        // A 304 has no body, by HTTP.
        let bodiless = self.error.scope == Scope::Silent || status == StatusCode::NOT_MODIFIED;
        let text = if bodiless { String::new() } else { self.text() };
        let length = text.len();
        let mut response = Response::new(if head || bodiless {
            Body::empty()
        } else {
            Body::full(text)
        });
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if head && !bodiless {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        headers.insert(
            CONTENT_TYPE,
            if self.error.scope == Scope::Door {
                TEXT_XML
            } else {
                XML
            },
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECS);
        }
        for (name, value) in &self.error.headers {
            headers.insert(name.clone(), value.clone());
        }
        response
    }

    /// The document itself.
    pub(crate) fn text(&self) -> String {
        let mut xml = Xml::new();
        xml.open("Error")
            .element("Code", self.error.code.as_str())
            .element("Message", self.error.message());
        let full = self.error.scope == Scope::Operation;
        match self.target {
            Target::Object(bucket, key) if full => match bucket.place(key) {
                Some(place) => {
                    if !place.rest.is_empty() {
                        xml.element("Key", place.rest);
                    }
                    xml.element("BucketName", &bucket.name);
                    let resource = [place.reference, "@", place.repository].concat();
                    xml.element("Resource", &resource);
                }
                None => {
                    xml.element("Key", key)
                        .element("BucketName", &bucket.name)
                        .element("Resource", bucket.repository());
                }
            },
            Target::Bucket(bucket) if full => {
                xml.element("BucketName", &bucket.name)
                    .element("Resource", bucket.repository());
            }
            _ => {
                xml.element("Resource", "");
            }
        }
        for (name, value) in &self.error.details {
            xml.element(name, value);
        }
        // With a region beside this code clients take it that they signed for the wrong one, and try again.
        let misleading = self.error.code == Code::AuthorizationHeaderMalformed;
        if self.error.scope != Scope::Nowhere && !misleading {
            xml.element("Region", self.region);
        }
        xml.element("RequestId", self.request_id)
            .element("HostId", self.host_id)
            .close("Error");
        xml.finish()
    }
}
