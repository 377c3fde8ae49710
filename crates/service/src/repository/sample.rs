//! A small repository to try things on: measurements of an imaginary orchard, made for this.

use std::collections::BTreeMap;

use bytes::Bytes;
use lakefs_auth::User;
use lakefs_block::{PutBody, PutOptions as BlockPutOptions};
use lakefs_types::ObjectPath;
use lakefs_versioning::{
    AddressType, CommitRequest, Entry, PutOptions, Repository as StoredRepository,
};

use crate::failure::{block_failure, engine_failure};
use crate::repository::branch_protection::protect;
use crate::{Caller, CreateRepository, Repository, Result, Service, names};

/// Message of the commit that brings the samples.
const MESSAGE: &str = "Load sample data";

struct Sample {
    path: &'static str,
    content_type: &'static str,
    content: &'static [u8],
}

const SAMPLES: &[Sample] = &[
    Sample {
        path: "README.md",
        content_type: "text/markdown",
        content: include_bytes!("samples/README.md"),
    },
    Sample {
        path: "orchard/harvest.csv",
        content_type: "text/csv",
        content: include_bytes!("samples/harvest.csv"),
    },
    Sample {
        path: "orchard/trees.csv",
        content_type: "text/csv",
        content: include_bytes!("samples/trees.csv"),
    },
    Sample {
        path: "orchard/weather.parquet",
        content_type: "application/vnd.apache.parquet",
        content: include_bytes!("samples/weather.parquet"),
    },
];

impl Service {
    /// Creates a repository with sample objects in one commit and a protected default branch: what
    /// `sample_data` of `POST /repositories` and `lakefs run --quickstart` do.
    pub async fn create_sample_repository(
        &self,
        caller: &Caller,
        name: &str,
        storage_namespace: &str,
    ) -> Result<Repository> {
        let request = CreateRepository {
            name,
            storage_namespace,
            default_branch: None,
            sample_data: true,
            read_only: false,
            bare: false,
            storage_id: "",
        };
        self.create_repository(caller, request).await
    }

    /// Commits the samples to the default branch and protects it. Dropped half way, the repository
    /// is there with fewer of them, uncommitted.
    pub(crate) async fn fill_with_samples(
        &self,
        repository: &StoredRepository,
        user: &User,
    ) -> Result<()> {
        let branch = &repository.default_branch;
        for sample in SAMPLES {
            let path = names::path(sample.path)?;
            let entry = self.store_sample(repository, sample).await?;
            self.stage_sample(repository, &path, &entry).await?;
        }
        let commit = CommitRequest {
            committer: user.committer().to_owned(),
            message: MESSAGE.to_owned(),
            metadata: BTreeMap::from([("sample".to_owned(), "true".to_owned())]),
            ..CommitRequest::default()
        };
        let made = self.engine().commit(repository, branch, &commit).await;
        made.map_err(engine_failure)?;
        let rules = [protect(branch.to_string())];
        let outcome = self
            .engine()
            .set_protection_rules(repository, &rules, None)
            .await;
        outcome.map_err(engine_failure)
    }

    async fn store_sample(&self, repository: &StoredRepository, sample: &Sample) -> Result<Entry> {
        let (address, location) = self.new_place(repository)?;
        let body = PutBody::from_bytes(Bytes::from_static(sample.content));
        let options = BlockPutOptions {
            content_type: Some(sample.content_type.to_owned()),
            ..BlockPutOptions::default()
        };
        let put = self.blocks().put(&location, body, &options).await;
        let put = put.map_err(block_failure)?;
        Ok(Entry {
            address,
            address_type: AddressType::Relative,
            last_modified: self.now(),
            size: i64::try_from(put.size).unwrap_or(i64::MAX),
            etag: put.md5,
            metadata: BTreeMap::new(),
            content_type: sample.content_type.to_owned(),
        })
    }

    async fn stage_sample(
        &self,
        repository: &StoredRepository,
        path: &ObjectPath,
        entry: &Entry,
    ) -> Result<()> {
        let branch = &repository.default_branch;
        let outcome = self
            .engine()
            .put(repository, branch, path, entry, &PutOptions::default())
            .await;
        outcome.map_err(engine_failure)
    }
}
