//! Why the main loop stopped.

use std::io;

use crate::kafka::ReadStopped;
use crate::output::WriteEnd;
use crate::record::Failure;

/// Why the main loop stopped.
#[derive(Debug)]
pub(super) enum StopReason {
    /// `--limit` or `--last` is reached.
    Complete,
    /// The source has no more records; another source may follow.
    SourceEnded,
    /// The reader of standard output has closed the pipe.
    OutputClosed,
    /// `--timeout` is over.
    TimedOut,
    /// Ctrl-C.
    Interrupted,
    /// A gap, with `--on-gap stop`.
    Gap,
    /// The command of an event has failed for the last time, with `--exec`.
    CommandFailed,
    /// The source failed.
    SourceFailed(Failure),
    /// Writing to standard output failed.
    OutputFailed(io::Error),
}

impl From<WriteEnd> for StopReason {
    fn from(ended: WriteEnd) -> Self {
        match ended {
            WriteEnd::Closed => StopReason::OutputClosed,
            WriteEnd::Failed(error) => StopReason::OutputFailed(error),
        }
    }
}

impl From<ReadStopped> for StopReason {
    fn from(stopped: ReadStopped) -> Self {
        match stopped {
            ReadStopped::Interrupted => StopReason::Interrupted,
            ReadStopped::Failed(failure) => StopReason::SourceFailed(failure),
        }
    }
}

impl From<Failure> for StopReason {
    fn from(failure: Failure) -> Self {
        StopReason::SourceFailed(failure)
    }
}
