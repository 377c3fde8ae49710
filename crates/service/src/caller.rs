//! On whose behalf a use-case runs.

use std::net::IpAddr;
use std::sync::Arc;

use lakefs_auth::User;

/// Who asks, and how the request is told apart from others in logs.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The authenticated user; `None` for an anonymous request.
    pub user: Option<Arc<User>>,
    /// Identifier of the request, also answered to the client.
    pub request_id: String,
    /// Address of the client, for policies with conditions and for the audit log.
    pub source_ip: Option<IpAddr>,
    /// What the client calls itself (`X-Lakefs-Client`, else `User-Agent`).
    pub client: String,
}

impl Caller {
    /// A request nobody signed.
    pub fn anonymous(request_id: impl Into<String>) -> Self {
        Self {
            user: None,
            request_id: request_id.into(),
            source_ip: None,
            client: String::new(),
        }
    }

    /// A request of a user.
    pub fn of(user: Arc<User>, request_id: impl Into<String>) -> Self {
        Self {
            user: Some(user),
            ..Self::anonymous(request_id)
        }
    }

    /// Name of the user; empty for an anonymous request.
    pub fn user_name(&self) -> &str {
        self.user.as_ref().map_or("", |user| &user.name)
    }
}
