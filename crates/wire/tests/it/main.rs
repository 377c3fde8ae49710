//! The wire types against JSON as a lakeFS server sends it: nothing lost, nothing added.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

use lakefs_wire::{
    AuthCapabilities, BranchCreation, Commit, CurrentUser, DiffList, GarbageCollectionRules,
    ObjectStatsList, Repository, SetupState, StagingLocation, StagingMetadata, StorageConfig,
    UnderlyingObjectProperties,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn round_trips<T: Serialize + DeserializeOwned>(sent: &Value) {
    let value: T = serde_json::from_value(sent.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&value).unwrap(), sent);
}

#[test]
fn answers_keep_every_field_and_add_none() {
    round_trips::<CurrentUser>(&json!({"user": {"creation_date": 0, "id": ""}}));
    round_trips::<AuthCapabilities>(&json!({"invite_user": false}));
    round_trips::<UnderlyingObjectProperties>(&json!({"storage_class": null}));
    round_trips::<StagingLocation>(
        &json!({"physical_address": "local://a/data/b/c,s", "presigned_url": null}),
    );
    round_trips::<Repository>(
        &json!({"creation_date": 1, "default_branch": "main", "id": "r-1",
        "storage_id": "", "storage_namespace": "local://r"}),
    );
    round_trips::<Commit>(
        &json!({"committer": "a", "creation_date": 4_102_444_800_i64, "generation": 2,
        "id": "c", "message": "m", "meta_range_id": "", "metadata": {}, "parents": ["p"], "version": 1}),
    );
    round_trips::<SetupState>(
        &json!({"comm_prefs_missing": true, "login_config": {"RBAC": "none",
        "login_cookie_names": ["internal_auth_session"], "login_failed_message": "x", "login_url": "",
        "login_url_method": "none", "logout_url": ""}, "state": "initialized"}),
    );
    round_trips::<StorageConfig>(&json!({"blockstore_description": "", "blockstore_id": "",
        "blockstore_namespace_ValidityRegex": "^local://", "blockstore_namespace_example": "local://e/",
        "blockstore_type": "local", "default_namespace_prefix": "local://", "import_support": false,
        "import_validity_regex": "^local://", "pre_sign_multipart_upload": false,
        "pre_sign_support": false, "pre_sign_support_ui": false}));
    round_trips::<GarbageCollectionRules>(
        &json!({"branches": [{"branch_id": "main", "retention_days": 9}],
        "default_retention_days": 7}),
    );
}

#[test]
fn a_listing_mixes_objects_and_prefixes() {
    round_trips::<ObjectStatsList>(&json!({
    "pagination": {"has_more": true, "max_per_page": 1000, "next_offset": "a/", "results": 2},
    "results": [
        {"checksum": "5d", "content_type": "text/plain", "mtime": 1, "path": "a",
         "path_type": "object", "physical_address": "local://x", "size_bytes": 9_007_199_254_740_993_i64},
        {"checksum": "", "mtime": 0, "path": "a/", "path_type": "common_prefix", "physical_address": ""}
    ]}));
    round_trips::<DiffList>(&json!({
    "pagination": {"has_more": false, "max_per_page": 1000, "next_offset": "", "results": 2},
    "results": [
        {"path": "a/", "path_type": "common_prefix", "type": "prefix_changed"},
        {"path": "b", "path_type": "object", "size_bytes": 0, "type": "removed",
         "right": {"checksum": "d4", "content_type": "t", "metadata": {}, "mtime": 3}}
    ]}));
}

#[test]
fn requests_leave_out_what_is_at_its_default() {
    let branch = BranchCreation {
        name: "dev".into(),
        source: "main".into(),
        ..BranchCreation::default()
    };
    assert_eq!(
        serde_json::to_value(&branch).unwrap(),
        json!({"name": "dev", "source": "main"})
    );
    let link: StagingMetadata = serde_json::from_value(json!({
        "staging": {"physical_address": "local://x"}, "checksum": "c", "size_bytes": 3}))
    .unwrap();
    assert_eq!(link.user_metadata, None);
    assert!(!link.force);
}
