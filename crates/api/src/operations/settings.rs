//! Settings of a repository: protected branches, retention.

use http::HeaderValue;
use http::header::ETAG;
use lakefs_service::GcRules;
use lakefs_wire as wire;

use crate::body::JsonBody;
use crate::error::Failure;
use crate::operation::operation;
use crate::respond::{Empty, Json, WithHeader};

operation! {
    /// The protection rules, with the tag that names this version of them.
    GetBranchProtectionRules(repository: &'v str),
    => OK WithHeader<Vec<wire::BranchProtectionRule>>;
    |call, given, _| {
        let rules =
            call.service.get_branch_protection_rules(call.caller, given.repository).await?;
        let patterns = rules.patterns.into_iter();
        Ok(WithHeader {
            body: patterns.map(|pattern| wire::BranchProtectionRule { pattern }).collect(),
            name: ETAG,
            value: HeaderValue::try_from(rules.etag)
                .unwrap_or_else(|_| HeaderValue::from_static("")),
        })
    }
}

operation! {
    /// Replaces the protection rules.
    SetBranchProtectionRules(
        repository: &'v str, if_match: Option<&'v str> = "If-Match",
    ),
    body JsonBody<Vec<wire::BranchProtectionRule>> => NO_CONTENT Empty;
    |call, given, JsonBody(rules)| {
        let patterns = rules.into_iter().map(|rule| rule.pattern).collect();
        let (repository, if_match) = (given.repository, given.if_match);
        call.service
            .set_branch_protection_rules(call.caller, repository, patterns, if_match)
            .await?;
        Ok(Empty)
    }
}

operation! {
    /// The retention rules.
    GetGCRules(repository: &'v str), => OK Json<wire::GarbageCollectionRules>;
    |call, given, _| {
        let rules = call.service.get_gc_rules(call.caller, given.repository).await?;
        let branches = rules.branches.into_iter().map(|(branch_id, days)| {
            wire::GarbageCollectionRule { branch_id, retention_days: i64::from(days) }
        });
        Ok(Json(wire::GarbageCollectionRules {
            branches: branches.collect(),
            default_retention_days: i64::from(rules.default_retention_days),
        }))
    }
}

operation! {
    /// Replaces the retention rules.
    SetGCRules(repository: &'v str),
    body JsonBody<wire::GarbageCollectionRules> => NO_CONTENT Empty;
    |call, given, JsonBody(body)| {
        let mut rules = GcRules {
            default_retention_days: days(body.default_retention_days)?,
            ..GcRules::default()
        };
        for rule in body.branches {
            rules.branches.insert(rule.branch_id, days(rule.retention_days)?);
        }
        call.service.set_gc_rules(call.caller, given.repository, rules).await?;
        Ok(Empty)
    }
}

operation! {
    /// Removes the retention rules.
    DeleteGCRules(repository: &'v str), => NO_CONTENT Empty;
    |call, given, _| {
        call.service.delete_gc_rules(call.caller, given.repository).await?;
        Ok(Empty)
    }
}

/// Stored records hold 32 bits.
fn days(days: i64) -> Result<i32, Failure> {
    i32::try_from(days).map_err(|_| Failure::invalid("retention days do not fit in 32 bits"))
}
