//! How often each path of each collection changes.

use std::collections::HashMap;

use crate::diff::path::Step;
use crate::diff::{ChangeKind, Diff};
use crate::path::push_key;

/// Number of changes by collection and path; a path is as other options read it, with `[*]` for any element.
#[derive(Debug, Clone, Default)]
pub struct PathCounts {
    counts: Vec<HashMap<Vec<u8>, u64>>,
    total: usize,
    /// Changes of paths that were not added any more.
    further: u64,
    /// A path that is built.
    path: Vec<u8>,
}

/// Number of paths that are counted: objects can have ids or dates as keys.
const MAX_PATHS: usize = 20_000;

impl PathCounts {
    /// Counts the changes of a document in a collection.
    pub fn add(&mut self, collection: usize, diff: &Diff<'_>) {
        let (mut steps, mut path) = (Vec::new(), std::mem::take(&mut self.path));
        for change in &diff.changes {
            if matches!(change.kind, ChangeKind::Respelled | ChangeKind::MovedAway) {
                continue;
            }
            diff.path(change, &mut steps);
            path.clear();
            push_path(&steps, &mut path);
            self.count(collection, &path, 1);
        }
        self.path = path;
    }

    /// Adds other counts, whose collections have other indices.
    pub fn merge(&mut self, other: &PathCounts, index: impl Fn(usize) -> usize) {
        for (collection, counts) in other.counts.iter().enumerate() {
            // In the order of paths, so that those within the limit are the same in every run.
            let mut sorted: Vec<_> = counts.iter().collect();
            if self.total + sorted.len() > MAX_PATHS {
                sorted.sort_unstable();
            }
            for (path, count) in sorted {
                self.count(index(collection), path, *count);
            }
        }
        self.further += other.further;
    }

    /// Every collection, path and number of changes; the most frequent first.
    #[must_use]
    pub fn sorted(&self) -> Vec<(usize, String, u64)> {
        let each = self.counts.iter().enumerate();
        let mut all: Vec<(usize, String, u64)> = each
            .flat_map(|(collection, counts)| {
                counts.iter().map(move |(path, count)| {
                    (
                        collection,
                        String::from_utf8_lossy(path).into_owned(),
                        *count,
                    )
                })
            })
            .collect();
        all.sort_unstable_by(|one, other| {
            let by_count = other.2.cmp(&one.2);
            by_count.then_with(|| (one.0, &one.1).cmp(&(other.0, &other.1)))
        });
        all
    }

    /// Number of changes of paths that are in no count, because there are too many paths.
    #[must_use]
    pub fn further(&self) -> u64 {
        self.further
    }

    /// Removes all counts.
    pub fn clear(&mut self) {
        self.counts.iter_mut().for_each(HashMap::clear);
        (self.total, self.further) = (0, 0);
    }

    fn count(&mut self, collection: usize, path: &[u8], count: u64) {
        if collection >= self.counts.len() {
            self.counts.resize_with(collection + 1, HashMap::new);
        }
        let counts = &mut self.counts[collection];
        if let Some(known) = counts.get_mut(path) {
            *known += count;
        } else if self.total < MAX_PATHS {
            counts.insert(path.to_vec(), count);
            self.total += 1;
        } else {
            self.further += count;
        }
    }
}

fn push_path(steps: &[Step<'_>], out: &mut Vec<u8>) {
    if steps.is_empty() {
        out.push(b'.');
    }
    for (at, step) in steps.iter().enumerate() {
        match *step {
            Step::Key(key) => push_key(key, at == 0, out),
            Step::Both { .. } | Step::New { .. } | Step::Old { .. } => {
                out.extend_from_slice(b"[*]");
            }
        }
    }
}
