//! Bars: by operation in colour, and by sign without.

use std::fmt::Write as _;

use crate::summary::stream::OpCounts;
use crate::view::styles::{Ink, Styles};

/// A bar in one colour, in eighths of a column.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const FULL: &str = "█";

/// Appends the share of `count` in `max` as a bar of up to `width` columns; blocks on a terminal, signs elsewhere.
pub(super) fn push_share(count: u64, max: u64, width: usize, blocks: bool, out: &mut String) {
    let eighths = scaled(count, max, width * 8);
    if blocks {
        out.push_str(&FULL.repeat(eighths / 8));
        out.push_str(EIGHTHS.get(eighths % 8).unwrap_or(&""));
    } else {
        out.push_str(&"#".repeat(eighths.div_ceil(8)));
    }
}

/// Appends the counts as one bar of up to `width` columns, with a part for each operation.
pub(super) fn push_operations(
    counts: &OpCounts,
    max: u64,
    width: usize,
    styles: &Styles,
    out: &mut String,
) {
    let parts = [counts.inserts, counts.updates, counts.removes];
    let columns = scaled(parts.iter().sum(), max, width);
    let inks = [styles.insert, styles.update, styles.remove];
    for ((length, sign), ink) in lengths(parts, columns)
        .into_iter()
        .zip(["+", "~", "-"])
        .zip(inks)
    {
        push_part(sign, length, ink, out);
    }
}

/// Divides columns by counts; a count above 0 has at least one column, if there are enough.
fn lengths(counts: [u64; 3], columns: usize) -> [usize; 3] {
    let all = counts.iter().sum();
    let mut lengths = counts.map(|count| scaled(count, all, columns));
    loop {
        let sum: usize = lengths.iter().sum();
        let Some(largest) = lengths.iter_mut().rev().max() else {
            return lengths;
        };
        if sum > columns {
            *largest -= 1;
        } else {
            *largest += columns - sum;
            return lengths;
        }
    }
}

fn push_part(sign: &str, length: usize, ink: Ink, out: &mut String) {
    if length == 0 {
        return;
    }
    let is_coloured = !ink.on().is_empty();
    let part = if is_coloured { FULL } else { sign }.repeat(length);
    let _ = write!(out, "{ink}{part}{ink:#}");
}

/// `count / max` of `width`, at least 1 for a count above 0.
fn scaled(count: u64, max: u64, width: usize) -> usize {
    scaled_down(count, max, width).max(usize::from(count > 0 && width > 0))
}

fn scaled_down(count: u64, max: u64, width: usize) -> usize {
    let share = u128::from(count) * width as u128;
    let scaled = share.checked_div(u128::from(max)).unwrap_or(0);
    usize::try_from(scaled).unwrap_or(width).min(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_at_least_a_piece() {
        for (count, max, blocks, expected) in [
            (0, 10, true, ""),
            (1, 1_000_000, true, "▏"),
            (1, 1_000_000, false, "#"),
            (5, 10, true, "██"),
            (10, 10, true, "████"),
            (10, 10, false, "####"),
            (u64::MAX, u64::MAX, false, "####"),
        ] {
            let mut bar = String::new();
            push_share(count, max, 4, blocks, &mut bar);
            assert_eq!(bar, expected);
        }
    }

    #[test]
    fn a_bar_has_a_part_for_each_operation() {
        for (inserts, updates, removes, max, expected) in [
            (10, 0, 0, 10, "++++++++++"),
            (5, 3, 2, 10, "+++++~~~--"),
            (1, 98, 1, 100, "+~~~~~~~~-"),
            (0, 1, 0, 1000, "~"),
            (1, 1, 1, 1000, "-"),
            (98, 1, 1, 100, "++++++++~-"),
            (0, 0, 0, 10, ""),
        ] {
            let counts = OpCounts {
                inserts,
                updates,
                removes,
                others: 0,
            };
            let mut bar = String::new();
            push_operations(&counts, max, 10, &Styles::new(false), &mut bar);
            assert_eq!(bar, expected, "{counts:?}");
        }
    }
}
