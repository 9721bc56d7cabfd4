//! The vocabulary that sources and commands share: a record, and the steps in which a source delivers.
//! No type of a Kafka library appears here, and nothing here knows what a Ditto event is.

mod batch;
pub mod position;

use std::borrow::Cow;
use std::time::Duration;

pub use batch::Batch;

use crate::util::exit::Exit;

/// One record as it was found, borrowed from the source until the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where the record was found.
    pub place: Place<'a>,
    /// When it was written, if the source knows.
    pub time: Option<Timestamp>,
    /// The message key; `None` where there is none (an empty key is `Some`).
    pub key: Option<Cow<'a, [u8]>>,
    /// Message headers in their order, duplicates kept.
    pub headers: Vec<Header<'a>>,
    /// The payload's bytes; `None` for a Kafka record without a value (a tombstone).
    pub payload: Option<Cow<'a, [u8]>>,
}

/// Where a record was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// In a Kafka topic, or in a capture that kept the position.
    Offset {
        /// The topic's name.
        topic: &'a str,
        /// The partition, counted from 0.
        partition: i32,
        /// The offset inside the partition.
        offset: i64,
    },
    /// In a capture that kept no position.
    Line {
        /// The file's name as the user gave it; `-` is standard input.
        file: &'a str,
        /// The line, counted from 1.
        line: u64,
    },
}

/// A record's time and who set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Milliseconds since 1970-01-01 UTC.
    pub millis: i64,
    /// Whose clock it was.
    pub clock: Clock,
}

/// Whose clock a [`Timestamp`] was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clock {
    /// The producer's (`CreateTime`).
    Create,
    /// The broker's (`LogAppendTime`).
    LogAppend,
}

/// One message header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// The header's name.
    pub name: Cow<'a, str>,
    /// Its value; `None` for a null value.
    pub value: Option<Cow<'a, [u8]>>,
}

/// One thing that a source has to say. The main loop is one `match` over this.
#[derive(Debug)]
pub enum Step<'a> {
    /// A record.
    Record(Record<'a>),
    /// Records that were expected are gone: retention overtook the position.
    Lost(Lost),
    /// Something a person should hear; reading goes on.
    Notice(Notice),
    /// Nothing arrived within the wait: a good moment to flush.
    Idle,
    /// The user asked to stop.
    Interrupted,
    /// A bounded read is complete.
    End,
    /// Reading cannot go on.
    Failed(Failure),
}

/// A position that is no longer there, and with it what was to be read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The topic's name.
    pub topic: String,
    /// The partition, counted from 0.
    pub partition: i32,
    /// The offset that was to be read next.
    pub wanted: i64,
    /// The oldest offset that is still there, where reading goes on; 0 where the partition is gone.
    pub resumed: i64,
    /// How that can be.
    pub why: Loss,
}

/// Why a position is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Retention removed the records before they were read.
    Retention,
    /// The partition ends before the position: the topic was made anew, or its newest records were lost.
    Rewound,
    /// The topic no longer has this partition: it was made anew.
    Gone,
    /// Retention removed records of which nobody can tell whether they came behind this transaction.
    Behind(u64),
}

impl Lost {
    /// Which records are lost and why, in words that need no more than "gap:" before them.
    #[must_use]
    pub fn told(&self) -> String {
        let place = format!("{} p{}", self.topic, self.partition);
        match self.why {
            Loss::Retention => format!(
                "the offsets {} to {} of {place} are lost: retention removed them before they were read",
                self.wanted,
                self.resumed - 1
            ),
            Loss::Rewound => format!(
                "{place} ends before the position {}: the topic was made anew, or its newest records were lost",
                self.wanted
            ),
            Loss::Behind(txn) => format!(
                "of {place} nothing at or before transaction {txn} is left, and what retention removed before the offset {} may have come behind it",
                self.resumed
            ),
            Loss::Gone => format!(
                "{place} is no longer there, which was read up to the offset {}: the topic was made anew",
                self.wanted
            ),
        }
    }
}

/// Something that happened to the source and did not end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The connection is gone; the source keeps trying. Carries the library's words.
    Disconnected(String),
    /// The connection is back.
    Reconnected,
    /// A group gave us this many partitions to read.
    Assigned(usize),
    /// A line of the library's log.
    Log(String),
}

/// Why a source cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which exit code it means.
    pub class: FailureClass,
    /// What was being done, to what, and why it failed; one line.
    pub what: String,
    /// What to do next, if that is known.
    pub fix: Option<String>,
    /// The library's or the system's own words.
    pub raw: Option<String>,
}

impl Failure {
    /// The exit code that it means.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.class {
            FailureClass::Read => Exit::Failed,
            FailureClass::Setup => Exit::Setup,
            FailureClass::Gap => Exit::Gap,
        }
    }
}

/// The kinds of [`Failure`] that differ in their exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The server or a file failed while it was being read.
    Read,
    /// Configuration, certificates, authorisation, or nobody reachable.
    Setup,
    /// What was to be relied on has a gap.
    Gap,
}

/// How far a bounded read has come, in records or bytes, whichever the source counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// How much was read.
    pub done: u64,
    /// How much there is to read; `None` where nobody knows (a pipe, a live stream).
    pub total: Option<u64>,
}

/// Where records come from: a Kafka topic or a capture file.
pub trait Source {
    /// The next step. Waits at most `wait` before it says [`Step::Idle`].
    fn next(&mut self, wait: Duration) -> Step<'_>;

    /// How far a bounded read has come.
    fn progress(&self) -> Progress;

    /// Where a later run has to start so that everything delivered is behind it and nothing else: each partition
    /// with its next offset. Empty where the source has no positions.
    fn positions(&self) -> Vec<(i32, i64)> {
        Vec::new()
    }

    /// Whether it is time to write and flush what was delivered, since the source has positions to store.
    fn is_due(&self) -> bool {
        false
    }

    /// Everything delivered so far has been written and flushed; `last` says that no more will be asked for.
    ///
    /// # Errors
    /// A [`Failure`] where the source keeps positions and could not store them.
    fn delivered(&mut self, _last: bool) -> Result<(), Failure> {
        Ok(())
    }
}
