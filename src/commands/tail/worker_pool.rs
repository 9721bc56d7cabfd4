//! Worker pool of `tail`: its threads filter and render batches of records.

use super::checkpoint::ReadPositions;
use super::render::{Rendered, Renderer};
use crate::commands::batch_pool::{BatchPool, BatchWork, Processed};
use crate::event::filter_stats::FilterStats;
use crate::record::Batch;

/// The workers that render, and what they render.
pub(super) type WorkerPool = BatchPool<Renderer>;

/// A batch of records and, after a worker had it, their rendering.
pub(super) type RenderedBatch = Processed<RenderedRecords>;

/// The rendering of the records of a batch.
#[derive(Default)]
pub(in crate::commands) struct RenderedRecords {
    /// The output of all records, concatenated.
    pub text: Vec<u8>,
    /// One for each record.
    pub outcomes: Vec<Outcome>,
    /// Statistics of the filter, to which a worker adds its records; `None` if they are not wanted.
    pub stats: Option<FilterStats>,
    /// The source's positions after the last record, if they are saved.
    pub positions: Option<ReadPositions>,
}

/// The result for one record of a batch.
pub(in crate::commands) struct Outcome {
    pub rendered: Rendered,
    /// From [`Renderer::describe`].
    pub description: String,
    /// Partition and offset, if the record has them.
    pub place: Option<(i32, i64)>,
    /// The end of the record's output in the batch's text.
    pub text_end: usize,
}

/// A larger text buffer is freed instead of reused.
const MAX_REUSED_BUFFER: usize = 4 << 20;

impl BatchWork for Renderer {
    type Output = RenderedRecords;

    fn process(&self, batch: &Batch, output: &mut RenderedRecords) {
        for record in batch.records() {
            let outcome = self.render(&record, &mut output.text, output.stats.as_mut());
            output.outcomes.push(Outcome {
                rendered: outcome,
                description: self.describe(outcome, &record),
                place: record.place.position(),
                text_end: output.text.len(),
            });
        }
    }

    fn recycle(output: &mut RenderedRecords) -> bool {
        output.text.clear();
        output.outcomes.clear();
        output.text.capacity() <= MAX_REUSED_BUFFER
    }
}

impl RenderedRecords {
    /// Whether no record needs a message.
    pub(super) fn needs_no_messages(&self) -> bool {
        let mut outcomes = self.outcomes.iter();
        outcomes.all(|one| matches!(one.rendered, Rendered::Hidden | Rendered::Shown(_)))
    }
}
