//! First start of an installation. The contract spells these fields in camel case.

use serde::{Deserialize, Serialize};

/// Whether an installation has been set up, and how to log in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupState {
    /// Whether contact preferences were never asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comm_prefs_missing: Option<bool>,
    /// How to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_config: Option<LoginConfig>,
    /// `initialized` or `not_initialized`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// How the login page looks and what it leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginConfig {
    /// `none`, `simplified`, `internal` or `external`.
    #[serde(rename = "RBAC", skip_serializing_if = "Option::is_none")]
    pub rbac: Option<String>,
    /// Text of the second way to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_login_label: Option<String>,
    /// Where the second way leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_login_url: Option<String>,
    /// Cookies that hold a session.
    pub login_cookie_names: Vec<String>,
    /// What to say when login fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_failed_message: Option<String>,
    /// Where to log in; empty for the built-in page.
    pub login_url: String,
    /// `none`, `redirect` or `select`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_url_method: Option<String>,
    /// Where to log out.
    pub logout_url: String,
    /// Placeholder of the password field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_ui_placeholder: Option<String>,
    /// Placeholder of the name field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_ui_placeholder: Option<String>,
}

/// A key pair the caller chose.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeyCredentials {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

impl std::fmt::Debug for AccessKeyCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKeyCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// The first administrator, and optional contact details that are stored nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setup {
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Wants news.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_updates: Option<bool>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// A key pair to use instead of a generated one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<AccessKeyCredentials>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Wants security notices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_updates: Option<bool>,
    /// The administrator's name.
    pub username: String,
}

/// Contact preferences.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommPrefsInput {
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Wants news.
    pub feature_updates: bool,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Wants security notices.
    pub security_updates: bool,
}
