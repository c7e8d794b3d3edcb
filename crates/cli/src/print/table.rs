//! Tables for people: columns as wide as what is in them, two spaces between.

use unicode_width::UnicodeWidthStr;

use crate::failure::Result;
use crate::print::{Printer, colour};

/// On which side a column is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A cell: its text, with and without colour.
struct Cell {
    painted: String,
    width: usize,
}

/// Rows gathered until they are printed; widths come from what was gathered.
pub(crate) struct Table<'a> {
    printer: &'a Printer,
    align: &'a [Align],
    head: Option<&'a [&'a str]>,
    rows: Vec<Vec<Cell>>,
    row: Vec<Cell>,
}

impl<'a> Table<'a> {
    /// A table without a head.
    pub(crate) fn new(printer: &'a Printer, align: &'a [Align]) -> Self {
        Self {
            printer,
            align,
            head: None,
            rows: Vec::new(),
            row: Vec::new(),
        }
    }

    /// A table whose columns are named.
    pub(crate) fn with_head(printer: &'a Printer, align: &'a [Align], head: &'a [&'a str]) -> Self {
        Self {
            head: Some(head),
            ..Self::new(printer, align)
        }
    }

    /// Adds a cell to the row.
    pub(crate) fn cell(&mut self, style: anstyle::Style, text: &str) -> &mut Self {
        self.row.push(Cell {
            painted: self.printer.paint(style, text),
            width: text.width(),
        });
        self
    }

    /// Adds a plain cell to the row.
    pub(crate) fn plain(&mut self, text: &str) -> &mut Self {
        self.cell(colour::PLAIN, text)
    }

    /// Ends the row.
    pub(crate) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// How many rows were gathered.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Prints what was gathered; the head is printed once.
    pub(crate) fn print(&mut self) -> Result<()> {
        if let Some(head) = self.head.take() {
            for name in head {
                self.cell(colour::DIM, name);
            }
            let row = std::mem::take(&mut self.row);
            self.rows.insert(0, row);
        }
        let widths = self.widths();
        for row in std::mem::take(&mut self.rows) {
            self.printer.line(self.text(&row, &widths))?;
        }
        Ok(())
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.align.len()];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width);
            }
        }
        widths
    }

    fn text(&self, row: &[Cell], widths: &[usize]) -> String {
        let mut line = String::new();
        for (i, ((cell, width), align)) in row.iter().zip(widths).zip(self.align).enumerate() {
            if i > 0 {
                line.push_str("  ");
            }
            let gap = " ".repeat(width - cell.width);
            match align {
                Align::Right => line.push_str(&gap),
                Align::Left => {}
            }
            line.push_str(&cell.painted);
            if *align == Align::Left && i + 1 < row.len() {
                line.push_str(&gap);
            }
        }
        line
    }
}

/// Arranges names in as many columns as the width takes, filled downwards. Each comes as (plain, painted).
pub(crate) fn columns(names: &[(String, String)], width: usize) -> Vec<String> {
    let widths: Vec<usize> = names.iter().map(|(plain, _)| plain.width()).collect();
    // No column is narrower than one letter and the gap, so there are never more than this many.
    let most = (width / 3 + 1).min(names.len().max(1));
    let rows = (1..=most)
        .rev()
        .map(|columns| names.len().div_ceil(columns))
        .find(|rows| column_widths(&widths, *rows).iter().map(|w| w + 2).sum::<usize>() <= width + 2)
        .unwrap_or(names.len());
    let each = column_widths(&widths, rows);
    (0..rows.min(names.len()))
        .map(|row| {
            let mut line = String::new();
            let mut owed = 0;
            for (column, index) in (row..names.len()).step_by(rows).enumerate() {
                line.push_str(&" ".repeat(owed));
                line.push_str(&names[index].1);
                owed = each[column] - widths[index] + 2;
            }
            line
        })
        .collect()
}

fn column_widths(widths: &[usize], rows: usize) -> Vec<usize> {
    widths
        .chunks(rows.max(1))
        .map(|c| c.iter().copied().max().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(names: &[&str]) -> Vec<(String, String)> {
        names.iter().map(|n| (n.to_string(), n.to_string())).collect()
    }

    #[test]
    fn names_fill_the_width_downwards() {
        let names = same(&["a", "bb", "ccc", "d", "e"]);
        assert_eq!(columns(&names, 80), ["a  bb  ccc  d  e"]);
        assert_eq!(columns(&names, 10), ["a   ccc  e", "bb  d"]);
        assert_eq!(columns(&names, 1), ["a", "bb", "ccc", "d", "e"]);
        assert!(columns(&[], 80).is_empty());
    }
}
