//! `lakectl fs ls`.

use clap::Args;
use lakefs_wire::{ObjectStats, PathType};

use crate::client::ListObjects;
use crate::commands::Context;
use crate::error::Result;
use crate::transfer::size_of;
use crate::ui::{Color, JsonArray, Ui, date, human_bytes, pad};

/// List objects
///
/// Paths are shown in full, as they are given to other commands.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl fs ls lakefs://example/main/\n  lakectl fs ls --recursive lakefs://example/main/tables/"
)]
pub(crate) struct Ls {
    /// Address of a prefix
    #[arg(value_name = "PATH_URI")]
    path: String,
    /// List every object below the prefix
    #[arg(short, long)]
    recursive: bool,
}

impl Ls {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context {
            ui, uris, client, ..
        } = context;
        let uri = uris.path("path URI", &self.path)?;
        let list = ListObjects {
            prefix: &uri.path,
            delimiter: if self.recursive { "" } else { "/" },
            metadata: ui.is_json(),
            ..ListObjects::default()
        };
        let mut listing = client.list_objects(&uri, list);
        let mut array = if ui.is_json() {
            Some(JsonArray::begin(ui)?)
        } else {
            None
        };
        while let Some(page) = listing.page().await? {
            for entry in &page {
                match &mut array {
                    Some(array) => array.push(entry)?,
                    None => ui.line(&row(ui, entry))?,
                }
            }
        }
        array.map_or(Ok(()), JsonArray::finish)
    }
}

fn row(ui: &Ui, entry: &ObjectStats) -> String {
    let path = ui.paint(Color::Yellow, &entry.path);
    match entry.path_type {
        PathType::Object => format!(
            "{}    {}    {}    {path}",
            pad("object", 12),
            pad(&date(entry.mtime), 29),
            pad(&human_bytes(size_of(entry).unwrap_or(0)), 12),
        ),
        PathType::CommonPrefix => {
            format!(
                "{}    {}    {path}",
                pad("common_prefix", 12),
                " ".repeat(44)
            )
        }
    }
}
