//! Lists that the server gives in pages of at most 1,000.

use std::marker::PhantomData;

use http::StatusCode;
use lakefs_wire::Pagination;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Client, Request};
use crate::error::{Error, Result};

/// Most results the server gives at once.
const MAX_PAGE: usize = 1000;

#[derive(Debug, Deserialize)]
struct Page<T> {
    pagination: Pagination,
    results: Vec<T>,
}

/// A list being read page by page.
#[derive(Debug)]
pub(crate) struct Listing<'a, T> {
    client: &'a Client,
    request: Request,
    after: String,
    remaining: Option<usize>,
    more: bool,
    element: PhantomData<fn() -> T>,
}

impl<'a, T: DeserializeOwned> Listing<'a, T> {
    /// The list behind a request, from after a position. `amount` bounds the results.
    pub(crate) fn new(
        client: &'a Client,
        request: Request,
        after: impl Into<String>,
        amount: Option<usize>,
    ) -> Self {
        Self {
            client,
            request,
            after: after.into(),
            remaining: amount,
            more: true,
            element: PhantomData,
        }
    }

    /// The next page; `None` at the end of the list or when enough was read.
    pub(crate) async fn page(&mut self) -> Result<Option<Vec<T>>> {
        if !self.more || self.remaining == Some(0) {
            return Ok(None);
        }
        let size = self
            .remaining
            .map_or(MAX_PAGE, |remaining| remaining.min(MAX_PAGE));
        let request = self
            .request
            .clone()
            .query("after", self.after.as_str())
            .query("amount", size.to_string());
        let mut page: Page<T> = self.client.json(&request, StatusCode::OK).await?;
        if page.pagination.has_more && page.pagination.next_offset == self.after {
            // A list that stands still would be read for ever.
            return Err(Error::failed(
                "Bad response from server: a list does not advance",
            ));
        }
        self.more = page.pagination.has_more;
        self.after = page.pagination.next_offset;
        if let Some(remaining) = &mut self.remaining {
            page.results.truncate(*remaining);
            *remaining -= page.results.len();
        }
        Ok(Some(page.results))
    }

    /// Where the list goes on, if there is more than was read.
    pub(crate) fn next_after(&self) -> Option<&str> {
        self.more.then_some(self.after.as_str())
    }
}
