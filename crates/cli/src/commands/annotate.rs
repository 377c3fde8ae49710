//! `lakectl annotate`: which commit last changed each object.

use clap::Args;
use lakefs_wire::{Commit, ObjectStats, PathType};
use serde::Serialize;

use super::Context;
use crate::client::{ListObjects, LogQuery};
use crate::error::Result;
use crate::ui::{JsonArray, date, pad};
use crate::uri::{PathUri, RefUri};

const MESSAGE_CHARACTERS: usize = 200;

/// Show which commit last changed each object
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl annotate lakefs://example/main/tables/\n  lakectl annotate --recursive lakefs://example/main/tables/"
)]
pub(crate) struct Annotate {
    /// Address of an object or a prefix
    #[arg(value_name = "PATH_URI")]
    path: String,
    /// Show every object below the prefix
    #[arg(short, long)]
    recursive: bool,
    /// Follow only the first parent of merges
    #[arg(long)]
    first_parent: bool,
}

#[derive(Debug, Serialize)]
struct Annotated<'a> {
    path: &'a str,
    path_type: PathType,
    commit: Option<&'a Commit>,
}

impl Annotate {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = context.uris.path("path URI", &self.path)?;
        let list = ListObjects {
            prefix: &uri.path,
            delimiter: if self.recursive { "" } else { "/" },
            ..ListObjects::default()
        };
        let mut listing = context.client.list_objects(&uri, list);
        let ui = &context.ui;
        let mut array = if ui.is_json() {
            Some(JsonArray::begin(ui)?)
        } else {
            None
        };
        while let Some(page) = listing.page().await? {
            for entry in &page {
                let commit = self.last_change(context, &uri, entry).await?;
                match &mut array {
                    Some(array) => array.push(&Annotated {
                        path: &entry.path,
                        path_type: entry.path_type,
                        commit: commit.as_ref(),
                    })?,
                    None => ui.line(&line(&entry.path, commit.as_ref()))?,
                }
            }
        }
        array.map_or(Ok(()), JsonArray::finish)
    }

    async fn last_change(
        &self,
        context: &Context,
        uri: &PathUri,
        entry: &ObjectStats,
    ) -> Result<Option<Commit>> {
        let reference = RefUri {
            repository: uri.repository.clone(),
            reference: uri.reference.clone(),
        };
        let mut query = LogQuery {
            amount: Some(1),
            limit: true,
            first_parent: self.first_parent,
            ..LogQuery::default()
        };
        match entry.path_type {
            PathType::Object => query.objects.push(entry.path.clone()),
            PathType::CommonPrefix => query.prefixes.push(entry.path.clone()),
        }
        let page = context.client.log(&reference, &query).page().await?;
        Ok(page.and_then(|page| page.into_iter().next()))
    }
}

/// One line; an object that was never committed has only a name.
fn line(path: &str, commit: Option<&Commit>) -> String {
    let Some(commit) = commit else {
        return path.to_owned();
    };
    let id: String = commit.id.chars().take(16).collect();
    let message = commit.message.lines().collect::<Vec<_>>().join(" ");
    let mut shown: String = message.chars().take(MESSAGE_CHARACTERS).collect();
    if shown.len() < message.len() {
        shown.push_str("...");
    }
    format!(
        "{} {} {} {}  {shown}",
        pad(path, 15),
        pad(&commit.committer, 20),
        pad(&id, 20),
        date(commit.creation_date)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_of_several_lines_becomes_one_short_line() {
        let commit = Commit {
            id: "0123456789abcdef0123".into(),
            committer: "admin".into(),
            message: format!("first\nsecond {}", "x".repeat(300)),
            ..Commit::default()
        };
        let text = line("b.txt", Some(&commit));
        assert!(text.starts_with("b.txt           admin                0123456789abcdef     "));
        assert!(text.contains("  first second xxx"), "{text}");
        assert!(text.ends_with("xxx..."));
        assert!(!text.contains('\n'));
        assert_eq!(line("new", None), "new");
    }
}
