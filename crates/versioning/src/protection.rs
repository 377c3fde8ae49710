//! Branch protection: which branches take no direct changes.
//!
//! Patterns are globs without separators: `*` and `**` match everything, `/` included, `?` one character, `[a-z]`
//! one of a class and `[!a-z]` one outside of it, `{a,b}` either, a backslash takes away meanings.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use globset::{GlobBuilder, GlobMatcher};
use lakefs_kv::Predicate;
use lakefs_types::BranchId;
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::cas::Cas;
use crate::records::{
    PROTECTION_KEY, StoredBlockedActions, StoredProtectionRule, StoredProtectionRules, decode,
};
use crate::{Engine, Error, Repository, Result};

/// How often an unconditional change is tried again when others come first.
const MAX_TRIES: u32 = 10;

/// What a branch can be protected from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProtectedAction {
    /// Changing objects, uncommitted.
    StagingWrite,
    /// Commits and hard resets.
    Commit,
}

impl ProtectedAction {
    /// What to tell who tried.
    pub(crate) fn refusal(self) -> &'static str {
        match self {
            Self::StagingWrite => "cannot write to protected branch",
            Self::Commit => "cannot commit to protected branch",
        }
    }

    fn from_stored(value: i32) -> Option<Self> {
        match value {
            0 => Some(Self::StagingWrite),
            1 => Some(Self::Commit),
            _ => None,
        }
    }

    fn to_stored(self) -> i32 {
        match self {
            Self::StagingWrite => 0,
            Self::Commit => 1,
        }
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionRule {
    /// Which branches: a glob in which `*` matches everything.
    pub pattern: String,
    /// What they are protected from.
    pub blocked: Vec<ProtectedAction>,
}

/// A repository's rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProtectionRules {
    /// The rules, by pattern.
    pub rules: Vec<ProtectionRule>,
    /// What tells this state from others; empty for no rules.
    pub checksum: String,
}

/// Rules ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct CompiledRules(Vec<(GlobMatcher, Vec<ProtectedAction>)>);

impl CompiledRules {
    fn new(rules: &[ProtectionRule]) -> Self {
        Self(
            rules
                .iter()
                .filter_map(|rule| match compile(&rule.pattern) {
                    Ok(glob) => Some((glob, rule.blocked.clone())),
                    Err(error) => {
                        tracing::warn!(pattern = rule.pattern, %error, "stored branch protection pattern matches nothing");
                        None
                    }
                })
                .collect(),
        )
    }

    fn block(&self, branch: &BranchId, action: ProtectedAction) -> bool {
        self.0
            .iter()
            .any(|(glob, blocked)| blocked.contains(&action) && glob.is_match(branch.as_str()))
    }
}

fn compile(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    let glob = GlobBuilder::new(pattern)
        .literal_separator(false)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()?;
    Ok(glob.compile_matcher())
}

fn rules_of(stored: StoredProtectionRules) -> Vec<ProtectionRule> {
    let by_pattern: BTreeMap<String, Vec<ProtectedAction>> = stored
        .rules
        .into_iter()
        .map(|rule| {
            let blocked = rule.actions.unwrap_or_default().value;
            let blocked = blocked
                .into_iter()
                .filter_map(ProtectedAction::from_stored)
                .collect();
            (rule.pattern.unwrap_or_default(), blocked)
        })
        .collect();
    by_pattern
        .into_iter()
        .map(|(pattern, blocked)| ProtectionRule { pattern, blocked })
        .collect()
}

fn encode_rules(rules: &[ProtectionRule]) -> Vec<u8> {
    let by_pattern: BTreeMap<&str, &ProtectionRule> = rules
        .iter()
        .map(|rule| (rule.pattern.as_str(), rule))
        .collect();
    let rules = by_pattern
        .into_values()
        .map(|rule| StoredProtectionRule {
            pattern: Some(rule.pattern.clone()),
            actions: Some(StoredBlockedActions {
                value: rule
                    .blocked
                    .iter()
                    .map(|action| action.to_stored())
                    .collect(),
            }),
        })
        .collect();
    StoredProtectionRules { rules }.encode_to_vec()
}

fn checksum_of(raw: &[u8]) -> String {
    if raw.is_empty() {
        String::new()
    } else {
        hex::encode(Sha256::digest(raw))
    }
}

impl Engine {
    /// A repository's protection rules, as stored now.
    pub async fn protection_rules(&self, repository: &Repository) -> Result<ProtectionRules> {
        let raw = self
            .protection_record(repository)
            .await?
            .unwrap_or_default();
        let name = || format!("branch protection rules of repository {}", repository.id);
        Ok(ProtectionRules {
            rules: rules_of(decode(name, &raw)?),
            checksum: checksum_of(&raw),
        })
    }

    /// Replaces a repository's protection rules; with `checksum` only if it is still theirs.
    pub async fn set_protection_rules(
        &self,
        repository: &Repository,
        rules: &[ProtectionRule],
        checksum: Option<&str>,
    ) -> Result<()> {
        repository.ensure_writable(false)?;
        for rule in rules {
            compile(&rule.pattern).map_err(|error| Error::Invalid {
                what: "branch protection pattern",
                reason: error.to_string(),
            })?;
        }
        let record = encode_rules(rules);
        let partition = repository.partition.as_bytes();
        let mut stored = false;
        for _ in 0..MAX_TRIES {
            let raw = self.protection_record(repository).await?;
            if checksum
                .is_some_and(|checksum| checksum != checksum_of(raw.as_deref().unwrap_or_default()))
            {
                return Err(Error::PreconditionFailed);
            }
            let predicate = raw.as_deref().map_or(Predicate::Absent, Predicate::Value);
            if let Cas::Stored = self
                .0
                .cas(partition, PROTECTION_KEY, &record, predicate)
                .await?
            {
                stored = true;
                break;
            }
        }
        self.0.rules.invalidate(&repository.partition);
        if stored {
            Ok(())
        } else {
            Err(Error::PreconditionFailed)
        }
    }

    /// Whether a branch is protected from an action; from memory for a few seconds.
    pub async fn is_protected(
        &self,
        repository: &Repository,
        branch: &BranchId,
        action: ProtectedAction,
    ) -> Result<bool> {
        let now = self.0.parts.clock.now();
        let rules = match self.0.rules.get(&repository.partition, now) {
            Ok(rules) => rules,
            Err(epoch) => {
                let rules = self.protection_rules(repository).await?.rules;
                let rules = Arc::new(CompiledRules::new(&rules));
                self.0.rules.put(
                    Arc::clone(&repository.partition),
                    Arc::clone(&rules),
                    now,
                    epoch,
                );
                rules
            }
        };
        Ok(rules.block(branch, action))
    }

    /// Refuses an action the branch is protected from.
    pub(crate) async fn ensure_unprotected(
        &self,
        repository: &Repository,
        branch: &BranchId,
        action: ProtectedAction,
    ) -> Result<()> {
        if self.is_protected(repository, branch, action).await? {
            return Err(Error::Protected {
                branch: branch.clone(),
                action,
            });
        }
        Ok(())
    }

    async fn protection_record(&self, repository: &Repository) -> Result<Option<Bytes>> {
        self.0.kv_get(&repository.partition, PROTECTION_KEY).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(pattern: &str, blocked: &[ProtectedAction]) -> ProtectionRule {
        ProtectionRule {
            pattern: pattern.to_owned(),
            blocked: blocked.to_vec(),
        }
    }

    #[test]
    fn patterns_match_whole_names() {
        use ProtectedAction::{Commit, StagingWrite};
        let rules = CompiledRules::new(&[
            rule("prod*", &[StagingWrite, Commit]),
            rule("st?ble", &[Commit]),
            rule("{x,y}-[0-9]", &[Commit]),
        ]);
        let blocks = |name: &str, action| rules.block(&BranchId::from_stored(name), action);
        assert!(blocks("prod", Commit) && blocks("production_1", StagingWrite));
        assert!(blocks("stable", Commit) && !blocks("stable", StagingWrite));
        assert!(blocks("y-7", Commit) && !blocks("z-7", Commit));
        assert!(!blocks("my-prod", Commit) && !blocks("main", Commit));
    }

    /// What the users of such globs know them by.
    #[test]
    fn patterns_mean_what_globs_mean() {
        for (pattern, matching, others) in [
            ("main", &["main"][..], &["Main", "mai", "mains", ""][..]),
            ("*", &["a", "a/b", "-_9"], &[]),
            ("**", &["a", "a/b/c"], &[]),
            (
                "stable_*",
                &["stable_", "stable_1"],
                &["stable", "unstable_1"],
            ),
            (
                "*-prod",
                &["-prod", "a-prod", "a/b-prod"],
                &["prod", "a-prod2"],
            ),
            ("a*b*c", &["abc", "a1b2c", "abbcc"], &["ab", "acb", "cab"]),
            ("a**c", &["ac", "abc", "a/b/c"], &["ab"]),
            (
                "release/*",
                &["release/", "release/1", "release/1/2"],
                &["release"],
            ),
            ("v?", &["v1", "v-", "v/"], &["v", "v12"]),
            ("??", &["ab"], &["a", "abc"]),
            ("v[0-9]", &["v0", "v9"], &["va", "v", "v10"]),
            ("v[0-9a-f]", &["v0", "ve"], &["vg"]),
            ("v[13]", &["v1", "v3"], &["v2"]),
            ("v[!0-9]", &["va", "v-"], &["v0", "v"]),
            ("v[a-]", &["va", "v-"], &["vb"]),
            ("{main,dev}", &["main", "dev"], &["main,dev", "maindev"]),
            ("{main,rel-*}-x", &["main-x", "rel-1-x"], &["main", "rel-1"]),
            ("v{,-rc}", &["v", "v-rc"], &["v-"]),
            ("{a,b{1,2}}", &["a", "b1", "b2"], &["b", "a1"]),
            ("a,b", &["a,b"], &["a", "b"]),
            (r"a\*", &["a*"], &["ab", r"a\b"]),
            (r"\[a\]", &["[a]"], &["a"]),
            (r"\{a,b\}", &["{a,b}"], &["a"]),
            (r"a\?", &["a?"], &["ab"]),
        ] {
            let rules = CompiledRules::new(&[rule(pattern, &[ProtectedAction::Commit])]);
            let blocked =
                |name: &&str| rules.block(&BranchId::from_stored(name), ProtectedAction::Commit);
            for name in matching {
                assert!(blocked(name), "{pattern} and {name}");
            }
            for name in others {
                assert!(!blocked(name), "{pattern} and {name}");
            }
        }
        for bad in ["[", "[a", "[z-a]", "{a", "a}", "\\"] {
            assert!(compile(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn actions_are_packed_and_rules_without_actions_keep_their_message() {
        use ProtectedAction::{Commit, StagingWrite};
        let raw = encode_rules(&[rule("a", &[StagingWrite, Commit]), rule("", &[])]);
        assert_eq!(hex::encode(&raw), "0a040a0012000a090a016112040a020001");
        assert_eq!(
            rules_of(decode(String::new, &raw).unwrap()),
            [rule("", &[]), rule("a", &[StagingWrite, Commit])]
        );
    }

    #[test]
    fn no_rules_have_an_empty_checksum() {
        assert_eq!(checksum_of(&encode_rules(&[])), "");
        assert_eq!(checksum_of(b"x").len(), 64);
    }
}
