//! Idle time of a source.

use std::time::{Duration, Instant};

use crate::record::Notice;

/// Measures how long a connected source has delivered no record.
pub(super) struct IdleTimer {
    /// The name of the topic or file, for messages.
    pub name: String,
    /// `None` while records arrive, so that the clock is not read for each of them.
    since: Option<Instant>,
    /// Without a connection, silence says nothing about the topic.
    connected: bool,
    /// Whether a group has not assigned partitions yet: nothing can arrive.
    joining: bool,
    /// Whether the user was told that the run is waiting.
    pub waiting_reported: bool,
}

impl IdleTimer {
    pub(super) fn new(name: String) -> IdleTimer {
        IdleTimer {
            name,
            since: None,
            connected: true,
            joining: false,
            waiting_reported: false,
        }
    }

    /// Counts no idle time before a group's first assignment.
    pub(super) fn await_assignment(&mut self) {
        self.joining = true;
    }

    /// A record arrived.
    pub(super) fn reset(&mut self) {
        self.since = None;
    }

    /// Starts the timer, if it does not run.
    pub(super) fn start(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    pub(super) fn note_connection(&mut self, notice: &Notice) {
        match notice {
            Notice::Disconnected(_) | Notice::StillDisconnected { .. } => self.connected = false,
            Notice::Reconnected => {
                self.since = None;
                self.connected = true;
            }
            Notice::Assigned(_) => {
                self.since = None;
                self.connected = true;
                self.joining = false;
            }
            Notice::TopicReplaced { .. } | Notice::PartitionsAdded(_) => self.since = None,
            Notice::Log(_)
            | Notice::CaptureReading(_)
            | Notice::NoPosition(_)
            | Notice::Joining { .. }
            | Notice::TopicUnverified
            | Notice::PartitionsIgnored(_) => {}
        }
    }

    /// How long nothing arrived over a connection that works.
    pub(super) fn elapsed(&self) -> Duration {
        match self.since {
            Some(since) if self.can_receive() => since.elapsed(),
            _ => Duration::ZERO,
        }
    }

    /// Whether records can arrive: silence then says something about the topic.
    pub(super) fn can_receive(&self) -> bool {
        self.connected && !self.joining
    }
}
