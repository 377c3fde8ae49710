//! Settings of a repository: branch protection and garbage collection rules.

use http::StatusCode;
use http::header::{ETAG, HeaderValue, IF_MATCH};
use lakefs_wire::{BranchProtectionRule, GarbageCollectionRules};

use super::{Client, Request};
use crate::error::{Error, Result};

fn protection(repository: &str) -> [&str; 4] {
    ["repositories", repository, "settings", "branch_protection"]
}

fn garbage_collection(repository: &str) -> [&str; 4] {
    ["repositories", repository, "settings", "gc_rules"]
}

impl Client {
    /// The branch protection rules and the mark of this version of them.
    pub(crate) async fn protection_rules(
        &self,
        repository: &str,
    ) -> Result<(Vec<BranchProtectionRule>, Option<HeaderValue>)> {
        let request = Request::get(&protection(repository));
        let answer = self.answer(&request, StatusCode::OK).await?;
        let rules = serde_json::from_slice(&answer.body)
            .map_err(|_| Error::failed("Bad response from server"))?;
        Ok((rules, answer.headers.get(ETAG).cloned()))
    }

    /// Replaces the rules, unless they are no longer the version `mark` stands for.
    pub(crate) async fn set_protection_rules(
        &self,
        repository: &str,
        rules: &[BranchProtectionRule],
        mark: Option<HeaderValue>,
    ) -> Result<()> {
        let mut request = Request::put(&protection(repository)).json(rules)?;
        if let Some(mark) = mark {
            request = request.header(IF_MATCH, mark);
        }
        self.done(&request, StatusCode::NO_CONTENT).await
    }

    /// The garbage collection rules.
    pub(crate) async fn gc_rules(&self, repository: &str) -> Result<GarbageCollectionRules> {
        let request = Request::get(&garbage_collection(repository));
        self.json(&request, StatusCode::OK).await
    }

    /// Replaces the garbage collection rules.
    pub(crate) async fn set_gc_rules(
        &self,
        repository: &str,
        rules: &GarbageCollectionRules,
    ) -> Result<()> {
        let request = Request::put(&garbage_collection(repository)).json(rules)?;
        self.done(&request, StatusCode::NO_CONTENT).await
    }

    /// Removes the garbage collection rules.
    pub(crate) async fn delete_gc_rules(&self, repository: &str) -> Result<()> {
        let request = Request::delete(&garbage_collection(repository));
        self.done(&request, StatusCode::NO_CONTENT).await
    }
}
