//! Objects: everything about them but moving their bytes, which is the `transfer` module's.

use http::StatusCode;
use lakefs_wire::{
    ObjectErrorList, ObjectStageCreation, ObjectStats, PathList, StagingLocation, StagingMetadata,
    UpdateObjectUserMetadata,
};

use super::{Client, Listing, Request};
use crate::error::Result;
use crate::uri::PathUri;

/// Which objects to list.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ListObjects<'a> {
    /// Keys begin with this.
    pub(crate) prefix: &'a str,
    /// Join keys that are alike up to this; empty for none.
    pub(crate) delimiter: &'a str,
    /// Go on after this key.
    pub(crate) after: &'a str,
    /// At most this many.
    pub(crate) amount: Option<usize>,
    /// Give the metadata of objects.
    pub(crate) metadata: bool,
}

fn below<'a>(uri: &'a PathUri, kind: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let mut segments = vec!["repositories", &uri.repository, kind, &uri.reference];
    segments.extend(rest);
    segments
}

impl Client {
    /// The objects of a ref in key order.
    pub(crate) fn list_objects(
        &self,
        uri: &PathUri,
        list: ListObjects<'_>,
    ) -> Listing<'_, ObjectStats> {
        let mut request = Request::get(&below(uri, "refs", &["objects", "ls"]))
            .query("prefix", list.prefix)
            .query("user_metadata", list.metadata.to_string());
        if !list.delimiter.is_empty() {
            request = request.query("delimiter", list.delimiter);
        }
        Listing::new(self, request, list.after, list.amount)
    }

    /// One object's properties; with `presign` its address is a URL anyone can read for a while.
    pub(crate) async fn stat(&self, uri: &PathUri, presign: bool) -> Result<ObjectStats> {
        let request = Request::get(&below(uri, "refs", &["objects", "stat"]))
            .query("path", &uri.path)
            .flag("presign", presign);
        self.json(&request, StatusCode::OK).await
    }

    /// The request that reads an object's bytes.
    pub(crate) fn get_object_request(uri: &PathUri) -> Request {
        Request::get(&below(uri, "refs", &["objects"])).query("path", &uri.path)
    }

    /// The request that uploads an object's bytes.
    pub(crate) fn upload_request(uri: &PathUri) -> Request {
        Request::post(&below(uri, "branches", &["objects"])).query("path", &uri.path)
    }

    /// Removes an object; one that is not there is no error.
    pub(crate) async fn delete_object(&self, uri: &PathUri) -> Result<()> {
        let request =
            Request::delete(&below(uri, "branches", &["objects"])).query("path", &uri.path);
        self.done(&request, StatusCode::NO_CONTENT).await
    }

    /// Removes up to 1,000 objects and answers which could not be.
    pub(crate) async fn delete_objects(
        &self,
        uri: &PathUri,
        paths: Vec<String>,
    ) -> Result<ObjectErrorList> {
        let request = Request::post(&below(uri, "branches", &["objects", "delete"]))
            .json(&PathList { paths })?;
        self.json(&request, StatusCode::OK).await
    }

    /// Makes bytes that are already in the store an object.
    pub(crate) async fn stage_object(
        &self,
        uri: &PathUri,
        creation: &ObjectStageCreation,
    ) -> Result<ObjectStats> {
        let request = Request::put(&below(uri, "branches", &["objects"]))
            .query("path", &uri.path)
            .json(creation)?;
        self.json(&request, StatusCode::CREATED).await
    }

    /// Replaces the metadata of an object.
    pub(crate) async fn update_metadata(
        &self,
        uri: &PathUri,
        update: &UpdateObjectUserMetadata,
    ) -> Result<()> {
        let segments = below(uri, "branches", &["objects", "stat", "user_metadata"]);
        let mut request = Request::put(&segments)
            .query("path", &uri.path)
            .json(update)?;
        // The contract says 201, servers answer 204.
        request.also = Some(StatusCode::CREATED);
        self.done(&request, StatusCode::NO_CONTENT).await
    }

    /// An address to upload to directly.
    pub(crate) async fn physical_address(&self, uri: &PathUri) -> Result<StagingLocation> {
        let request = Request::get(&below(uri, "branches", &["staging", "backing"]))
            .query("path", &uri.path)
            .query("presign", "true");
        self.json(&request, StatusCode::OK).await
    }

    /// Makes what was uploaded to an address an object.
    pub(crate) async fn link(
        &self,
        uri: &PathUri,
        staging: &StagingMetadata,
    ) -> Result<ObjectStats> {
        let request = Request::put(&below(uri, "branches", &["staging", "backing"]))
            .query("path", &uri.path)
            .json(staging)?;
        self.json(&request, StatusCode::OK).await
    }
}
