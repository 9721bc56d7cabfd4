//! The main loop of `tail`: one `match` over the steps of a source, until something ends it.
//! Where the source comes from and which exit code an ending means is decided in `mod`.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::checkpoint::Keeper;
use super::counters::Tally;
use super::last_n::{Found, Kept, kept};
use super::plan::Plan;
use super::range;
use super::range::{Last, Lies};
use super::recovery_hint::Recovery;
use super::render::{Presented, Presenter};
use super::worker_pool::{Crew, Job};
use crate::event::TxnId;
use crate::output::{Ended, Out};
use crate::record::position::Position;
use crate::record::{Failure, Record, Source, Step};

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
    pub(super) plan: &'a Plan,
    pub(super) presenter: Arc<Presenter>,
    /// Looks at records beside this thread, where nothing depends on which record was the last one.
    pub(super) crew: Option<Crew>,
    pub(super) out: &'a mut Out,
    pub tally: Tally,
    /// What the tool waits for, as a person would call it: the topic or file.
    pub(super) name: String,
    /// A capture cannot seek: its records are checked against the positions one by one.
    pub(super) sift: bool,
    /// The last records of a capture, whose end nobody knows beforehand.
    pub(super) last: Option<Last<Kept>>,
    /// Since when it is quiet; none while records arrive, since the clock is not asked for each.
    pub(super) quiet: Option<Instant>,
    pub(super) said_waiting: bool,
    /// Without a connection silence says nothing about the topic.
    pub(super) connected: bool,
    /// How many events that a snapshot contains anybody was told about.
    pub(super) said_contained: u64,
    /// Keeps the positions for the next run.
    pub(super) keeper: Option<Keeper>,
    /// How to recover from a gap; none for a capture, which has no settings.
    pub(super) recovery: Option<Recovery>,
    /// How often the output had been flushed when positions were marked.
    pub(super) marked: u64,
}

impl<'a> Follow<'a> {
    /// For a source called `name`.
    pub(super) fn new(
        plan: &'a Plan,
        presenter: &Arc<Presenter>,
        name: String,
        out: &'a mut Out,
    ) -> Self {
        Follow {
            plan,
            crew: plan.runs_on().then(|| Crew::new(presenter)).flatten(),
            presenter: Arc::clone(presenter),
            out,
            tally: Tally::default(),
            name,
            sift: false,
            last: None,
            quiet: None,
            said_waiting: false,
            connected: true,
            said_contained: 0,
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
        if keeper.is_some() {
            // What is kept are the source's positions: it must not read ahead of what was shown.
            self.crew = None;
        }
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
        if self.last.is_some() {
            self.crew = None;
        }
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
        let ending = match (ending, self.catch_up()) {
            (Ending::Closed, _) => Ending::Closed,
            (ending, caught_up) => caught_up.err().unwrap_or(ending),
        };
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
            let wait = if self.has_work() {
                Duration::ZERO
            } else {
                WAIT
            };
            let outcome = match source.next(wait) {
                Step::Record(record) => self.record(&record),
                Step::Lost(lost) => self.catch_up().and_then(|()| self.lost(&lost)),
                Step::Notice(notice) => self.catch_up().map(|()| self.notice(&notice)),
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
        if self.keeper.as_ref().is_some_and(Keeper::is_due) || source.is_due() {
            self.catch_up()?;
            self.out.flush()?;
            self.deliver(source, false)?;
        }
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), Ending> {
        self.quiet = None;
        self.tally.read += 1;
        if self.sift && self.lies_outside(record)? {
            return Ok(());
        }
        if self.last.is_some() {
            self.keep(record);
            return Ok(());
        }
        match &mut self.crew {
            Some(_) if self.presenter.filter.hides_early(record.payload.as_deref()) => Ok(()),
            Some(crew) if !Crew::refuses(record) => {
                if crew.push(record) {
                    self.hand_over()?;
                }
                Ok(())
            }
            _ => self.show(record),
        }
    }

    /// Looks at a record here and now, behind all that came before.
    fn show(&mut self, record: &Record<'_>) -> Result<(), Ending> {
        self.catch_up()?;
        let presented = self.presenter.present(record, self.out.buffer());
        if let (Presented::Gap(txn), Some(keeper)) = (presented, &mut self.keeper) {
            keeper.announce(txn.map(|txn| txn.0), range::place(record));
        }
        self.count(presented, &self.presenter.name(presented, record))
    }

    /// Gives the open batch to the crew, and prints what has come back.
    fn hand_over(&mut self) -> Result<(), Ending> {
        while let Some(job) = self.crew.as_mut().and_then(|crew| {
            if crew.is_busy() {
                crew.oldest()
            } else {
                crew.ready()
            }
        }) {
            self.print(job)?;
        }
        if let Some(crew) = &mut self.crew {
            crew.send();
        }
        Ok(())
    }

    /// Waits for everything that the crew has, and prints it.
    fn catch_up(&mut self) -> Result<(), Ending> {
        while let Some(job) = self.crew.as_mut().and_then(Crew::oldest) {
            self.print(job)?;
        }
        Ok(())
    }

    /// Counts and prints the records of a batch.
    fn print(&mut self, job: Job) -> Result<(), Ending> {
        if job.is_plain() {
            for outcome in &job.outcomes {
                if let Presented::Shown(op) = outcome.became {
                    self.tally.show(op);
                }
            }
            self.out.write(&job.text)?;
        } else {
            let mut start = 0;
            for outcome in &job.outcomes {
                let text = &job.text[start..outcome.end];
                self.out.buffer().extend_from_slice(text);
                start = outcome.end;
                self.count(outcome.became, &outcome.name)?;
            }
        }
        if let Some(crew) = &mut self.crew {
            crew.reuse(job);
        }
        Ok(())
    }

    /// Whether anything waits for a pause to be printed.
    fn has_work(&self) -> bool {
        self.out.is_dirty() || self.crew.as_ref().is_some_and(Crew::holds_any)
    }

    fn lies_outside(&self, record: &Record<'_>) -> Result<bool, Ending> {
        let until = self.plan.until.as_ref();
        match range::lies(record, &self.plan.from, until) {
            Ok(lies) => Ok(lies == Lies::Outside),
            Err(failure) => Err(Ending::Failed(failure)),
        }
    }

    fn keep(&mut self, record: &Record<'_>) {
        let time = record.time.map(|time| time.millis);
        if let (Some(kept), Some(last)) = (kept(self.plan, &self.presenter, record), &mut self.last)
        {
            last.push(time, kept);
        }
    }

    /// Counts what was presented; the ending, if that was the last of it.
    fn count(&mut self, presented: Presented, name: &str) -> Result<(), Ending> {
        match presented {
            Presented::Hidden => return Ok(()),
            Presented::Contained => {
                self.tally.contained += 1;
                return Ok(());
            }
            Presented::Answered(txn) => {
                self.answered(txn, name);
                return Ok(());
            }
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

    fn idle(&mut self, source: &mut dyn Source) -> Result<(), Ending> {
        let quiet = *self.quiet.get_or_insert_with(Instant::now);
        let had_work = self.has_work();
        self.catch_up()?;
        self.out.flush()?;
        if had_work {
            return self.deliver(source, false);
        }
        if self.out.is_abandoned() {
            return Err(Ending::Closed);
        }
        let quiet = if self.connected {
            quiet.elapsed()
        } else {
            Duration::ZERO
        };
        if self.plan.idle_exit.is_some_and(|limit| quiet >= limit) {
            return Err(Ending::SourceEnded);
        }
        if quiet >= QUIET {
            self.say_contained();
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
