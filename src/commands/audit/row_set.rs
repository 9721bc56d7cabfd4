//! A set of row numbers, most of which are close together.

use std::collections::HashMap;

/// Rows of one block.
const BLOCK_ROWS: i64 = 1 << 16;
const WORDS: usize = 1 << 10;

/// A set of row numbers: one bit for each row of the blocks that have any.
#[derive(Default)]
pub(super) struct RowSet {
    blocks: HashMap<i64, Box<[u64; WORDS]>>,
    count: u64,
}

impl RowSet {
    pub fn insert(&mut self, row: i64) {
        let (block, word, bit) = place(row);
        let words = self
            .blocks
            .entry(block)
            .or_insert_with(|| Box::new([0; WORDS]));
        if let Some(word) = words.get_mut(word) {
            self.count += u64::from(*word & bit == 0);
            *word |= bit;
        }
    }

    pub fn contains(&self, row: i64) -> bool {
        let (block, word, bit) = place(row);
        let words = self.blocks.get(&block);
        words
            .and_then(|words| words.get(word))
            .is_some_and(|word| word & bit != 0)
    }

    /// Number of rows.
    pub fn len(&self) -> u64 {
        self.count
    }

    pub fn clear(&mut self) {
        *self = RowSet::default();
    }
}

/// Block, word in it, and bit of a row.
fn place(row: i64) -> (i64, usize, u64) {
    let inside = usize::try_from(row.rem_euclid(BLOCK_ROWS)).unwrap_or_default();
    (row.div_euclid(BLOCK_ROWS), inside / 64, 1 << (inside % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_number_are_kept_apart() {
        let rows = [i64::MIN, -65537, -1, 0, 1, 63, 64, 65535, 65536, i64::MAX];
        let mut set = RowSet::default();
        for (before, row) in rows.into_iter().enumerate() {
            assert!(!set.contains(row), "{row}");
            set.insert(row);
            set.insert(row);
            assert_eq!(set.len(), before as u64 + 1);
        }
        assert!(rows.into_iter().all(|row| set.contains(row)));
        assert!(
            [2, 62, 65, 65534, 65537, -2]
                .into_iter()
                .all(|row| !set.contains(row))
        );
        set.clear();
        assert!(set.len() == 0 && !set.contains(0));
    }
}
