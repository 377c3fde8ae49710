//! `lakectl diff`: uncommitted changes of a branch, or the differences between two refs.

use clap::Args;
use lakefs_wire::{Diff as Difference, DiffType};

use super::Context;
use crate::client::Listing;
use crate::error::{Error, Result};
use crate::ui::{Color, JsonArray, Ui};

/// Show what differs
///
/// With one address: the uncommitted changes of a branch. With two: what the right ref changed since
/// both had a common commit, or with --two-way how the right differs from the left as they are.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl diff lakefs://example/dev\n  lakectl diff lakefs://example/main lakefs://example/dev --prefix tables/\n  lakectl diff --two-way lakefs://example/v1 lakefs://example/v2"
)]
pub(crate) struct Diff {
    /// Address of a branch, or of the left ref
    #[arg(value_name = "REF_URI")]
    left: String,
    /// Address of the right ref
    #[arg(value_name = "OTHER_REF_URI")]
    right: Option<String>,
    /// Compare the refs as they are, not with their common ancestor
    #[arg(long)]
    two_way: bool,
    /// Show only paths that begin with this
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
}

impl Diff {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context {
            ui, uris, client, ..
        } = context;
        let Some(right) = &self.right else {
            let branch = uris.branch("branch URI", &self.left)?;
            ui.echo("Ref", &branch)?;
            return write(ui, client.diff_branch(&branch, &self.prefix)).await;
        };
        let left = uris.reference("left ref URI", &self.left)?;
        let right = uris.reference("right ref URI", right)?;
        ui.echo("Left ref", &left)?;
        ui.echo("Right ref", &right)?;
        if left.repository != right.repository {
            return Err(Error::failed(
                "both references must belong to the same repository",
            ));
        }
        write(
            ui,
            client.diff_refs(&left, &right, &self.prefix, self.two_way),
        )
        .await
    }
}

async fn write(ui: &Ui, mut listing: Listing<'_, Difference>) -> Result<()> {
    let mut array = if ui.is_json() {
        Some(JsonArray::begin(ui)?)
    } else {
        None
    };
    while let Some(page) = listing.page().await? {
        for difference in &page {
            match &mut array {
                Some(array) => array.push(difference)?,
                None => ui.line(&line(ui, difference))?,
            }
        }
    }
    array.map_or(Ok(()), JsonArray::finish)
}

fn line(ui: &Ui, difference: &Difference) -> String {
    let (color, what) = match difference.diff_type {
        DiffType::Added => (Color::Green, "+ added"),
        DiffType::Removed => (Color::Red, "- removed"),
        DiffType::Changed | DiffType::PrefixChanged => (Color::Yellow, "~ modified"),
        DiffType::Conflict => (Color::Red, "* conflict"),
    };
    ui.paint(color, &format!("{what} {}", difference.path))
}
