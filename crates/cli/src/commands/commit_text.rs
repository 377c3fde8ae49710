//! How commits are written, in the log and after they were made.

use std::fmt::Write as _;

use lakefs_wire::Commit;

use crate::error::Result;
use crate::ui::{Color, Ui, date, pad};

/// What is said when a commit was made on a branch.
pub(crate) fn write_made(ui: &Ui, branch: &str, commit: &Commit) -> Result<()> {
    ui.result(commit, |ui| {
        let id = ui.paint(Color::Yellow, &commit.id);
        ui.text(&format!(
            "Commit for branch \"{branch}\" completed.\n\nID: {id}\nMessage: {}\nTimestamp: {}\nParents: {}\n\n",
            commit.message,
            date(commit.creation_date),
            commit.parents.join(", "),
        ))
    })
}

/// One commit of a log. The odd blank lines around metadata are what scripts have been reading.
pub(crate) fn log_entry(ui: &Ui, commit: &Commit, show_meta_range: bool) -> String {
    let mut text = format!("\nID:            {}\n", ui.paint(Color::Yellow, &commit.id));
    if !commit.committer.is_empty() {
        _ = writeln!(text, "Author:        {}", commit.committer);
    }
    _ = writeln!(text, "Date:          {}", date(commit.creation_date));
    if show_meta_range {
        _ = writeln!(text, "Meta Range ID: {}", commit.meta_range_id);
    }
    if commit.parents.len() > 1 {
        _ = writeln!(text, "Merge:         {}", commit.parents.join(", "));
    }
    _ = writeln!(text, "\n\t{}", commit.message);
    if !commit.metadata.is_empty() {
        text.push_str("\nMetadata:\n\t");
        for (key, value) in &commit.metadata {
            _ = write!(text, "\n\t{} = {value}\n\t", pad(key, 18));
        }
    }
    text
}
