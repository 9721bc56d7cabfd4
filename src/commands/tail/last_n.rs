//! The last N records (`--last N`, `--from -N` of a capture): rendered when read, written once the end is known.

use std::collections::VecDeque;

use super::plan::Plan;
use super::render::{Rendered, Renderer};
use crate::event::filter_stats::FilterStats;
use crate::record::Record;
use crate::record::position::Position;

/// A rendered record that may turn out to be among the last N.
pub(super) struct BufferedRecord {
    pub rendered: Rendered,
    pub text: Vec<u8>,
    /// From [`Renderer::describe`].
    pub description: String,
}

impl BufferedRecord {
    /// Filters and renders a record; `None` if it does not count as one of the last.
    pub(super) fn render(
        plan: &Plan,
        renderer: &Renderer,
        record: &Record<'_>,
        stats: Option<&mut FilterStats>,
    ) -> Option<BufferedRecord> {
        let mut text = Vec::new();
        let outcome = renderer.render(record, &mut text, stats);
        // `--from -100` of a capture counts before the filters; for a topic it is resolved to offsets.
        let counts_hidden = matches!(plan.from, Position::Back(_)) && plan.last.is_none();
        (outcome != Rendered::Hidden || counts_hidden).then(|| BufferedRecord {
            rendered: outcome,
            text,
            description: renderer.describe(outcome, record),
        })
    }
}

/// The newest `capacity` items by time, the oldest first; items of equal time in the order pushed.
#[derive(Debug)]
pub(super) struct LastN<T> {
    capacity: usize,
    items: VecDeque<(i64, T)>,
}

impl<T> LastN<T> {
    pub(super) fn new(capacity: usize) -> LastN<T> {
        LastN {
            capacity,
            items: VecDeque::new(),
        }
    }

    /// Pushes an item with its time in milliseconds; without a time it ranks with the newest item so far.
    pub(super) fn push(&mut self, time_ms: Option<i64>, item: T) {
        let newest = self.items.back().map_or(i64::MIN, |(time, _)| *time);
        let time = time_ms.unwrap_or(newest);
        let at = self.items.partition_point(|(other, _)| *other <= time);
        if self.items.len() < self.capacity {
            self.items.insert(at, (time, item));
        } else if at > 0 {
            self.items.insert(at, (time, item));
            self.items.pop_front();
        }
    }

    /// The items, the oldest first.
    pub(super) fn into_iter(self) -> impl Iterator<Item = T> {
        self.items.into_iter().map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_go_by_time_then_by_order() {
        for (pushed, expected) in [
            (&[(Some(1), 'a'), (Some(3), 'b'), (Some(2), 'c')][..], "cb"),
            (&[(None, 'a'), (None, 'b'), (None, 'c')], "bc"),
            (&[(Some(5), 'a'), (None, 'b'), (Some(5), 'c')], "bc"),
            (&[(Some(5), 'a'), (Some(6), 'b'), (Some(1), 'c')], "ab"),
            (&[(Some(5), 'a')], "a"),
        ] {
            let mut last = LastN::new(2);
            for (time, item) in pushed {
                last.push(*time, *item);
            }
            assert_eq!(last.into_iter().collect::<String>(), expected);
        }
    }
}
