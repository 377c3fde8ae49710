//! The reference of all settings as Markdown, made from the key table.

use std::fmt::Write as _;

use super::keys::{KEYS, Key, Kind, Standing};

/// The text of `docs/reference/settings.md`.
pub(crate) fn markdown() -> String {
    let mut text = String::from(
        "# Settings of `lakefs`\n\n\
         <!-- Made by `cargo xtask drift --write` from crates/server/src/settings/keys.rs. -->\n\n\
         A setting comes from its environment variable, else from the configuration file, else from its default.\n\
         The file is the one given with `--config`, or the first found of `./config.yaml`, `~/.lakefs/config.yaml`,\n\
         `~/lakefs/config.yaml`, `/etc/lakefs/config.yaml`, `~/.lakefs.yaml`; dots stand for nesting in YAML.\n\
         Durations are written `90s`, `15m`, `1h30m`; lists as a YAML list or with commas; maps as a YAML mapping or `k=v,k=v`;\n\
         `~` in a path is the home directory. An unknown key in the file stops the start. A key marked *not built* stops it too\n\
         when set to anything but its default; one marked *no effect* is accepted, with a line in the log.\n",
    );
    let mut section = "";
    for key in KEYS {
        let (head, _) = key.name.split_once('.').unwrap_or(("", key.name));
        if head != section || key.name == "listen_address" {
            section = head;
            let title = if head.is_empty() { "listener" } else { head };
            write!(text, "\n## {title}\n\n| key and variable | type | default | meaning |\n|---|---|---|---|\n")
                .expect("writing to a string cannot fail");
        }
        text.push_str(&row(key));
    }
    text
}

fn row(key: &Key) -> String {
    let default = match (key.kind, key.default) {
        (_, "") => String::new(),
        (Kind::Secret, _) => "(built in)".to_owned(),
        (_, default) => format!("`{default}`"),
    };
    let standing = match key.standing {
        Standing::Built => String::new(),
        Standing::Ignored(reason) => format!(" *No effect: {reason}.*"),
        Standing::Unbuilt(feature) => format!(" *Not built: {feature}.*"),
    };
    format!(
        "| `{}`<br>`{}` | {} | {default} | {}{standing} |\n",
        key.name,
        key.environment(),
        kind_name(key.kind),
        key.about,
    )
}

fn kind_name(kind: Kind) -> String {
    match kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Integer => "whole number".to_owned(),
        Kind::Float => "number".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Secret => "secret".to_owned(),
        Kind::Path => "path".to_owned(),
        Kind::Duration => "duration".to_owned(),
        Kind::List => "list".to_owned(),
        Kind::Map => "map".to_owned(),
        Kind::Choice(words) => words.join(" "),
        Kind::Snippets => "list of id and code".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_in_docs_is_what_the_table_says() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/reference/settings.md"
        );
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == super::markdown(),
            "docs/reference/settings.md is out of date: cargo xtask drift --write"
        );
    }
}
