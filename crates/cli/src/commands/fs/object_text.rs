//! How an object's properties are written.

use std::fmt::Write as _;

use lakefs_wire::ObjectStats;

use crate::error::Result;
use crate::transfer::size_of;
use crate::ui::{Ui, date, human_bytes, pad};

/// Writes the properties of an object.
pub(super) fn write(ui: &Ui, stats: &ObjectStats) -> Result<()> {
    ui.result(stats, |ui| ui.text(&text(stats)))
}

fn text(stats: &ObjectStats) -> String {
    let size = size_of(stats).unwrap_or(0);
    let mut text = format!(
        "Path: {}\nModified Time: {}\nSize: {size} bytes\nHuman Size: {}\nPhysical Address: {}\n",
        stats.path,
        date(stats.mtime),
        human_bytes(size),
        stats.physical_address,
    );
    if let Some(expiry) = stats.physical_address_expiry.filter(|expiry| *expiry != 0) {
        _ = writeln!(text, "Physical Address Expires: {}", date(expiry));
    }
    _ = writeln!(text, "Checksum: {}", stats.checksum);
    let content_type = stats.content_type.as_deref().unwrap_or_default();
    _ = writeln!(text, "Content-Type: {content_type}");
    let metadata = stats.metadata.iter().flatten().collect::<Vec<_>>();
    if !metadata.is_empty() {
        text.push_str("Metadata:\n");
        for (key, value) in metadata {
            _ = writeln!(text, "\t{} = {value}", pad(key, 18));
        }
    }
    text
}
