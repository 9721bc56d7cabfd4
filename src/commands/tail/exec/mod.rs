//! `--exec`: a command for each event, several at once, in order for each document, at least once.

mod command;
mod event;
mod process;
mod retry;
mod window;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(super) use command::ExecPlan;
pub(super) use event::ExecEvent;
pub(super) use process::ProcessRunner;
use retry::{Backoff, Outcome};
use window::Window;

use super::counters::OpCounts;
use crate::util::mutex::lock;

/// Runs a command for one event.
pub(super) trait Runner: Send + Sync {
    /// Runs the command and waits for its end.
    ///
    /// # Errors
    /// How it failed, for a message.
    fn run(&self, event: &ExecEvent) -> Result<(), String>;
}

/// The events whose commands have not ended, and the threads that run these.
pub(super) struct Exec {
    shared: Arc<Shared>,
    interrupt: Arc<AtomicBool>,
    /// Number of events up to which reading continues.
    capacity: usize,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    runner: Box<dyn Runner>,
    backoff: Backoff,
}

#[derive(Default)]
struct State {
    window: Window,
    /// Messages that were not printed yet.
    messages: Vec<String>,
    /// The event whose command has failed for the last time.
    failed: Option<Arc<ExecEvent>>,
    succeeded: OpCounts,
    /// Whether no further command is started.
    is_stopping: bool,
}

/// What the main thread waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// Another event may be read.
    Room,
    /// The command of every event has ended.
    AllEnded,
    /// No command is running.
    NoneRunning,
}

/// Events to read ahead for each command that runs at once: enough to find other documents after a busy one.
const EVENTS_PER_JOB: usize = 16;
/// Bytes of events after which none is read ahead.
const MAX_BYTES: usize = 16 << 20;

impl Exec {
    /// Starts the threads of a plan.
    pub(super) fn start(
        plan: &ExecPlan,
        runner: impl Runner + 'static,
        interrupt: Arc<AtomicBool>,
    ) -> Exec {
        Exec::with_backoff(plan, runner, interrupt, Backoff::new(plan.retries))
    }

    fn with_backoff(
        plan: &ExecPlan,
        runner: impl Runner + 'static,
        interrupt: Arc<AtomicBool>,
        backoff: Backoff,
    ) -> Exec {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            runner: Box::new(runner),
            backoff,
        });
        for _ in 0..plan.jobs {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.run_commands());
        }
        Exec {
            shared,
            interrupt,
            capacity: EVENTS_PER_JOB * plan.jobs,
        }
    }

    /// Adds an event, also if there is no room: call [`Exec::wait`] before the next one.
    pub(super) fn push(&self, event: ExecEvent) {
        lock(&self.shared.state).window.push(event);
        self.shared.changed.notify_all();
    }

    /// Waits until a goal is reached or a message is there; at most for this time. Returns whether it is reached.
    pub(super) fn wait(&self, goal: Goal, timeout: Duration) -> bool {
        let capacity = self.capacity;
        let is_reached = |state: &State| match goal {
            Goal::Room => state.window.len() < capacity && state.window.bytes() < MAX_BYTES,
            Goal::AllEnded => state.window.len() == 0,
            Goal::NoneRunning => state.window.running() == 0,
        };
        let must_wait = |state: &State| {
            let has_failed = state.failed.is_some() && goal != Goal::NoneRunning;
            !is_reached(state) && state.messages.is_empty() && !has_failed
        };
        let state = self.shared.wait_while(timeout, must_wait);
        is_reached(&state)
    }

    /// The messages since the last call.
    pub(super) fn take_messages(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.shared.state).messages)
    }

    /// The event whose command has failed for the last time, if there is one.
    pub(super) fn failed(&self) -> Option<Arc<ExecEvent>> {
        lock(&self.shared.state).failed.clone()
    }

    /// The events whose command has ended with success.
    pub(super) fn succeeded(&self) -> OpCounts {
        lock(&self.shared.state).succeeded
    }

    /// The oldest event of each partition whose command has not ended with success, as partition and offset.
    pub(super) fn unfinished(&self) -> Vec<(i32, i64)> {
        lock(&self.shared.state).window.unfinished()
    }

    /// Starts no further command. Returns how many are running.
    pub(super) fn stop(&self) -> usize {
        self.shared.stop();
        lock(&self.shared.state).window.running()
    }

    /// Whether the user has pressed Ctrl-C.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// A function that gives partitions up: it waits for their running commands, starts no further ones, and returns the
    /// positions before the first event of each partition whose command has not ended.
    pub(super) fn release(&self) -> impl Fn(&[i32]) -> Vec<(i32, i64)> + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move |partitions| shared.release(partitions)
    }
}

impl Drop for Exec {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Shared {
    /// Waits while a condition holds, at most for this time.
    fn wait_while(
        &self,
        timeout: Duration,
        condition: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let state = lock(&self.state);
        let waited = self
            .changed
            .wait_timeout_while(state, timeout, |state| condition(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn stop(&self) {
        lock(&self.state).is_stopping = true;
        self.changed.notify_all();
    }

    /// Runs commands until the run stops.
    fn run_commands(&self) {
        while let Some((number, event)) = self.next_event() {
            let outcome = self.run_until_success(number, &event);
            let mut state = lock(&self.state);
            state.window.finish(number, outcome == Outcome::Succeeded);
            if outcome == Outcome::Succeeded {
                state.succeeded.count(event.op);
            }
            if outcome == Outcome::Failed {
                state.failed.get_or_insert(event);
                state.is_stopping = true;
            }
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Waits for an event whose command can be started. `None` if the run stops.
    fn next_event(&self) -> Option<(u64, Arc<ExecEvent>)> {
        let mut state = lock(&self.state);
        loop {
            if state.is_stopping {
                return None;
            }
            if let Some(next) = state.window.start() {
                return Some(next);
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Runs the command of an event, and again after a failure.
    fn run_until_success(&self, number: u64, event: &ExecEvent) -> Outcome {
        for attempt in 0.. {
            let Err(why) = self.runner.run(event) else {
                return Outcome::Succeeded;
            };
            let pause = self.backoff.pause(attempt);
            let mut state = lock(&self.state);
            let is_given_up = state.is_stopping || state.window.is_released(number);
            let next = self.backoff.describe(attempt, is_given_up);
            let message = format!("--exec: the command for {} {why}{next}", event.name);
            state.messages.push(message);
            drop(state);
            self.changed.notify_all();
            match pause {
                _ if is_given_up => return Outcome::GivenUp,
                None => return Outcome::Failed,
                Some(pause) => {
                    let started = Instant::now();
                    let state = self.wait_while(pause, |state| {
                        !state.is_stopping && !state.window.is_released(number)
                    });
                    drop(state);
                    if started.elapsed() < pause {
                        return Outcome::GivenUp;
                    }
                }
            }
        }
        Outcome::Failed
    }

    fn release(&self, partitions: &[i32]) -> Vec<(i32, i64)> {
        lock(&self.state).window.release(partitions);
        // Also after the pause of a retry, which ends early.
        self.changed.notify_all();
        let mut state = lock(&self.state);
        while state.window.has_released() {
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.window.take_released(partitions)
    }
}
