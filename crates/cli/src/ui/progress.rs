//! Progress of transfers: bars on standard error while somebody watches, else one line a file.

use std::io::IsTerminal as _;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;
use crate::error::Result;

/// The bars of one command.
#[derive(Debug)]
pub(crate) struct Progress {
    bars: Option<MultiProgress>,
}

/// The bar of one file.
#[derive(Debug, Clone)]
pub(crate) struct Bar(ProgressBar);

impl Progress {
    /// Bars, unless they were declined or nobody would see them.
    pub(crate) fn new(ui: &Ui, declined: bool) -> Self {
        let shown =
            !declined && ui.is_interactive() && !ui.is_json() && std::io::stderr().is_terminal();
        Self {
            bars: shown.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())),
        }
    }

    /// A bar for a file of a known or unknown length.
    pub(crate) fn bar(&self, name: &str, size: Option<u64>) -> Bar {
        let Some(bars) = &self.bars else {
            return Bar(ProgressBar::hidden());
        };
        let bar = bars.add(size.map_or_else(ProgressBar::new_spinner, ProgressBar::new));
        let template = "{prefix:40!} {bar:20} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        Bar(bar)
    }

    /// Says that a file is done: the bar goes, or a line is written where there are no bars.
    pub(crate) fn done(&self, ui: &Ui, what: &str, name: &str, bar: &Bar) -> Result<()> {
        bar.0.finish_and_clear();
        if self.bars.is_some() || ui.is_json() {
            return Ok(());
        }
        ui.line(&format!("{what} {name} ... done!"))
    }

    /// Says on standard error that a file failed.
    pub(crate) fn failed(&self, ui: &Ui, what: &str, name: &str, why: &str, bar: &Bar) {
        bar.0.finish_and_clear();
        let line = format!("{what} {name} failed: {why}");
        match &self.bars {
            Some(bars) => bars.suspend(|| ui.note(&line)),
            None => ui.note(&line),
        }
    }
}

impl Bar {
    /// A bar nobody sees.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Says how long the file turned out to be.
    pub(crate) fn set_length(&self, bytes: u64) {
        self.0.set_length(bytes);
    }

    /// Moves forward.
    pub(crate) fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Starts over, because the transfer does.
    pub(crate) fn reset(&self) {
        self.0.reset();
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
