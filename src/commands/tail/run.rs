//! State of one run.

use std::sync::Arc;
use std::time::Instant;

use super::buffered_record::BufferedRecord;
use super::checkpoint::Checkpointer;
use super::counters::Counters;
use super::empty_range::RecordsOutside;
use super::exec::Exec;
use super::exec_record::PendingGap;
use super::idle::IdleTimer;
use super::messages::Messages;
use super::plan::Plan;
use super::recovery_hint::RecoveryHint;
use super::render::Renderer;
use super::shown_timer::ShownTimer;
use super::unmatched::UnmatchedFilter;
use super::worker_pool::WorkerPool;
use crate::event::filter_stats::FilterStats;
use crate::output::Output;
use crate::record::last_n::LastN;
use crate::record::position::Position;

/// One run over one source, or over several captures in turn.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) renderer: Arc<Renderer>,
    pub(super) out: &'a mut Output,
    pub(super) counters: Counters,
    pub(super) messages: Messages<'a>,
    pub(super) unmatched: UnmatchedFilter,
    /// Statistics of the filter to which a worker adds its records; `None` if they are not wanted.
    pub(super) filter_stats: Option<FilterStats>,
    pub(super) outside: RecordsOutside,
    pub(super) idle_timer: IdleTimer,
    pub(super) shown_timer: ShownTimer,
    pub(super) started: Instant,
    /// The time of the record that was read last, in milliseconds since 1970-01-01 UTC.
    pub(super) last_record_ms: Option<i64>,
    /// Saves positions for the next run.
    pub(super) checkpointer: Option<Checkpointer>,
    /// `None` if records must be written one by one.
    pub(super) pool: Option<WorkerPool>,
    /// A capture cannot seek: its records are checked against `--from` and `--until`.
    pub(super) scanning: bool,
    /// Where the last gap is, for `--on-gap stop`: partition and offset.
    pub(super) gap_at: Option<(i32, i64)>,
    pub(super) last_n: Option<LastN<BufferedRecord>>,
    /// The time zone of the output, until it was named.
    pub(super) unnamed_zone: Option<String>,
    /// The commands of `--exec`, to which events go instead of the output.
    pub(super) exec: Option<Arc<Exec>>,
    /// A gap that waits for the commands of the events before it.
    pub(super) pending_gap: Option<PendingGap>,
    /// Whether the source is a member of a group, which stores positions.
    pub(super) is_member: bool,
    /// The number of flushes when positions were noted last.
    pub(super) noted_flushes: u64,
}

impl<'a> Run<'a> {
    /// A run over a source that people call `name`: its topic or file.
    pub(super) fn new(
        plan: &'a Plan,
        renderer: &Arc<Renderer>,
        name: String,
        recovery: Option<RecoveryHint>,
        out: &'a mut Output,
    ) -> Self {
        let parallel = plan.allows_parallel();
        let messages = Messages::new(plan, renderer, recovery, out);
        Run {
            plan,
            renderer: Arc::clone(renderer),
            out,
            counters: Counters::default(),
            unmatched: UnmatchedFilter::new(&renderer.filter, plan.is_live()),
            filter_stats: None,
            outside: RecordsOutside::default(),
            messages,
            idle_timer: IdleTimer::new(name),
            shown_timer: ShownTimer::default(),
            started: plan.started,
            last_record_ms: None,
            checkpointer: None,
            pool: parallel.then(|| WorkerPool::new(renderer)).flatten(),
            scanning: false,
            gap_at: None,
            last_n: None,
            unnamed_zone: renderer.view.unnamed_zone(),
            exec: None,
            pending_gap: None,
            is_member: false,
            noted_flushes: 0,
        }
    }

    /// Saves the positions of flushed output.
    pub(super) fn with_checkpoints(mut self, checkpointer: Checkpointer) -> Self {
        self.out.keep_pipe_capacity();
        self.checkpointer = Some(checkpointer);
        self
    }

    /// For a member of a group: idle time counts after its first assignment.
    pub(super) fn await_assignment(mut self) -> Self {
        self.is_member = true;
        self.idle_timer.await_assignment();
        self
    }

    /// For captures: no seeking, and no end that is known beforehand.
    pub(super) fn scan_positions(mut self) -> Self {
        self.scanning = true;
        self.last_n = match (self.plan.last, &self.plan.from) {
            (Some(count), _) => Some(LastN::new(count)),
            (None, Position::Back(count)) => Some(LastN::new(*count)),
            (None, _) => None,
        };
        self
    }
}
