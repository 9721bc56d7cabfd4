//! Types that sources and commands share: a record, and the items that a source delivers.

mod batch;
pub mod incarnation;
pub mod last_n;
pub mod options;
mod point_in_time;
pub mod position;
pub mod time_order;

use std::borrow::Cow;
use std::time::Duration;

pub use batch::Batch;

use self::incarnation::Incarnation;
use crate::util::exit::Exit;

/// One record as received, borrowed from the source until the next item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// The place of the record.
    pub place: Place<'a>,
    /// When it was written, if the source knows.
    pub time: Option<Timestamp>,
    /// The epoch of the partition's leader that wrote it, if the source knows.
    pub leader_epoch: Option<i32>,
    /// The message key; `None` if there is none (an empty key is `Some`).
    pub key: Option<Cow<'a, [u8]>>,
    /// Message headers in their order, with duplicates.
    pub headers: Vec<Header<'a>>,
    /// The payload's bytes; `None` for a Kafka record without a value (a tombstone).
    pub payload: Option<Cow<'a, [u8]>>,
}

/// The place of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// In a Kafka topic, or in a capture with offsets.
    Offset {
        /// The topic's name.
        topic: &'a str,
        /// The partition, counted from 0.
        partition: i32,
        /// The offset inside the partition.
        offset: i64,
    },
    /// In a capture that names no topic.
    Line {
        /// The file's name as the user gave it; `-` is standard input.
        file: &'a str,
        /// The line, counted from 1.
        line: u64,
        /// The partition, if the line has it.
        partition: Option<i32>,
        /// The offset inside the partition, if the line has it.
        offset: Option<i64>,
    },
    /// Nowhere: the difference of two documents is not a record of a stream.
    Unknown,
}

impl<'a> Place<'a> {
    /// A line without partition and offset.
    #[must_use]
    pub fn line(file: &'a str, line: u64) -> Place<'a> {
        Place::Line {
            file,
            line,
            partition: None,
            offset: None,
        }
    }

    /// Partition and offset, if both are known.
    #[must_use]
    pub fn position(&self) -> Option<(i32, i64)> {
        match *self {
            Place::Offset {
                partition, offset, ..
            } => Some((partition, offset)),
            Place::Line {
                partition, offset, ..
            } => partition.zip(offset),
            Place::Unknown => None,
        }
    }

    /// The partition, if it is known.
    #[must_use]
    pub fn partition(&self) -> Option<i32> {
        match *self {
            Place::Offset { partition, .. } => Some(partition),
            Place::Line { partition, .. } => partition,
            Place::Unknown => None,
        }
    }
}

/// A record's time, and the clock that it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Milliseconds since 1970-01-01 UTC.
    pub millis: i64,
    /// The clock that it was read from.
    pub clock: Clock,
}

/// The clock that a [`Timestamp`] was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clock {
    /// The producer's (`CreateTime`).
    Create,
    /// The broker's (`LogAppendTime`).
    LogAppend,
    /// One of the two; the source does not say which.
    Unknown,
}

/// One message header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// The header's name.
    pub name: Cow<'a, str>,
    /// Its value; `None` for a null value.
    pub value: Option<Cow<'a, [u8]>>,
}

/// One item of a source.
#[derive(Debug)]
pub enum SourceItem<'a> {
    /// A record.
    Record(Record<'a>),
    /// Expected records no longer exist.
    OffsetGap(OffsetGap),
    /// A message for the user; reading continues.
    Notice(Notice),
    /// Nothing arrived within the wait: a good moment to flush.
    Idle,
    /// Ctrl-C.
    Interrupted,
    /// A bounded read is complete.
    End,
    /// Reading cannot continue.
    Failed(Failure),
}

/// A gap in the offsets: the next record to read no longer exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetGap {
    /// The topic's name.
    pub topic: String,
    /// The partition, counted from 0.
    pub partition: i32,
    /// The offset that was to be read next.
    pub wanted: i64,
    /// The oldest offset that still exists, where reading continues; 0 if the partition is gone.
    pub resumed: i64,
    /// The reason of the gap.
    pub why: GapReason,
}

/// Why offsets cannot be read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapReason {
    /// Retention removed the records before they were read.
    Retention,
    /// The partition ends before the offset: the topic was re-created, or its newest records were lost.
    Rewound,
    /// The topic no longer has this partition: it was re-created.
    Gone,
    /// The broker deleted the positions of a running group, as it does with the topic.
    PositionsDeleted,
    /// The topic was deleted and created again: the offset belongs to the earlier topic.
    Recreated,
    /// Retention removed records that may have come after this transaction.
    PossiblyAfterTxn(u64),
}

impl OffsetGap {
    /// A gap in a partition of `topic`: `wanted` no longer exists, and reading continues at `resumed`.
    #[must_use]
    pub fn new(
        topic: &str,
        partition: i32,
        wanted: i64,
        resumed: i64,
        why: GapReason,
    ) -> OffsetGap {
        let topic = topic.to_owned();
        OffsetGap {
            topic,
            partition,
            wanted,
            resumed,
            why,
        }
    }

    /// Which records are lost and why, without a prefix such as "gap:".
    #[must_use]
    pub fn message(&self) -> String {
        let place = format!("{} partition {}", self.topic, self.partition);
        match self.why {
            GapReason::Retention => format!(
                "offsets {} to {} of {place} are lost: retention removed them before they were read",
                self.wanted,
                self.resumed - 1
            ),
            GapReason::Rewound => format!(
                "{place} ends before offset {}: the topic was re-created, or its newest records were lost",
                self.wanted
            ),
            GapReason::PositionsDeleted => format!(
                "the group's position {} in {place} was deleted by the broker: the topic was re-created",
                self.wanted
            ),
            GapReason::PossiblyAfterTxn(txn) => format!(
                "{place} has no record at or before transaction {txn} any more, and the records that retention removed before offset {} may be newer",
                self.resumed
            ),
            GapReason::Recreated => format!(
                "{place} is not the one that was read up to offset {}: the topic was deleted and created again, and what was not read before is lost",
                self.wanted
            ),
            GapReason::Gone => format!(
                "{place} no longer exists (it was read up to offset {}): the topic was re-created",
                self.wanted
            ),
        }
    }
}

/// A non-fatal event of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The connection is lost, and the source keeps trying; with the library's message.
    Disconnected(String),
    /// There is still no connection; with the library's latest message.
    StillDisconnected {
        /// Time since the first error.
        since: Duration,
        /// The library's message.
        reason: String,
    },
    /// The connection is back.
    Reconnected,
    /// The group assigned this many partitions to this member.
    Assigned(usize),
    /// The group had no position in some of the assigned partitions.
    NoPosition(NoPosition),
    /// The group has not assigned partitions yet.
    Joining {
        /// The group's name.
        group: String,
        /// The library's last message about it.
        error: Option<String>,
    },
    /// The topic was deleted and created again; its ids, as far as the brokers send them.
    TopicReplaced {
        /// The id of the topic that was read.
        before: Option<String>,
        /// The id of the topic that is read now.
        now: Option<String>,
    },
    /// It cannot be determined whether the topic was deleted and created again.
    TopicUnverified,
    /// Partitions that were added to the topic, and are read from their first record.
    PartitionsAdded(Vec<i32>),
    /// Partitions that were added to the topic, and are not read, because the user named the partitions to read.
    PartitionsIgnored(Vec<i32>),
    /// How an ambiguous or converted capture is read.
    CaptureReading(String),
    /// A line of the library's log.
    Log(String),
}

/// Partitions in which a group had no position, and where reading starts in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPosition {
    /// The group's name.
    pub group: String,
    /// The topic's name.
    pub topic: String,
    /// The partitions.
    pub partitions: Vec<i32>,
    /// Where reading starts.
    pub start: StartedAt,
    /// About how many records are before that.
    pub unread: u64,
}

/// Where reading starts in partitions without a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedAt {
    /// At the first record, because the group is new.
    Beginning,
    /// At the end, because the group is new.
    End,
    /// After a snapshot, because the group is new.
    Snapshot,
    /// At the first record, because the group has positions in other partitions.
    FirstRecordOfAddedPartition,
}

/// Why a source cannot continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Determines the exit code.
    pub class: FailureClass,
    /// What was done, to what, and why it failed; one line.
    pub what: String,
    /// What to do next, if known.
    pub fix: Option<String>,
    /// The original message of the library or the system.
    pub raw: Option<String>,
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.class {
            FailureClass::Read => Exit::Failed,
            FailureClass::Setup => Exit::Setup,
            FailureClass::Gap => Exit::Gap,
        }
    }
}

/// Classes of [`Failure`], one per exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The server or a file failed while it was being read.
    Read,
    /// Configuration, certificates, authorization, or no server reachable.
    Setup,
    /// A gap in a stream that must be complete.
    Gap,
}

/// Progress of a bounded read, in records or bytes, depending on the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Amount read.
    pub done: u64,
    /// Amount to read; `None` if unknown (a pipe, a live stream).
    pub total: Option<u64>,
}

/// A source of records: a Kafka topic or a capture file.
pub trait Source {
    /// The next item. Waits at most `wait` before it returns [`SourceItem::Idle`].
    fn next(&mut self, wait: Duration) -> SourceItem<'_>;

    /// Progress of a bounded read.
    fn progress(&self) -> Progress;

    /// The offsets from which a later run delivers exactly what this run has not delivered: each partition with its
    /// next offset. Empty if the source has no offsets.
    fn positions(&self) -> Vec<(i32, i64)> {
        Vec::new()
    }

    /// The topic that the positions belong to.
    fn incarnation(&self) -> Incarnation {
        Incarnation::default()
    }

    /// Whether everything so far came from one topic, as far as the brokers say. If not, further items follow.
    fn confirm(&mut self) -> bool {
        true
    }

    /// Whether the source has positions to commit, so that the output should be flushed now.
    fn needs_commit(&self) -> bool {
        false
    }

    /// Keeps the committed position of a partition at a gap, so that the next run finds it again.
    fn hold(&mut self, _partition: i32, _offset: i64) {}

    /// Acknowledges that all delivered records are processed, but for those of each partition from these offsets on; `last`
    /// means that no more will be read.
    ///
    /// # Errors
    /// A [`Failure`] if the source could not commit its positions.
    fn acknowledge(&mut self, _unfinished: &[(i32, i64)], _last: bool) -> Result<(), Failure> {
        Ok(())
    }

    /// Keeps the connection alive while records that were delivered are processed. Delivers nothing.
    ///
    /// # Errors
    /// A [`Failure`] of the connection.
    fn keep_alive(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}
