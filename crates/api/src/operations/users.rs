//! Users and their credentials.

use lakefs_service::NewCredential;
use lakefs_wire as wire;

use super::page;
use super::session::user_of;
use crate::body::JsonBody;
use crate::operation::operation;
use crate::render::pagination;
use crate::respond::{Empty, Json};

operation! {
    /// A page of users.
    ListUsers(prefix: &'v str, after: &'v str, amount: Option<i64>), => OK Json<wire::UserList>;
    |call, given, _| {
        let page = page(given.prefix, given.after, given.amount);
        let users = call.service.list_users(call.caller, page).await?;
        Ok(Json(wire::UserList {
            // lakeFS says 0 here, in this one list.
            pagination: wire::Pagination { max_per_page: 0, ..pagination(&users) },
            results: users.results.into_iter().map(user_of).collect(),
        }))
    }
}

operation! {
    /// Makes a user.
    CreateUser(), body JsonBody<wire::UserCreation> => CREATED Json<wire::User>;
    |call, _, JsonBody(body)| {
        let invite = body.invite_user.unwrap_or_default();
        let user = call.service.create_user(call.caller, &body.id, invite).await?;
        Ok(Json(user_of(user)))
    }
}

operation! {
    /// A user.
    GetUser(user_id: &'v str = "userId"), => OK Json<wire::User>;
    |call, given, _| {
        let user = call.service.get_user(call.caller, given.user_id).await?;
        Ok(Json(user_of(user)))
    }
}

operation! {
    /// Removes a user.
    DeleteUser(user_id: &'v str = "userId"), => NO_CONTENT Empty;
    |call, given, _| {
        call.service.delete_user(call.caller, given.user_id).await?;
        Ok(Empty)
    }
}

operation! {
    /// A page of a user's credentials.
    ListUserCredentials(
        user_id: &'v str = "userId", prefix: &'v str, after: &'v str, amount: Option<i64>,
    ), => OK Json<wire::CredentialsList>;
    |call, given, _| {
        let page = page(given.prefix, given.after, given.amount);
        let found = call.service.list_user_credentials(call.caller, given.user_id, page).await?;
        let pagination = pagination(&found);
        let results = found.results.into_iter().map(|found| wire::Credentials {
            access_key_id: found.access_key_id,
            creation_date: found.creation_date,
        });
        Ok(Json(wire::CredentialsList { pagination, results: results.collect() }))
    }
}

operation! {
    /// Makes a key pair.
    CreateCredentials(user_id: &'v str = "userId"), => CREATED Json<wire::CredentialsWithSecret>;
    |call, given, _| {
        let made: NewCredential =
            call.service.create_credentials(call.caller, given.user_id).await?;
        Ok(Json(wire::CredentialsWithSecret {
            access_key_id: made.access_key_id,
            creation_date: made.creation_date,
            secret_access_key: made.secret_access_key,
        }))
    }
}

operation! {
    /// A key pair without its secret.
    GetCredentials(user_id: &'v str = "userId", access_key_id: &'v str = "accessKeyId"),
    => OK Json<wire::Credentials>;
    |call, given, _| {
        let (user, key) = (given.user_id, given.access_key_id);
        let found = call.service.get_credentials(call.caller, user, key).await?;
        Ok(Json(wire::Credentials {
            access_key_id: found.access_key_id,
            creation_date: found.creation_date,
        }))
    }
}

operation! {
    /// Removes a key pair.
    DeleteCredentials(user_id: &'v str = "userId", access_key_id: &'v str = "accessKeyId"),
    => NO_CONTENT Empty;
    |call, given, _| {
        let (user, key) = (given.user_id, given.access_key_id);
        call.service.delete_credentials(call.caller, user, key).await?;
        Ok(Empty)
    }
}
