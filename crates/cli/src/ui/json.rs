//! A JSON array written element by element, so that a long list needs no memory.

use serde::Serialize;

use super::Ui;
use crate::error::{Error, Result};

/// An array being written. One that was not finished stays without its closing bracket, so that
/// nobody takes part of a list for the whole.
#[derive(Debug)]
pub(crate) struct JsonArray<'a> {
    ui: &'a Ui,
    empty: bool,
}

impl<'a> JsonArray<'a> {
    /// Opens an array.
    pub(crate) fn begin(ui: &'a Ui) -> Result<Self> {
        ui.text("[")?;
        Ok(Self { ui, empty: true })
    }

    /// Writes one element.
    pub(crate) fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Error::failed(format!("write JSON: {error}")))?;
        let separator = if self.empty { "\n  " } else { ",\n  " };
        self.empty = false;
        self.ui.text(separator)?;
        self.ui.text(&text.replace('\n', "\n  "))
    }

    /// Closes the array.
    pub(crate) fn finish(self) -> Result<()> {
        self.ui.text(if self.empty { "]\n" } else { "\n]\n" })
    }
}
