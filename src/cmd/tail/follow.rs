//! The main loop of `tail`: one `match` over the steps of a source, until something ends it.
//! Where the source comes from and which exit code an ending means is decided in `mod`.

use std::io;
use std::time::{Duration, Instant};

use super::keep::Keeper;
use super::look::{Found, Kept, kept, name};
use super::plan::Plan;
use super::present::{Presented, present};
use super::recover::Recovery;
use super::tally::Tally;
use super::window::{self, Last, Lies};
use crate::cli::OnGap;
use crate::event::{TxnId, Unreadable};
use crate::out::{Ended, Out};
use crate::position::Position;
use crate::record::{Failure, Loss, Lost, Notice, Record, Source, Step};
use crate::view::View;

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
    /// Keeps the positions for the next run.
    keeper: Option<Keeper>,
    /// How to recover from a gap; none for a capture, which has no settings.
    recovery: Option<Recovery>,
    /// How often the output had been flushed when positions were marked.
    marked: u64,
}

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
            keeper: None,
            recovery: None,
            marked: 0,
        }
    }

    /// Says how to recover from gaps.
    pub(super) fn recovering(mut self, recovery: Recovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Keeps the positions of what was written, if anybody wants that.
    pub(super) fn keeping(mut self, keeper: Option<Keeper>) -> Self {
        self.keeper = keeper;
        self
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
        let ending = self.begin(source).err();
        let ending = ending.unwrap_or_else(|| self.read(source));
        let ending = match (ending, self.out.flush()) {
            (Ending::Closed, _) => Ending::Closed,
            (_, Err(ended)) => ended.into(),
            (ending, Ok(())) => self.deliver(source, true).err().unwrap_or(ending),
        };
        self.out.end_progress();
        match self.save() {
            Err(wrong) if !matches!(ending, Ending::Failed(_) | Ending::Unwritable(_)) => wrong,
            _ => ending,
        }
    }

    /// The positions to start from are kept before anything is read: `end` means another place a moment later.
    fn begin(&mut self, source: &mut dyn Source) -> Result<(), Ending> {
        let Some(keeper) = &mut self.keeper else {
            return Ok(());
        };
        let open = keeper.open_gap().cloned();
        if let Some(gap) = open {
            let name = keeper.name().to_owned();
            self.tally.gaps += 1;
            self.out.warn(&format!(
                "gap: {name} remembers {}, and no requery has answered that yet",
                gap.told()
            ));
            self.advise(gap.txn_id.map(TxnId));
            self.stop_at_gap()?;
        }
        self.out.end_torn_line()?;
        self.mark(source);
        self.save()
    }

    /// Everything was flushed: the source may store positions, and so do we now and then.
    fn deliver(&mut self, source: &mut dyn Source, last: bool) -> Result<(), Ending> {
        self.mark(source);
        source.delivered(last).map_err(Ending::Failed)?;
        if self.keeper.as_ref().is_some_and(Keeper::is_due) {
            return self.save();
        }
        Ok(())
    }

    fn mark(&mut self, source: &dyn Source) {
        self.marked = self.out.flushes();
        if let Some(keeper) = &mut self.keeper {
            keeper.mark(source.positions());
        }
    }

    /// Writes what was marked, once the disk has the output.
    fn save(&mut self) -> Result<(), Ending> {
        let Some(keeper) = &mut self.keeper else {
            return Ok(());
        };
        self.out.settle()?;
        keeper.save().map_err(Ending::Failed)
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
            if let Err(ending) = self.look_after(source) {
                return ending;
            }
        }
    }

    /// What has to be done between two steps also where no pause comes.
    fn look_after(&mut self, source: &mut dyn Source) -> Result<(), Ending> {
        if self.out.flushes() != self.marked && !self.out.is_dirty() {
            self.mark(source);
        }
        if !self.tally.read.is_multiple_of(PROGRESS_EVERY) {
            return Ok(());
        }
        self.out.progress(source.progress(), self.sift);
        if self.keeper.as_ref().is_some_and(Keeper::is_due) {
            self.out.flush()?;
            self.deliver(source, false)?;
        }
        Ok(())
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
        if let (Presented::Gap(txn), Some(keeper)) = (presented, &mut self.keeper) {
            keeper.announce(txn.map(|txn| txn.0), window::place(record));
        }
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

    fn gap(&mut self, id: Option<TxnId>, place: &str) -> Result<(), Ending> {
        let txn = id.map_or_else(
            || "without a txnID".to_owned(),
            |txn| format!("txnID {}", txn.0),
        );
        if !self.plan.format.is_for_people() {
            self.out.warn(&format!(
                "gap: requeryRequired, {txn}, at {place}: requery everything, then go on behind it"
            ));
        }
        self.advise(id);
        self.stop_at_gap()
    }

    /// Says how to recover, once for every transaction that asks for more than those before.
    fn advise(&mut self, txn: Option<TxnId>) {
        let news = self.tally.ask(txn);
        let Some(recovery) = self.recovery.as_ref().filter(|_| news) else {
            return;
        };
        // What stops here says so again at the end, with the same command.
        if self.plan.on_gap == OnGap::Mark {
            let command = recovery.requery(txn.map(|txn| txn.0));
            self.out.hint("try", &command);
        }
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
            let on = match lost.why {
                Loss::Gone => String::new(),
                _ => format!(". Going on at {}", lost.resumed),
            };
            self.out
                .warn(&format!("gap: {}; requery everything{on}", lost.told()));
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.lose(lost);
        }
        self.advise(None);
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
        let dirty = self.out.is_dirty();
        self.out.flush()?;
        if dirty {
            return self.deliver(source, false);
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
        self.deliver(source, false)
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
