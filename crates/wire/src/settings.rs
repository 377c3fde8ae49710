//! Settings of a repository: protected branches and garbage collection.

use serde::{Deserialize, Serialize};

/// Branches that refuse direct writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchProtectionRule {
    /// Glob over branch names.
    pub pattern: String,
}

/// A protection rule to delete through the older endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchProtectionPattern {
    /// Glob over branch names.
    pub pattern: String,
}

/// How long objects of one branch are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GarbageCollectionRule {
    /// The branch.
    pub branch_id: String,
    /// Days.
    pub retention_days: i64,
}

/// How long objects are kept after nothing refers to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GarbageCollectionRules {
    /// Exceptions for branches.
    pub branches: Vec<GarbageCollectionRule>,
    /// Days for every other branch.
    pub default_retention_days: i64,
}
