//! Tags.

use lakefs_wire as wire;

use super::page;
use crate::body::JsonBody;
use crate::operation::operation;
use crate::render;
use crate::respond::{Empty, Written};

operation! {
    /// A page of tags.
    ListTags(repository: &'v str, prefix: &'v str, after: &'v str, amount: Option<i64>),
    => OK Written<wire::RefList>;
    |call, given, _| {
        let page = page(given.prefix, given.after, given.amount);
        let found = call.service.list_tags(call.caller, given.repository, page).await?;
        Ok(render::references(&found))
    }
}

operation! {
    /// Makes a tag.
    CreateTag(repository: &'v str), body JsonBody<wire::TagCreation> => CREATED Written<wire::Ref>;
    |call, given, JsonBody(body)| {
        let (tag, reference) = (body.id.as_str(), body.reference.as_str());
        let made = call
            .service
            .create_tag(call.caller, given.repository, tag, reference, body.force)
            .await?;
        Ok(render::reference(&made))
    }
}

operation! {
    /// A tag.
    GetTag(repository: &'v str, tag: &'v str), => OK Written<wire::Ref>;
    |call, given, _| {
        let found = call.service.get_tag(call.caller, given.repository, given.tag).await?;
        Ok(render::reference(&found))
    }
}

operation! {
    /// Removes a tag.
    DeleteTag(repository: &'v str, tag: &'v str, force: bool), => NO_CONTENT Empty;
    |call, given, _| {
        let (repository, tag) = (given.repository, given.tag);
        call.service.delete_tag(call.caller, repository, tag, given.force).await?;
        Ok(Empty)
    }
}
