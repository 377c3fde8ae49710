//! The flags of every list.

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Context;
use crate::client::Listing;
use crate::error::Result;
use crate::ui::{JsonArray, Table};

/// Which part of a list to show.
#[derive(Debug, Args)]
pub(crate) struct ListFlags {
    /// How many results to show
    #[arg(long, value_name = "N", default_value_t = 100)]
    amount: i64,
    /// Show results after this one
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) after: String,
    /// Show results that begin with this
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) prefix: String,
}

impl ListFlags {
    /// How many results to show; what is no number of results means the default.
    pub(crate) fn amount(&self) -> usize {
        usize::try_from(self.amount)
            .ok()
            .filter(|amount| *amount > 0)
            .unwrap_or(100)
    }
}

/// Writes a list as a table, or as a JSON array, and says where it goes on.
pub(crate) async fn show<T: Serialize + DeserializeOwned>(
    context: &Context,
    mut listing: Listing<'_, T>,
    amount: usize,
    mut table: Table,
    row: impl Fn(&T) -> Vec<String>,
) -> Result<()> {
    let ui = &context.ui;
    if ui.is_json() {
        let mut array = JsonArray::begin(ui)?;
        while let Some(page) = listing.page().await? {
            for value in &page {
                array.push(value)?;
            }
        }
        return array.finish();
    }
    while let Some(page) = listing.page().await? {
        for value in &page {
            table.row(row(value));
        }
    }
    table.write(ui)?;
    match listing.next_after() {
        Some(after) => ui.more_hint(amount, after),
        None => Ok(()),
    }
}
