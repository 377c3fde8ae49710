//! Lists: a box on a terminal, tab-separated rows in a pipe.

use std::fmt::Write as _;

use super::Ui;
use crate::error::Result;

/// Rows below a header.
#[derive(Debug, Default)]
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(header: &[&'static str]) -> Self {
        Self {
            header: header.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes the table and the empty line below it.
    pub(crate) fn write(&self, ui: &Ui) -> Result<()> {
        ui.text(&if ui.is_interactive() {
            self.boxed()
        } else {
            self.tabbed()
        })?;
        ui.line("")
    }

    fn tabbed(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            _ = writeln!(text, "{}", row.join("\t"));
        }
        text
    }

    fn boxed(&self) -> String {
        let mut widths: Vec<usize> = self
            .header
            .iter()
            .map(|cell| cell.chars().count())
            .collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut rule = String::from("+");
        for width in &widths {
            _ = write!(rule, "{}+", "-".repeat(width + 2));
        }
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut text = String::from("|");
            for (cell, width) in cells.zip(&widths) {
                _ = write!(text, " {} |", super::pad(cell, *width));
            }
            text
        };
        let header: Vec<String> = self.header.iter().map(|cell| cell.to_uppercase()).collect();
        let mut text = format!("{rule}\n");
        _ = writeln!(
            text,
            "{}\n{rule}",
            line(&mut header.iter().map(String::as_str))
        );
        for row in &self.rows {
            _ = writeln!(text, "{}", line(&mut row.iter().map(String::as_str)));
        }
        _ = writeln!(text, "{rule}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["Tag", "Commit ID"]);
        table.row(vec!["v1".into(), "abc".into()]);
        table.row(vec!["żółw".into(), "d".into()]);
        table
    }

    #[test]
    fn piped_rows_are_separated_by_tabs_and_have_no_header() {
        assert_eq!(table().tabbed(), "v1\tabc\nżółw\td\n");
    }

    #[test]
    fn a_box_is_as_wide_as_its_widest_cell() {
        let text = "+------+-----------+\n\
                    | TAG  | COMMIT ID |\n\
                    +------+-----------+\n\
                    | v1   | abc       |\n\
                    | żółw | d         |\n\
                    +------+-----------+\n";
        assert_eq!(table().boxed(), text);
    }
}
