//! Rows as an iterator that reads several at once.

use crate::record::Failure;

/// Rows that are read at once.
const BATCH: u32 = 256;

/// Reads the next rows, at most the given number of them; fewer only at the end.
type Fetch<'r, T> = Box<dyn FnMut(u32) -> Result<Vec<T>, Failure> + 'r>;

/// Rows, read in batches.
pub struct Batches<'r, T> {
    fetch: Fetch<'r, T>,
    batch: std::vec::IntoIter<T>,
    ended: bool,
}

impl<'r, T> Batches<'r, T> {
    pub(super) fn new(fetch: impl FnMut(u32) -> Result<Vec<T>, Failure> + 'r) -> Self {
        Batches {
            fetch: Box::new(fetch),
            batch: Vec::new().into_iter(),
            ended: false,
        }
    }
}

impl<T> Iterator for Batches<'_, T> {
    type Item = Result<T, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.batch.next() {
            return Some(Ok(row));
        }
        if self.ended {
            return None;
        }
        match (self.fetch)(BATCH) {
            Ok(rows) => {
                self.ended = rows.len() < BATCH as usize;
                self.batch = rows.into_iter();
                self.batch.next().map(Ok)
            }
            Err(failure) => {
                self.ended = true;
                Some(Err(failure))
            }
        }
    }
}
