//! Reads a bounded source to its end, for commands that summarize its records instead of showing each.

use std::time::Duration;

use super::Context;
use super::tail;
use crate::output::Output;
use crate::record::{Failure, OffsetGap, Record, Source, SourceItem};
use crate::util::exit::Exit;

/// Timeout of a poll; Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// Number of records between two updates of the progress.
const RECORDS_PER_UPDATE: u32 = 4096;

/// Receives the items of a source.
pub(super) trait Visitor {
    /// A record.
    ///
    /// # Errors
    /// A [`Failure`] ends the read.
    fn record(&mut self, record: &Record<'_>) -> Result<(), Failure>;

    /// Records that no longer exist.
    fn offset_gap(&mut self, gap: &OffsetGap);
}

/// Reads a source to its end.
///
/// # Errors
/// The exit code of a failure that was reported.
pub(super) fn read_to_end(
    source: &mut dyn Source,
    visitor: &mut impl Visitor,
    in_bytes: bool,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let result = read(source, visitor, in_bytes, context.out);
    context.out.end_progress();
    result
}

fn read(
    source: &mut dyn Source,
    visitor: &mut impl Visitor,
    in_bytes: bool,
    out: &mut Output,
) -> Result<(), Exit> {
    let mut records = 0_u32;
    loop {
        let result = match source.next(POLL_TIMEOUT) {
            SourceItem::Record(record) => visitor.record(&record),
            SourceItem::OffsetGap(gap) => {
                visitor.offset_gap(&gap);
                Ok(())
            }
            SourceItem::Notice(notice) => {
                tail::report_notice(&notice, out);
                Ok(())
            }
            SourceItem::Idle => Ok(()),
            SourceItem::Interrupted => return Err(Exit::Interrupted),
            SourceItem::End => return Ok(()),
            SourceItem::Failed(failure) => Err(failure),
        };
        if let Err(failure) = result {
            out.failure(&failure);
            return Err(failure.exit());
        }
        records = records.wrapping_add(1);
        if records.is_multiple_of(RECORDS_PER_UPDATE) {
            out.progress(source.progress(), in_bytes);
        }
    }
}
