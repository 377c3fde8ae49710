//! An installation to test against: the layers put on top of each other, and an administrator.
//!
//! What a test wants to look into or to break, it makes itself and hands over in [`Stores`]: a clock that
//! stands, a store that fails, a store on disk. [`Installation`] does the rest, which no test cares about.
//! For `[dev-dependencies]` only (`cargo xtask check` holds that); the features `testing` of the stores
//! are left to the crate that wants them, so that building this one never adds them to a product.

mod installation;
mod stores;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lakefs_service::CreateRepository;

pub use installation::Installation;
pub use stores::Stores;

/// Access key id of the administrator.
pub const KEY: &str = "AKIAJTESTTESTTESTTSQ";
/// Secret access key of the administrator.
pub const SECRET: &str = "not-a-secret";

/// A repository to be, with nothing asked for.
pub fn repository<'a>(name: &'a str, storage_namespace: &'a str) -> CreateRepository<'a> {
    CreateRepository {
        name,
        storage_namespace,
        default_branch: None,
        sample_data: false,
        read_only: false,
        bare: false,
        storage_id: "",
    }
}

/// The header `Authorization` of a key pair, as browsers send it.
pub fn basic(key: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:{secret}")))
}
