//! What was applied: messages, and a line that is updated in a terminal.

use std::time::{Duration, Instant};

use crate::commands::Context;
use crate::mirror::Applied;
use crate::record::Progress;
use crate::util::text::plural;
use crate::view::WallClock;

/// Interval of messages about changes that were applied.
const MESSAGE_INTERVAL: Duration = Duration::from_secs(60);

/// What was applied since the start, and since the last message.
pub(super) struct Account {
    /// Changes that were applied since the start.
    total: u64,
    /// The time of the newest change, in milliseconds since 1970.
    newest: Option<i64>,
    unreported: Counts,
    reported: Instant,
}

/// Numbers of events.
#[derive(Debug, Default)]
struct Counts {
    applied: u64,
    duplicates: u64,
    others: u64,
}

impl Default for Account {
    fn default() -> Self {
        Account {
            total: 0,
            newest: None,
            unreported: Counts::default(),
            reported: Instant::now(),
        }
    }
}

impl Account {
    /// Notes a change; its time is in milliseconds since 1970.
    pub fn note(&mut self, applied: Applied, time_ms: Option<i64>) {
        self.newest = self.newest.max(time_ms);
        match applied {
            Applied::Duplicate => self.unreported.duplicates += 1,
            Applied::Inserted | Applied::Updated | Applied::Removed => {
                self.unreported.applied += 1;
                self.total += 1;
            }
        }
    }

    /// Notes an event of an unknown type.
    pub fn note_other(&mut self) {
        self.unreported.others += 1;
    }

    /// Shows in a terminal how far a read is, or, if it has no end, what it has done.
    pub fn show(&self, progress: Progress, context: &mut Context<'_>) {
        if progress.total.is_some() {
            return context.out.progress(progress, false);
        }
        let clock = WallClock::new(context.env.now.clone());
        context.out.activity(&self.line(&clock));
    }

    fn line(&self, clock: &WallClock) -> String {
        let newest = self.newest.map_or_else(String::new, |time| {
            format!(", the newest of {}", clock.format_seconds(time))
        });
        format!("{} applied{newest}", plural(self.total, "change"))
    }

    /// Reports what was applied, if the last message is some time ago.
    pub fn report_if_due(&mut self, context: &mut Context<'_>) {
        if self.reported.elapsed() >= MESSAGE_INTERVAL {
            self.report(context);
        }
    }

    /// Reports what was applied, if anything was.
    pub fn report(&mut self, context: &mut Context<'_>) {
        self.reported = Instant::now();
        let Counts {
            applied,
            duplicates,
            others,
        } = std::mem::take(&mut self.unreported);
        let mut parts = Vec::new();
        if applied > 0 {
            parts.push(format!("{} applied", plural(applied, "change")));
        }
        if duplicates > 0 {
            parts.push(format!(
                "{} already in the copy",
                plural(duplicates, "change")
            ));
        }
        if others > 0 {
            parts.push(format!(
                "{} of unknown types ignored",
                plural(others, "event")
            ));
        }
        if !parts.is_empty() {
            context.out.note(&parts.join(", "));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_was_applied_and_how_new_it_is() {
        let clock = WallClock::new("2026-01-31T12:00:00+01:00[Europe/Zurich]".parse().unwrap());
        let mut account = Account::default();
        assert_eq!(account.line(&clock), "0 changes applied");
        account.note(Applied::Inserted, None);
        assert_eq!(account.line(&clock), "1 change applied");
        // Partitions can differ in time, and a duplicate is as new as what it repeats.
        account.note(Applied::Removed, Some(1_769_857_265_114));
        account.note(Applied::Duplicate, Some(1_769_857_264_000));
        account.note_other();
        let line = "2 changes applied, the newest of 2026-01-31 12:01:05";
        assert_eq!(account.line(&clock), line);
    }
}
