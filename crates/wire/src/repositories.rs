//! Repositories and their metadata.

use serde::{Deserialize, Serialize};

use crate::{Metadata, Pagination, is_false};

/// A repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// When it was created, in Unix seconds.
    pub creation_date: i64,
    /// The branch that cannot be deleted.
    pub default_branch: String,
    /// Its name.
    pub id: String,
    /// Whether it refuses writes; left out in the answer to creating a bare one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Name of its store among several; empty for the only one.
    #[serde(default)]
    pub storage_id: String,
    /// Where its objects live.
    pub storage_namespace: String,
}

/// A page of repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryList {
    /// Where the page stands.
    pub pagination: Pagination,
    /// The repositories, in name order.
    pub results: Vec<Repository>,
}

/// A repository to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryCreation {
    /// The first branch; `main` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_branch: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it refuses writes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
    /// Whether to fill it with sample objects.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sample_data: bool,
    /// Name of its store among several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_id: Option<String>,
    /// Where its objects will live.
    pub storage_namespace: String,
}

/// Metadata to add to a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryMetadataSet {
    /// Keys and values.
    pub metadata: Metadata,
}

/// Metadata to take from a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryMetadataKeys {
    /// The keys.
    pub keys: Vec<String>,
}

/// An address in the object store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageUri {
    /// The address.
    pub location: String,
}
