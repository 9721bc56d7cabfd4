//! A table whose columns are as wide as their cells; if the line is too short, columns are left out.

use std::fmt::Write as _;

use super::line::{columns, truncate};
use super::styles::Ink;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub header: &'static str,
    /// Numbers are aligned right.
    pub right: bool,
    /// Of too many columns, that with the highest rank is left out first; 0 for never.
    pub rank: u8,
}

impl Column {
    /// A column of words that is never left out.
    pub const fn text(header: &'static str) -> Column {
        Column {
            header,
            right: false,
            rank: 0,
        }
    }

    /// A column of numbers.
    pub const fn number(header: &'static str, rank: u8) -> Column {
        Column {
            header,
            right: true,
            rank,
        }
    }
}

/// A cell, safe to print.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub text: String,
    pub ink: Ink,
}

/// Rows of cells. The first column is cut if nothing else helps.
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    header_ink: Ink,
}

/// Columns between two cells.
const GAP: usize = 2;
/// Columns are left out only if the first one is cut to this width and the line is still too long.
const COMMON_NAME_COLUMNS: usize = 16;
/// The first column is not cut below this width.
const MIN_NAME_COLUMNS: usize = 8;
/// Bars are drawn if at least this many columns are left.
const MIN_BAR_COLUMNS: usize = 8;
/// A longer bar says no more.
const MAX_BAR_COLUMNS: usize = 40;

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell {
            text,
            ink: Ink::default(),
        }
    }
}

impl Table {
    pub fn new(columns: &[Column], header_ink: Ink) -> Table {
        Table {
            columns: columns.to_vec(),
            rows: Vec::new(),
            header_ink,
        }
    }

    /// Adds a row with a cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Appends the table. `bar` draws a bar of a row in a number of columns, behind the last one.
    pub fn push(mut self, width: usize, bar: impl Fn(usize, usize) -> String, out: &mut String) {
        let mut widths = self.widths();
        let name = widths.first().copied().unwrap_or(0);
        if let Some(first) = widths.first_mut() {
            *first = name.min(COMMON_NAME_COLUMNS);
        }
        while total(&widths) > width {
            let Some(dropped) = self.dropped() else { break };
            self.columns.remove(dropped);
            widths.remove(dropped);
            self.rows.iter_mut().for_each(|row| {
                row.remove(dropped);
            });
        }
        let others = total(&widths) - widths.first().copied().unwrap_or(0);
        if let Some(first) = widths.first_mut() {
            *first = name.min(width.saturating_sub(others).max(MIN_NAME_COLUMNS));
        }
        let bar_columns = width.saturating_sub(total(&widths) + GAP);
        let header: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| Cell {
                text: column.header.to_owned(),
                ink: self.header_ink,
            })
            .collect();
        self.line(&header, &widths, "", out);
        for (at, row) in self.rows.iter().enumerate() {
            let bar = if bar_columns >= MIN_BAR_COLUMNS {
                bar(at, bar_columns.min(MAX_BAR_COLUMNS))
            } else {
                String::new()
            };
            self.line(row, &widths, &bar, out);
        }
    }

    fn widths(&self) -> Vec<usize> {
        let of_column = |at: usize| {
            let cells = self.rows.iter().filter_map(move |row| row.get(at));
            cells.map(|cell| columns(&cell.text)).max().unwrap_or(0)
        };
        let headers = self.columns.iter().map(|column| columns(column.header));
        let wider = headers.enumerate();
        wider
            .map(|(at, header)| header.max(of_column(at)))
            .collect()
    }

    /// The index of the column that is left out next.
    fn dropped(&self) -> Option<usize> {
        let ranked = self.columns.iter().enumerate();
        let ranked = ranked.filter(|(_, column)| column.rank > 0);
        ranked
            .max_by_key(|(_, column)| column.rank)
            .map(|(at, _)| at)
    }

    fn line(&self, cells: &[Cell], widths: &[usize], bar: &str, out: &mut String) {
        let begin = out.len();
        for (at, (cell, column)) in cells.iter().zip(&self.columns).enumerate() {
            let width = widths.get(at).copied().unwrap_or(0);
            let text = truncate(&cell.text, width, false);
            let blanks = " ".repeat(width.saturating_sub(columns(&text)));
            let gap = if at > 0 { "  " } else { "" };
            let (before, after) = if column.right {
                (blanks.as_str(), "")
            } else {
                ("", blanks.as_str())
            };
            let _ = write!(out, "{gap}{before}{0}{text}{0:#}{after}", cell.ink);
        }
        if !bar.is_empty() {
            out.push_str("  ");
            out.push_str(bar);
        }
        out.truncate(begin.max(out.trim_end_matches(' ').len()));
        out.push('\n');
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}
