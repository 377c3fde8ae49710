//! Repositories and the metadata people attach to them.

use lakefs_service as service;
use lakefs_wire as wire;

use super::page;
use crate::body::JsonBody;
use crate::limits::{MAX_METADATA_BYTES, check_metadata};
use crate::operation::operation;
use crate::render::pagination;
use crate::respond::{Empty, Json};

operation! {
    /// A page of repositories.
    ListRepositories(prefix: &'v str, after: &'v str, amount: Option<i64>, search: &'v str),
    => OK Json<wire::RepositoryList>;
    |call, given, _| {
        let page = page(given.prefix, given.after, given.amount);
        let found = call.service.list_repositories(call.caller, page, given.search).await?;
        Ok(Json(wire::RepositoryList {
            pagination: pagination(&found),
            results: found.results.into_iter().map(repository_of).collect(),
        }))
    }
}

operation! {
    /// Makes a repository.
    CreateRepository(bare: bool),
    body JsonBody<wire::RepositoryCreation> => CREATED Json<wire::Repository>;
    |call, given, JsonBody(body)| {
        let request = service::CreateRepository {
            name: &body.name,
            storage_namespace: &body.storage_namespace,
            default_branch: body.default_branch.as_deref(),
            sample_data: body.sample_data,
            read_only: body.read_only,
            bare: given.bare,
            storage_id: body.storage_id.as_deref().unwrap_or(""),
        };
        let mut made = repository_of(call.service.create_repository(call.caller, request).await?);
        if given.bare {
            // lakeFS leaves the field out in this one answer.
            made.read_only = None;
        }
        Ok(Json(made))
    }
}

operation! {
    /// A repository.
    GetRepository(repository: &'v str), => OK Json<wire::Repository>;
    |call, given, _| {
        let found = call.service.get_repository(call.caller, given.repository).await?;
        Ok(Json(repository_of(found)))
    }
}

operation! {
    /// Removes a repository; its objects stay.
    DeleteRepository(repository: &'v str, force: bool), => NO_CONTENT Empty;
    |call, given, _| {
        call.service.delete_repository(call.caller, given.repository, given.force).await?;
        Ok(Empty)
    }
}

operation! {
    /// A repository's metadata.
    GetRepositoryMetadata(repository: &'v str), => OK Json<wire::Metadata>;
    |call, given, _| {
        let found = call.service.get_repository_metadata(call.caller, given.repository).await?;
        Ok(Json(found))
    }
}

operation! {
    /// Adds or replaces some of a repository's metadata.
    SetRepositoryMetadata(repository: &'v str),
    body JsonBody<wire::RepositoryMetadataSet> => NO_CONTENT Empty;
    |call, given, JsonBody(body)| {
        check_metadata(&body.metadata, MAX_METADATA_BYTES)?;
        let repository = given.repository;
        call.service.set_repository_metadata(call.caller, repository, body.metadata).await?;
        Ok(Empty)
    }
}

operation! {
    /// Removes some of a repository's metadata.
    DeleteRepositoryMetadata(repository: &'v str),
    body JsonBody<wire::RepositoryMetadataKeys> => NO_CONTENT Empty;
    |call, given, JsonBody(body)| {
        let repository = given.repository;
        call.service.delete_repository_metadata(call.caller, repository, body.keys).await?;
        Ok(Empty)
    }
}

fn repository_of(found: service::Repository) -> wire::Repository {
    wire::Repository {
        creation_date: found.creation_date,
        default_branch: found.default_branch,
        id: found.id,
        read_only: Some(found.read_only),
        storage_id: found.storage_id,
        storage_namespace: found.storage_namespace,
    }
}
