//! First use of an installation.

use lakefs_service::{CommPrefs, LoginOptions, SetupRequest};
use lakefs_wire as wire;

use crate::body::JsonBody;
use crate::operation::operation;
use crate::respond::{Empty, Json};

operation! {
    /// Whether the installation was set up, and how to log in.
    GetSetupState(), => OK Json<wire::SetupState>;
    |call, _, _| {
        let state = call.service.get_setup_state(call.caller).await?;
        Ok(Json(wire::SetupState {
            comm_prefs_missing: Some(state.comm_prefs_missing),
            login_config: Some(login_config(state.login)),
            state: Some(if state.initialized { "initialized" } else { "not_initialized" }.to_owned()),
        }))
    }
}

operation! {
    /// Makes the first administrator.
    Setup(), body JsonBody<wire::Setup> => OK Json<wire::CredentialsWithSecret>;
    |call, _, JsonBody(body)| {
        let request = SetupRequest {
            username: body.username,
            key: body.key.map(|key| (key.access_key_id, key.secret_access_key)),
            comm_prefs: CommPrefs {
                email: body.email,
                first_name: body.first_name,
                last_name: body.last_name,
                company_name: body.company_name,
                feature_updates: body.feature_updates.unwrap_or_default(),
                security_updates: body.security_updates.unwrap_or_default(),
            },
        };
        let made = call.service.setup(call.caller, request).await?;
        Ok(Json(wire::CredentialsWithSecret {
            access_key_id: made.access_key_id,
            creation_date: made.creation_date,
            secret_access_key: made.secret_access_key,
        }))
    }
}

operation! {
    /// Notes contact preferences.
    SetupCommPrefs(), body JsonBody<wire::CommPrefsInput> => OK Empty;
    |call, _, JsonBody(body)| {
        let prefs = CommPrefs {
            email: body.email,
            first_name: body.first_name,
            last_name: body.last_name,
            company_name: body.company_name,
            feature_updates: body.feature_updates,
            security_updates: body.security_updates,
        };
        call.service.setup_comm_prefs(call.caller, prefs).await?;
        Ok(Empty)
    }
}

fn login_config(login: LoginOptions) -> wire::LoginConfig {
    let placeholder = |text: &str| login.use_login_placeholders.then(|| text.to_owned());
    wire::LoginConfig {
        password_ui_placeholder: placeholder("Password"),
        username_ui_placeholder: placeholder("Username"),
        rbac: Some(login.rbac),
        fallback_login_label: login.fallback_login_label,
        fallback_login_url: login.fallback_login_url,
        login_cookie_names: login.login_cookie_names,
        login_failed_message: Some(login.login_failed_message),
        login_url: login.login_url,
        login_url_method: Some("none".to_owned()),
        logout_url: login.logout_url,
    }
}
