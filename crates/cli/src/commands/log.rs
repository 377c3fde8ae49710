//! `lakectl log`: the history of a ref.

use std::fmt::Write as _;

use clap::Args;
use lakefs_wire::Commit;

use super::{Context, commit_text};
use crate::client::LogQuery;
use crate::error::{Error, Result};
use crate::ui::{JsonArray, Ui, escape_html};
use crate::uri::RefUri;

/// Show the history of a ref
///
/// Shows all of it, newest first, unless --amount says otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl log lakefs://example/main --amount 5\n  lakectl log lakefs://example/main --prefixes tables/ --since 2024-01-01T00:00:00Z\n  lakectl log lakefs://example/main --dot | dot -Tsvg > history.svg"
)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
pub(crate) struct Log {
    /// Address of a branch, tag or commit
    #[arg(value_name = "REF_URI")]
    reference: String,
    /// How many commits to show (default: all)
    #[arg(long, value_name = "N")]
    amount: Option<i64>,
    /// Show commits after this one
    #[arg(long, value_name = "COMMIT", default_value = "")]
    after: String,
    /// Do not look for more commits once there are --amount of them
    #[arg(long)]
    limit: bool,
    /// Draw the history for Graphviz
    #[arg(long)]
    dot: bool,
    /// Follow only the first parent of merges
    #[arg(long)]
    first_parent: bool,
    /// Leave out merges
    #[arg(long)]
    no_merges: bool,
    /// Show the id of the content of each commit
    #[arg(long)]
    show_meta_range_id: bool,
    /// Show only commits that changed one of these objects
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    objects: Vec<String>,
    /// Show only commits that changed something under one of these prefixes
    #[arg(long, value_name = "PREFIXES", value_delimiter = ',')]
    prefixes: Vec<String>,
    /// Show only commits made since then (RFC 3339)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Stop at this commit or ref, which is shown too
    #[arg(long, value_name = "REF")]
    stop_at: Option<String>,
}

impl Log {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = context.uris.reference("ref URI", &self.reference)?;
        let query = self.query()?;
        let wanted = self.wanted();
        let mut listing = context.client.log(&uri, &query);
        let mut writer = Writer::begin(context, &uri, self)?;
        let mut written = 0;
        'pages: while let Some(page) = listing.page().await? {
            for commit in &page {
                if self.no_merges && commit.parents.len() > 1 {
                    continue;
                }
                if wanted == Some(written) {
                    break 'pages;
                }
                writer.write(commit)?;
                written += 1;
            }
            if wanted == Some(written) {
                break;
            }
        }
        writer.finish()?;
        match (wanted, listing.next_after()) {
            (Some(amount), Some(after)) if !self.dot => context.ui.more_hint(amount, after),
            _ => Ok(()),
        }
    }

    fn wanted(&self) -> Option<usize> {
        self.amount
            .and_then(|amount| usize::try_from(amount).ok())
            .filter(|amount| *amount > 0)
    }

    fn query(&self) -> Result<LogQuery> {
        if let Some(since) = &self.since {
            since.parse::<jiff::Timestamp>().map_err(|_| {
                Error::failed(format!(
                    "invalid time {since:?} for --since: use RFC 3339, such as 2024-01-31T00:00:00Z"
                ))
            })?;
        }
        Ok(LogQuery {
            after: self.after.clone(),
            // Merges are left out here, so that nobody knows how many commits that takes.
            amount: self.wanted().filter(|_| !self.no_merges),
            objects: self.objects.clone(),
            prefixes: self.prefixes.clone(),
            limit: self.limit,
            first_parent: self.first_parent,
            since: self.since.clone(),
            stop_at: self.stop_at.clone(),
        })
    }
}

enum Writer<'a> {
    Text(&'a Ui, bool),
    Json(JsonArray<'a>),
    Dot(&'a Ui, String),
}

impl<'a> Writer<'a> {
    fn begin(context: &'a Context, uri: &RefUri, log: &Log) -> Result<Self> {
        let ui = &context.ui;
        if log.dot {
            ui.text("digraph {\n\trankdir=\"BT\"\n")?;
            let site = &context.client.endpoint().site;
            return Ok(Self::Dot(
                ui,
                format!("{site}/repositories/{}/commits/", uri.repository),
            ));
        }
        if ui.is_json() {
            return Ok(Self::Json(JsonArray::begin(ui)?));
        }
        Ok(Self::Text(ui, log.show_meta_range_id))
    }

    fn write(&mut self, commit: &Commit) -> Result<()> {
        match self {
            Self::Text(ui, meta_range) => ui.text(&commit_text::log_entry(ui, commit, *meta_range)),
            Self::Json(array) => array.push(commit),
            Self::Dot(ui, link) => ui.text(&dot_node(commit, link)),
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Text(ui, _) => ui.line(""),
            Self::Json(array) => array.finish(),
            Self::Dot(ui, _) => ui.text("\n}\n"),
        }
    }
}

/// A commit as a node that leads to its page, and edges to its parents. Merges are bold.
fn dot_node(commit: &Commit, link: &str) -> String {
    let id = &commit.id;
    let short: String = id.chars().take(8).collect();
    let message = escape_html(&commit.message);
    let label = if commit.parents.len() > 1 {
        format!("<b>{short}<br/> {message}</b>")
    } else {
        format!("{short}<br/> {message}")
    };
    let mut text = format!(
        "\n\t\"{id}\" [shape=note target=\"_blank\" href=\"{link}{id}\" label=< {label} >]\n"
    );
    for parent in &commit.parents {
        _ = writeln!(text, "\t\"{id}\" -> \"{parent}\";");
    }
    text
}
