//! Refs: log, differences, merges, tags.

use http::StatusCode;
use lakefs_wire::{Commit, Diff, FindMergeBaseResult, Merge, MergeResult, Ref, TagCreation};

use super::{Client, Listing, Request};
use crate::error::Result;
use crate::uri::RefUri;

/// Which commits of a history to list.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogQuery {
    /// Go on after this commit.
    pub(crate) after: String,
    /// At most this many.
    pub(crate) amount: Option<usize>,
    /// Those that changed one of these objects.
    pub(crate) objects: Vec<String>,
    /// Those that changed something under one of these prefixes.
    pub(crate) prefixes: Vec<String>,
    /// Do not look for more once there are enough.
    pub(crate) limit: bool,
    /// Follow first parents only.
    pub(crate) first_parent: bool,
    /// Not older than this, RFC 3339.
    pub(crate) since: Option<String>,
    /// Not beyond this commit.
    pub(crate) stop_at: Option<String>,
}

impl Client {
    /// The history of a ref.
    pub(crate) fn log(&self, uri: &RefUri, query: &LogQuery) -> Listing<'_, Commit> {
        let RefUri {
            repository,
            reference,
        } = uri;
        let mut request = Request::get(&["repositories", repository, "refs", reference, "commits"])
            .flag("limit", query.limit)
            .flag("first_parent", query.first_parent);
        for object in &query.objects {
            request = request.query("objects", object);
        }
        for prefix in &query.prefixes {
            request = request.query("prefixes", prefix);
        }
        if let Some(since) = &query.since {
            request = request.query("since", since);
        }
        if let Some(stop_at) = &query.stop_at {
            request = request.query("stop_at", stop_at);
        }
        Listing::new(self, request, query.after.as_str(), query.amount)
    }

    /// The differences between two refs: since their common ancestor, or with `two_way` directly.
    pub(crate) fn diff_refs(
        &self,
        left: &RefUri,
        right: &RefUri,
        prefix: &str,
        two_way: bool,
    ) -> Listing<'_, Diff> {
        let segments = [
            "repositories",
            &left.repository,
            "refs",
            &left.reference,
            "diff",
            &right.reference,
        ];
        let request = Request::get(&segments)
            .query("prefix", prefix)
            .query("type", if two_way { "two_dot" } else { "three_dot" });
        Listing::new(self, request, "", None)
    }

    /// Merges a ref into a branch.
    pub(crate) async fn merge(
        &self,
        source: &RefUri,
        destination: &RefUri,
        merge: &Merge,
    ) -> Result<MergeResult> {
        let request = Request::post(&merge_path(source, destination)).json(merge)?;
        self.json(&request, StatusCode::OK).await
    }

    /// The commits a merge would compare.
    pub(crate) async fn merge_base(
        &self,
        source: &RefUri,
        destination: &RefUri,
    ) -> Result<FindMergeBaseResult> {
        let request = Request::get(&merge_path(source, destination));
        self.json(&request, StatusCode::OK).await
    }

    /// All tags of a repository, by name.
    pub(crate) fn list_tags(
        &self,
        repository: &str,
        prefix: &str,
        after: &str,
        amount: Option<usize>,
    ) -> Listing<'_, Ref> {
        let request = Request::get(&["repositories", repository, "tags"]).query("prefix", prefix);
        Listing::new(self, request, after, amount)
    }

    /// One tag.
    pub(crate) async fn tag(&self, uri: &RefUri) -> Result<Ref> {
        let request = Request::get(&["repositories", &uri.repository, "tags", &uri.reference]);
        self.json(&request, StatusCode::OK).await
    }

    /// Creates a tag.
    pub(crate) async fn create_tag(&self, repository: &str, creation: &TagCreation) -> Result<Ref> {
        let request = Request::post(&["repositories", repository, "tags"]).json(creation)?;
        self.json(&request, StatusCode::CREATED).await
    }

    /// Deletes a tag.
    pub(crate) async fn delete_tag(&self, uri: &RefUri) -> Result<()> {
        let request = Request::delete(&["repositories", &uri.repository, "tags", &uri.reference]);
        self.done(&request, StatusCode::NO_CONTENT).await
    }
}

fn merge_path<'a>(source: &'a RefUri, destination: &'a RefUri) -> [&'a str; 6] {
    [
        "repositories",
        &source.repository,
        "refs",
        &source.reference,
        "merge",
        &destination.reference,
    ]
}
