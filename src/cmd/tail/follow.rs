//! The main loop of `tail`: one `match` over the steps of a source, until something ends it.
//! Where the source comes from and which exit code an ending means is decided in `mod`.

use std::io;
use std::time::{Duration, Instant};

use super::plan::Plan;
use super::present::{Presented, present};
use super::tally::Tally;
use super::window::{self, Last, Lies};
use crate::cli::OnGap;
use crate::event::{TxnId, Unreadable};
use crate::out::{Ended, Out};
use crate::position::Position;
use crate::record::{Failure, Lost, Notice, Record, Source, Step};
use crate::view::{View, safe};

/// What ended the loop.
#[derive(Debug)]
pub(super) enum Ending {
    /// All that was asked for has been shown.
    Complete,
    /// The source has no more; another one may follow.
    SourceEnded,
    /// The reader of the output has gone.
    Closed,
    /// Ctrl-C.
    Interrupted,
    /// A gap, and the user asked to stop at one.
    Gap,
    /// Reading failed.
    Failed(Failure),
    /// Writing failed.
    Unwritable(io::Error),
}

impl From<Ended> for Ending {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Closed => Ending::Closed,
            Ended::Failed(error) => Ending::Unwritable(error),
        }
    }
}

/// How long a source may wait before it says that it is idle.
const WAIT: Duration = Duration::from_millis(250);
/// After so long without a record a person is told that the tool is waiting.
const QUIET: Duration = Duration::from_secs(3);
/// How many records pass between two looks at the progress.
const PROGRESS_EVERY: u64 = 512;
/// How many bytes of an unreadable record are quoted.
const QUOTED: usize = 60;

/// One run of the loop.
pub(super) struct Follow<'a> {
    plan: &'a Plan,
    view: &'a View,
    out: &'a mut Out,
    pub tally: Tally,
    /// What the tool waits for, as a person would call it: the topic or file.
    name: String,
    /// A capture cannot seek: its records are checked against the positions one by one.
    sift: bool,
    /// The last records of a capture, whose end nobody knows beforehand.
    last: Option<Last<Kept>>,
    arrived: Instant,
    said_waiting: bool,
    /// Without a connection silence says nothing about the topic.
    connected: bool,
}

/// A record's text that is kept until it is known to be among the last.
pub(super) struct Kept {
    presented: Presented,
    text: Vec<u8>,
    name: String,
}

/// A function that looks through a source backwards, given what to keep.
pub(super) type Keep<'k> = dyn FnMut(&Record<'_>) -> Option<Kept> + 'k;

impl<'a> Follow<'a> {
    /// For a source called `name`.
    pub(super) fn new(plan: &'a Plan, view: &'a View, name: String, out: &'a mut Out) -> Self {
        Follow {
            plan,
            view,
            out,
            tally: Tally::default(),
            name,
            sift: false,
            last: None,
            arrived: Instant::now(),
            said_waiting: false,
            connected: true,
        }
    }

    /// Prepares for a capture, which has to be looked through from its beginning.
    pub(super) fn sifting(mut self) -> Self {
        self.sift = true;
        self.last = match (self.plan.last, &self.plan.from) {
            (Some(count), _) => Some(Last::new(count)),
            (None, Position::Back(count)) => Some(Last::new(*count)),
            (None, _) => None,
        };
        self
    }

    /// Shows what [`look`] found.
    pub(super) fn run_found(mut self, found: Found) -> (Ending, Tally) {
        self.tally.read = found.read;
        let shown = found.kept.and_then(|kept| self.show_kept(kept.into_iter()));
        (self.close(shown), self.tally)
    }

    /// Runs until something ends it; what was shown is flushed then.
    pub(super) fn run(&mut self, source: &mut dyn Source) -> Ending {
        let ending = self.read(source);
        let flushed = self.out.flush();
        self.out.end_progress();
        match (ending, flushed) {
            (Ending::Closed, _) => Ending::Closed,
            (_, Err(ended)) => ended.into(),
            (ending, Ok(())) => match source.delivered(true) {
                Ok(()) => ending,
                Err(failure) => Ending::Failed(failure),
            },
        }
    }

    fn read(&mut self, source: &mut dyn Source) -> Ending {
        loop {
            // With something to flush, any pause is long enough.
            let wait = if self.out.is_dirty() {
                Duration::ZERO
            } else {
                WAIT
            };
            let outcome = match source.next(wait) {
                Step::Record(record) => self.record(&record),
                Step::Lost(lost) => self.lost(&lost),
                Step::Notice(notice) => {
                    self.notice(&notice);
                    Ok(())
                }
                Step::Idle => self.idle(source),
                Step::Interrupted => Err(Ending::Interrupted),
                Step::End => Err(Ending::SourceEnded),
                Step::Failed(failure) => Err(Ending::Failed(failure)),
            };
            if let Err(ending) = outcome {
                return ending;
            }
            if self.tally.read.is_multiple_of(PROGRESS_EVERY) {
                self.out.progress(source.progress(), self.sift);
            }
        }
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), Ending> {
        self.arrived = Instant::now();
        self.tally.read += 1;
        if self.sift && self.lies_outside(record)? {
            return Ok(());
        }
        if self.last.is_some() {
            self.keep(record);
            return Ok(());
        }
        let presented = present(&self.plan.filter, self.view, record, self.out.buffer());
        self.count(presented, &name(self.plan, presented, record))
    }

    fn lies_outside(&self, record: &Record<'_>) -> Result<bool, Ending> {
        let until = self.plan.until.as_ref();
        match window::lies(record, &self.plan.from, until) {
            Ok(lies) => Ok(lies == Lies::Outside),
            Err(failure) => Err(Ending::Failed(failure)),
        }
    }

    fn keep(&mut self, record: &Record<'_>) {
        let time = record.time.map(|time| time.millis);
        if let (Some(kept), Some(last)) = (kept(self.plan, self.view, record), &mut self.last) {
            last.push(time, kept);
        }
    }

    /// Counts what was presented; the ending, if that was the last of it.
    fn count(&mut self, presented: Presented, name: &str) -> Result<(), Ending> {
        match presented {
            Presented::Hidden => return Ok(()),
            Presented::Shown(op) => self.tally.show(op),
            Presented::Gap(txn) => {
                self.tally.show_gap();
                self.gap(txn, name)?;
            }
            Presented::Unreadable(why) => self.unreadable(why, name),
        }
        self.out.flush_if_full()?;
        match self.plan.limit {
            Some(limit) if self.tally.shown >= limit => Err(Ending::Complete),
            _ => Ok(()),
        }
    }

    fn gap(&mut self, txn: Option<TxnId>, place: &str) -> Result<(), Ending> {
        let txn = txn.map_or_else(
            || "without a txnID".to_owned(),
            |txn| format!("txnID {}", txn.0),
        );
        if !self.plan.format.is_for_people() {
            self.out.warn(&format!(
                "gap: requeryRequired, {txn}, at {place}: requery everything, then go on behind it"
            ));
        }
        self.stop_at_gap()
    }

    fn stop_at_gap(&self) -> Result<(), Ending> {
        match self.plan.on_gap {
            OnGap::Mark => Ok(()),
            OnGap::Stop => Err(Ending::Gap),
        }
    }

    fn lost(&mut self, lost: &Lost) -> Result<(), Ending> {
        self.tally.gaps += 1;
        self.view.lost(lost, self.out.buffer());
        if !self.plan.format.is_for_people() {
            self.out.warn(&format!(
                "gap: the offsets {} to {} of {} p{} are lost: retention removed them before they were read; requery everything. Going on at {}",
                lost.wanted, lost.resumed - 1, lost.topic, lost.partition, lost.resumed
            ));
        }
        self.stop_at_gap()
    }

    fn unreadable(&mut self, why: Unreadable, name: &str) {
        self.tally.unreadable += 1;
        self.out
            .warn(&format!("unreadable record: {why}, at {name}"));
    }

    fn notice(&mut self, notice: &Notice) {
        self.connected = match notice {
            Notice::Disconnected(_) => false,
            Notice::Reconnected | Notice::Assigned(_) => {
                self.arrived = Instant::now();
                true
            }
            Notice::Log(_) => self.connected,
        };
        match notice {
            Notice::Disconnected(raw) => {
                self.out
                    .warn(&format!("lost the connection, trying again: {raw}"));
            }
            Notice::Reconnected => self.out.note("the connection is back"),
            Notice::Assigned(partitions) => {
                self.out.note(&format!(
                    "the group gave this member {partitions} partitions"
                ));
            }
            Notice::Log(line) => self.out.note(line),
        }
    }

    fn idle(&mut self, source: &mut dyn Source) -> Result<(), Ending> {
        if self.out.is_dirty() {
            self.out.flush()?;
            return source.delivered(false).map_err(Ending::Failed);
        }
        if self.out.is_abandoned() {
            return Err(Ending::Closed);
        }
        let quiet = if self.connected {
            self.arrived.elapsed()
        } else {
            Duration::ZERO
        };
        if self.plan.idle_exit.is_some_and(|limit| quiet >= limit) {
            return Err(Ending::SourceEnded);
        }
        if quiet >= QUIET && !self.said_waiting && self.out.stderr_terminal {
            self.said_waiting = true;
            let name = self.name.clone();
            self.out
                .note(&format!("waiting for changes on {name}… (Ctrl-C ends)"));
        }
        self.out.progress(source.progress(), self.sift);
        source.delivered(false).map_err(Ending::Failed)
    }

    /// After the last source: shows what was kept for `--last`.
    pub(super) fn show_last(&mut self) -> Ending {
        let shown = match self.last.take() {
            Some(last) => self.show_kept(last.into_iter()),
            None => Ok(()),
        };
        self.close(shown)
    }

    /// Flushes behind what was shown.
    fn close(&mut self, shown: Result<(), Ending>) -> Ending {
        let ending = shown.err().unwrap_or(Ending::Complete);
        self.out.flush().err().map_or(ending, Ending::from)
    }

    fn show_kept(&mut self, kept: impl Iterator<Item = Kept>) -> Result<(), Ending> {
        for kept in kept {
            self.out.buffer().extend_from_slice(&kept.text);
            self.count(kept.presented, &kept.name)?;
        }
        Ok(())
    }
}

/// What was found by looking backwards.
pub(super) struct Found {
    read: u64,
    kept: Result<Vec<Kept>, Ending>,
}

/// Lets `search` look through a source for records that are wanted, and counts what it looks at.
pub(super) fn look<E: Into<Ending>>(
    plan: &Plan,
    view: &View,
    search: impl FnOnce(&mut Keep<'_>) -> Result<Vec<Kept>, E>,
) -> Found {
    let mut read = 0;
    let kept = search(&mut |record| {
        read += 1;
        kept(plan, view, record)
    });
    Found {
        read,
        kept: kept.map_err(Into::into),
    }
}

/// What to keep of a record, if it is wanted.
fn kept(plan: &Plan, view: &View, record: &Record<'_>) -> Option<Kept> {
    let mut text = Vec::new();
    let presented = match &plan.from {
        // `-100` of a capture counts before the filters; Kafka has resolved it to offsets already.
        Position::Back(_) if plan.last.is_none() => present(&plan.filter, view, record, &mut text),
        _ => match present(&plan.filter, view, record, &mut text) {
            Presented::Hidden => return None,
            presented => presented,
        },
    };
    Some(Kept {
        name: name(plan, presented, record),
        presented,
        text,
    })
}

/// How messages name a record, where there will be one: its place, and the first bytes of what cannot be read.
fn name(plan: &Plan, presented: Presented, record: &Record<'_>) -> String {
    match presented {
        Presented::Hidden | Presented::Shown(_) => String::new(),
        Presented::Gap(_) => window::show_place(record),
        Presented::Unreadable(_) => match &record.payload {
            // What cannot be read cannot be searched for what nobody may see.
            Some(_) if !plan.diff.redact.is_empty() => {
                format!("{}: (redacted)", window::show_place(record))
            }
            Some(payload) => format!("{}: {}", window::show_place(record), quote(payload)),
            None => window::show_place(record),
        },
    }
}

fn quote(payload: &[u8]) -> String {
    let most = payload.len().min(QUOTED);
    let mut quoted = Vec::new();
    safe::push(&payload[..most], safe::Spelling::Text, &mut quoted);
    if most < payload.len() {
        quoted.extend_from_slice("…".as_bytes());
    }
    String::from_utf8_lossy(&quoted).into_owned()
}
