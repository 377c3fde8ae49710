//! What the server says about itself.

use lakefs_service::{StoreDescriptor, VersionConfig};
use lakefs_wire as wire;

use crate::operation::operation;
use crate::respond::{Empty, Json};

operation! {
    /// That the server answers.
    HealthCheck(), => NO_CONTENT Empty;
    |_, _, _| { Ok(Empty) }
}

operation! {
    /// Everything a client may know.
    GetConfig(), => OK Json<wire::Config>;
    |call, _, _| {
        let config = call.service.get_config(call.caller).await?;
        let storage = storage_of(config.storage);
        Ok(Json(wire::Config {
            capabilities_config: Some(wire::CapabilitiesConfig {}),
            storage_config: Some(storage.clone()),
            storage_config_list: Some(vec![storage]),
            ui_config: Some(wire::UiConfig { custom_viewers: None }),
            version_config: Some(version_of(config.version)),
        }))
    }
}

operation! {
    /// The object store.
    GetStorageConfig(), => OK Json<wire::StorageConfig>;
    |call, _, _| {
        let storage = call.service.get_storage_config(call.caller).await?;
        Ok(Json(storage_of(storage)))
    }
}

operation! {
    /// The API level.
    GetLakeFSVersion(), => OK Json<wire::VersionConfig>;
    |call, _, _| {
        let version = call.service.get_version(call.caller).await?;
        Ok(Json(version_of(version)))
    }
}

fn version_of(version: VersionConfig) -> wire::VersionConfig {
    wire::VersionConfig {
        latest_version: Some(version.latest_version),
        upgrade_recommended: Some(version.upgrade_recommended),
        upgrade_url: Some(version.upgrade_url),
        version: Some(version.version),
        version_context: Some(version.version_context),
    }
}

fn storage_of(store: StoreDescriptor) -> wire::StorageConfig {
    wire::StorageConfig {
        blockstore_description: String::new(),
        blockstore_id: String::new(),
        blockstore_namespace_validity_regex: store.namespace_validity_regex,
        blockstore_namespace_example: store.namespace_example,
        blockstore_type: store.kind.to_owned(),
        default_namespace_prefix: store.default_namespace_prefix,
        import_support: store.import,
        import_validity_regex: store.import_validity_regex,
        pre_sign_multipart_upload: Some(store.presign_multipart),
        pre_sign_support: store.presign,
        pre_sign_support_ui: store.presign_ui,
    }
}
