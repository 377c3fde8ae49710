//! Who uses the installation: setup, login, users and credentials.

pub(crate) mod claim;
pub(crate) mod login;
pub(crate) mod setup;
pub(crate) mod users;
