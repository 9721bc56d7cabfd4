//! Reads a bounded source to its end, for commands that summarize its records instead of showing each.

use std::sync::Arc;
use std::time::Duration;

use super::Context;
use super::connect;
use super::tail;
use super::tail::plan::Plan;
use crate::cli;
use crate::kafka::{self, Connection, ReadRange, ReadStopped, Reader, Topic};
use crate::output::{Output, WriteEnd};
use crate::record::time_order::TxnOf;
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

    /// Writes what is ready, after each item.
    ///
    /// # Errors
    /// The exit code, if nothing more has to be read.
    fn write(&mut self, _: &mut Output) -> Result<(), Exit> {
        Ok(())
    }
}

/// How a command reads a topic.
pub(super) struct TopicRead<'t> {
    /// The command's name, for messages.
    pub command: &'static str,
    pub connection: &'t cli::Connection,
    pub plan: &'t Plan,
    /// For one order in time over all partitions.
    pub merge: Option<TxnOf>,
}

/// Reads a topic to its end, without joining a group, so that no other consumer loses a partition.
///
/// # Errors
/// The exit code of a failure that was reported.
pub(super) fn read_topic(
    topic: &TopicRead<'_>,
    visitor: &mut impl Visitor,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let mut connection = connect::kafka(topic.connection, context)?;
    if let Some(group) = connection
        .group
        .take()
        .filter(|_| topic.connection.group.is_some())
    {
        let command = topic.command;
        context.out.note(&format!(
            "not joining group {group}: {command} reads the topic without a group"
        ));
    }
    connection.set_pace(true);
    let mut reader = start_topic(
        connection,
        topic.plan,
        topic.merge,
        &mut |_| Ok(()),
        context,
    )?;
    read_to_end(&mut reader, visitor, false, context)
}

/// Starts to read the range of a plan; `before` sees the topic first.
///
/// # Errors
/// The exit code of a failure that was reported, or of Ctrl-C.
pub(super) fn start_topic(
    connection: Connection,
    plan: &Plan,
    merge: Option<TxnOf>,
    before: &mut dyn FnMut(&Topic) -> Result<(), Failure>,
    context: &mut Context<'_>,
) -> Result<Reader, Exit> {
    let range = ReadRange {
        from: plan.from.clone(),
        stored: None,
        until: plan.until.clone(),
        now: context.env.now.timestamp().as_millisecond(),
        merge,
    };
    let interrupt = Arc::clone(context.interrupt);
    let note = &mut |line: &str| context.out.note(line);
    let started = kafka::connect(connection, interrupt, note).and_then(|topic| {
        before(&topic)?;
        kafka::start(topic, &range)
    });
    started.map_err(|stopped| report_stopped(stopped, context))
}

/// Reports why a topic is not read any more; returns the exit code.
pub(super) fn report_stopped(stopped: ReadStopped, context: &mut Context<'_>) -> Exit {
    match stopped {
        ReadStopped::Interrupted => Exit::Interrupted,
        ReadStopped::Failed(failure) => report(&failure, context),
    }
}

/// The exit code of an output that cannot be written; a pipe whose reader has seen enough is no failure.
pub(super) fn output_end(end: WriteEnd, out: &mut Output) -> Exit {
    match end {
        WriteEnd::Closed => Exit::Success,
        WriteEnd::Failed(error) => {
            out.warn(&format!("writing to standard output: {error}"));
            Exit::Failed
        }
    }
}

/// Reports a failure; returns its exit code.
pub(super) fn report(failure: &Failure, context: &mut Context<'_>) -> Exit {
    context.out.failure(failure);
    failure.exit()
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
            SourceItem::End => return visitor.write(out),
            SourceItem::Failed(failure) => Err(failure),
        };
        if let Err(failure) = result {
            out.failure(&failure);
            return Err(failure.exit());
        }
        visitor.write(out)?;
        records = records.wrapping_add(1);
        if records.is_multiple_of(RECORDS_PER_UPDATE) {
            out.progress(source.progress(), in_bytes);
        }
    }
}
