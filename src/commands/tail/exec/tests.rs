//! Random histories of the window and of the threads, each compared with a plain model.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use super::command::ExecPlan;
use super::event::{DocumentKey, ExecEvent, VARIABLES};
use super::retry::Backoff;
use super::window::Window;
use super::{Exec, Goal, Runner};
use crate::event::Op;
use crate::util::mutex::lock;

const PARTITIONS: i32 = 3;
const DOCUMENTS: u8 = 4;

/// The event with this number, which is its line, too.
fn event(number: usize, document: u8, partition: i32, offset: i64) -> ExecEvent {
    let payload = format!(
        r#"{{"txnId":1,"type":"documentChanged","collection":"c","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":{document}}}}}}}"#
    );
    ExecEvent {
        document: DocumentKey::new(payload.as_bytes()),
        position: Some((partition, offset)),
        op: Op::Insert,
        line: number.to_string().into_bytes(),
        variables: VARIABLES.map(|name| (name, None)),
        unset: Vec::new(),
        name: format!("c/{document} at p{partition}@{offset}"),
    }
}

mod window {
    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Push(i32, u8),
        Start,
        /// Ends one of the running commands.
        Finish(usize, bool),
        /// Gives a partition up; its running commands then end in this way.
        Release(i32, bool),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (0..PARTITIONS, 0..DOCUMENTS).prop_map(|(partition, document)| Step::Push(partition, document)),
            5 => Just(Step::Start),
            4 => (any::<usize>(), proptest::bool::weighted(0.9)).prop_map(|(index, ok)| Step::Finish(index, ok)),
            1 => (0..PARTITIONS, any::<bool>()).prop_map(|(partition, ok)| Step::Release(partition, ok)),
        ];
        vec(step, 0..60)
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum State {
        Queued,
        Running,
        Failed,
        /// Succeeded, or given up with its partition.
        Gone,
    }

    struct Known {
        document: u8,
        partition: i32,
        offset: i64,
        state: State,
        has_succeeded: bool,
        /// Whether its partition was given up after it was read.
        is_released: bool,
    }

    /// Everything that was read, in order.
    #[derive(Default)]
    struct Model {
        window: Window,
        known: Vec<Known>,
        next: BTreeMap<i32, i64>,
    }

    impl Model {
        fn numbers(&self, state: State) -> Vec<usize> {
            let all = self.known.iter().enumerate();
            all.filter(|(_, known)| known.state == state)
                .map(|(number, _)| number)
                .collect()
        }

        /// The oldest queued event before which no other one of its document is left.
        fn startable(&self) -> Option<usize> {
            self.numbers(State::Queued).into_iter().find(|number| {
                let before = &self.known[..*number];
                let document = self.known[*number].document;
                before
                    .iter()
                    .all(|known| known.document != document || known.state == State::Gone)
            })
        }

        fn push(&mut self, partition: i32, document: u8) {
            let next = self.next.entry(partition).or_default();
            let (number, offset) = (self.known.len(), *next);
            *next += 1;
            self.window.push(event(number, document, partition, offset));
            self.known.push(Known {
                document,
                partition,
                offset,
                state: State::Queued,
                has_succeeded: false,
                is_released: false,
            });
        }

        fn start(&mut self) {
            let started = self.window.start();
            let number = started.map(|(number, event)| {
                assert_eq!(event.line, number.to_string().into_bytes());
                usize::try_from(number).unwrap()
            });
            assert_eq!(number, self.startable());
            if let Some(number) = number {
                self.known[number].state = State::Running;
            }
        }

        fn finish(&mut self, number: usize, is_success: bool) {
            self.window
                .finish(u64::try_from(number).unwrap(), is_success);
            let known = &mut self.known[number];
            known.has_succeeded = is_success;
            known.state = if is_success || known.is_released {
                State::Gone
            } else {
                State::Failed
            };
        }

        fn release(&mut self, partition: i32, is_success: bool) {
            self.window.release(&[partition]);
            let of_partition = |known: &&mut Known| known.partition == partition;
            for known in self.known.iter_mut().filter(of_partition) {
                known.is_released = known.state != State::Gone;
                if known.state != State::Running {
                    known.state = State::Gone;
                }
            }
            for number in self.numbers(State::Running) {
                let is_released = self.known[number].is_released;
                let in_window = self.window.is_released(u64::try_from(number).unwrap());
                assert_eq!(in_window, is_released);
                if is_released {
                    assert!(self.window.has_released());
                    self.finish(number, is_success);
                }
            }
            assert!(!self.window.has_released());
            // What is read next comes from there: all of these count as read before.
            let mine = |known: &&Known| known.partition == partition;
            let unread = self
                .known
                .iter()
                .filter(mine)
                .filter(|known| known.is_released && !known.has_succeeded);
            let first = unread.map(|known| known.offset).min();
            let was_read = self.known.iter().any(|known| mine(&known));
            let next = self.next.get(&partition).copied();
            let expected = first.or(next.filter(|_| was_read));
            let positions = self.window.take_released(&[partition]);
            let expected: Vec<(i32, i64)> = expected
                .map(|offset| (partition, offset))
                .into_iter()
                .collect();
            assert_eq!(positions, expected);
            assert_eq!(self.window.take_released(&[partition]), []);
            if let Some((_, offset)) = positions.first() {
                self.next.insert(partition, *offset);
            }
            // A later release must not find these again.
            for known in &mut self.known {
                if known.partition == partition {
                    known.partition = -1;
                }
            }
        }

        fn check(&self) {
            let left = || self.known.iter().filter(|known| known.state != State::Gone);
            let mut oldest = BTreeMap::new();
            for known in left() {
                let first = oldest.entry(known.partition).or_insert(known.offset);
                *first = known.offset.min(*first);
            }
            assert_eq!(self.window.unfinished(), Vec::from_iter(oldest));
            assert_eq!(self.window.len(), left().count());
            let bytes = |known: &Known| {
                let same = |other: &Known| std::ptr::eq(other, known);
                let number = self.known.iter().position(same).unwrap();
                number.to_string().len()
            };
            assert_eq!(self.window.bytes(), left().map(bytes).sum::<usize>());
            assert_eq!(self.window.running(), self.numbers(State::Running).len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn is_the_model(steps in steps()) {
            let mut model = Model::default();
            for step in steps {
                match step {
                    Step::Push(partition, document) => model.push(partition, document),
                    Step::Start => model.start(),
                    Step::Finish(index, is_success) => {
                        let running = model.numbers(State::Running);
                        if !running.is_empty() {
                            model.finish(running[index % running.len()], is_success);
                        }
                    }
                    Step::Release(partition, is_success) => model.release(partition, is_success),
                }
                model.check();
            }
        }
    }
}

mod threads {
    use super::*;

    /// What happens while the main thread reads.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// An event whose command fails so often, and takes so long.
        Push {
            partition: i32,
            document: u8,
            failures: u32,
            micros: u64,
        },
        /// The group takes a partition away and assigns it again.
        Release(i32),
    }

    #[derive(Debug, Clone)]
    struct History {
        jobs: usize,
        retries: u32,
        steps: Vec<Step>,
        /// Ctrl-C before this step.
        interrupt_at: Option<usize>,
    }

    fn histories() -> impl Strategy<Value = History> {
        let failures = prop_oneof![12 => Just(0_u32), 2 => 1..3_u32, 1 => Just(9_u32)];
        let micros = prop_oneof![3 => Just(0_u64), 1 => 1..300_u64];
        let push = (0..PARTITIONS, 0..DOCUMENTS, failures, micros);
        let push = push.prop_map(|(partition, document, failures, micros)| Step::Push {
            partition,
            document,
            failures,
            micros,
        });
        let step = prop_oneof![20 => push, 1 => (0..PARTITIONS).prop_map(Step::Release)];
        let interrupt = prop_oneof![4 => Just(None), 1 => (0..40_usize).prop_map(Some)];
        let all = (1..=8_usize, 0..4_u32, vec(step, 0..40), interrupt);
        all.prop_map(|(jobs, retries, steps, interrupt_at)| History {
            jobs,
            retries,
            steps,
            interrupt_at,
        })
    }

    /// An event that was read.
    #[derive(Debug, Clone, Copy)]
    struct Pushed {
        partition: i32,
        offset: i64,
        document: u8,
        micros: u64,
        successes: u32,
        is_running: bool,
        /// Its partition is being given up.
        is_released: bool,
        /// Its command must not start again.
        is_forbidden: bool,
    }

    #[derive(Default)]
    struct Log {
        pushed: Vec<Pushed>,
        /// Failures to come of each record.
        failures: BTreeMap<(i32, i64), u32>,
        failed_attempts: usize,
        violations: Vec<String>,
        most_at_once: usize,
    }

    #[derive(Clone, Default)]
    struct LoggingRunner(Arc<Mutex<Log>>);

    impl Log {
        fn begin(&mut self, number: usize) -> u64 {
            let this = self.pushed[number];
            let same_document = self.pushed.iter().enumerate();
            for (other, before) in
                same_document.filter(|(_, event)| event.document == this.document)
            {
                if before.is_running {
                    let violation = format!("{other} and {number} of one document run at once");
                    self.violations.push(violation);
                } else if other < number && before.successes == 0 && !before.is_released {
                    let violation = format!("{number} started before {other} has succeeded");
                    self.violations.push(violation);
                }
            }
            if this.is_forbidden || this.successes > 0 {
                self.violations.push(format!("{number} started again"));
            }
            self.pushed[number].is_running = true;
            let running = self.pushed.iter().filter(|event| event.is_running);
            self.most_at_once = self.most_at_once.max(running.count());
            this.micros
        }

        fn end(&mut self, number: usize) -> Result<(), String> {
            let this = &mut self.pushed[number];
            this.is_running = false;
            let failures = self.failures.get_mut(&(this.partition, this.offset));
            match failures {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    self.failed_attempts += 1;
                    Err("failed".to_owned())
                }
                _ => {
                    this.successes += 1;
                    Ok(())
                }
            }
        }
    }

    impl Runner for LoggingRunner {
        fn run(&self, event: &ExecEvent) -> Result<(), String> {
            let number: usize = std::str::from_utf8(&event.line).unwrap().parse().unwrap();
            let micros = lock(&self.0).begin(number);
            std::thread::sleep(Duration::from_micros(micros));
            lock(&self.0).end(number)
        }
    }

    /// One run of a history.
    struct Reading {
        log: Arc<Mutex<Log>>,
        exec: Exec,
        /// The documents of each partition by offset.
        records: BTreeMap<i32, Vec<(u8, u64)>>,
        /// What is read next.
        next: BTreeMap<i32, usize>,
        messages: usize,
    }

    impl Reading {
        fn start(history: &History) -> Reading {
            let runner = LoggingRunner::default();
            let plan = ExecPlan {
                program: String::new(),
                arguments: Vec::new(),
                jobs: history.jobs,
                retries: history.retries,
            };
            let backoff = Backoff::immediate(history.retries);
            let interrupt = Arc::new(AtomicBool::new(false));
            Reading {
                log: Arc::clone(&runner.0),
                exec: Exec::with_backoff(&plan, runner, interrupt, backoff),
                records: BTreeMap::new(),
                next: BTreeMap::new(),
                messages: 0,
            }
        }

        /// Waits for a goal; `false` if a command has failed for the last time.
        fn wait(&mut self, goal: Goal) -> bool {
            let started = Instant::now();
            loop {
                let is_reached = self.exec.wait(goal, Duration::from_secs(1));
                self.messages += self.exec.take_messages().len();
                self.check_unfinished();
                let has_failed = self.exec.failed().is_some() && goal != Goal::NoneRunning;
                if is_reached || has_failed {
                    return !has_failed;
                }
                assert!(
                    started.elapsed().as_secs() < 20,
                    "{goal:?} is never reached"
                );
            }
        }

        /// No position passes an event whose command has not succeeded.
        fn check_unfinished(&self) {
            let unfinished: BTreeMap<i32, i64> = self.exec.unfinished().into_iter().collect();
            let log = lock(&self.log);
            let left = log
                .pushed
                .iter()
                .filter(|event| event.successes == 0 && !event.is_forbidden);
            for event in left {
                let first = unfinished.get(&event.partition);
                assert!(
                    first.is_some_and(|first| *first <= event.offset),
                    "{event:?} is lost: {unfinished:?}"
                );
            }
        }

        /// Reads everything of a partition that was not read yet.
        fn read(&mut self, partition: i32) -> bool {
            let records = self.records.get(&partition).cloned().unwrap_or_default();
            let start = self.next.insert(partition, records.len()).unwrap_or(0);
            for (index, (document, micros)) in records.into_iter().enumerate().skip(start) {
                let offset = i64::try_from(index).unwrap();
                let mut log = lock(&self.log);
                let number = log.pushed.len();
                log.pushed.push(Pushed {
                    partition,
                    offset,
                    document,
                    micros,
                    successes: 0,
                    is_running: false,
                    is_released: false,
                    is_forbidden: false,
                });
                drop(log);
                self.exec.push(event(number, document, partition, offset));
                if !self.wait(Goal::Room) {
                    return false;
                }
            }
            true
        }

        fn release(&mut self, partition: i32) -> bool {
            let of_partition = |event: &&mut Pushed| event.partition == partition;
            for event in lock(&self.log).pushed.iter_mut().filter(of_partition) {
                event.is_released = true;
            }
            let positions = self.exec.release()(&[partition]);
            let mut log = lock(&self.log);
            let mut first = None;
            let mut is_read = false;
            for event in log.pushed.iter_mut().filter(of_partition) {
                if !event.is_forbidden {
                    is_read = true;
                    if event.successes == 0 {
                        first = Some(first.unwrap_or(event.offset).min(event.offset));
                    }
                    assert!(!event.is_running);
                }
                event.is_forbidden = true;
            }
            drop(log);
            let read = self.next.get(&partition).copied().unwrap_or(0);
            let next = i64::try_from(read).unwrap();
            let expected = is_read.then_some((partition, first.unwrap_or(next)));
            assert_eq!(positions, Vec::from_iter(expected));
            if let Some((_, position)) = expected {
                self.next
                    .insert(partition, usize::try_from(position).unwrap());
            }
            self.read(partition)
        }

        fn step(&mut self, step: Step) -> bool {
            match step {
                Step::Release(partition) => self.release(partition),
                Step::Push {
                    partition,
                    document,
                    failures,
                    micros,
                } => {
                    let records = self.records.entry(partition).or_default();
                    let offset = i64::try_from(records.len()).unwrap();
                    records.push((document, micros));
                    lock(&self.log)
                        .failures
                        .insert((partition, offset), failures);
                    self.read(partition)
                }
            }
        }
    }

    fn run(history: &History) {
        let mut reading = Reading::start(history);
        let mut is_good = true;
        let mut is_interrupted = false;
        for (index, step) in history.steps.iter().enumerate() {
            is_interrupted = history.interrupt_at == Some(index);
            is_good = is_good && !is_interrupted && reading.step(*step);
            if !is_good {
                break;
            }
        }
        is_good = is_good && reading.wait(Goal::AllEnded);
        reading.exec.stop();
        reading.wait(Goal::NoneRunning);
        let unfinished = reading.exec.unfinished();
        let failed = reading.exec.failed();
        let succeeded = reading.exec.succeeded().total();
        let log = lock(&reading.log);
        let successes = log.pushed.iter().map(|event| u64::from(event.successes));
        assert_eq!(succeeded, successes.sum::<u64>());
        assert_eq!(log.violations, Vec::<String>::new());
        assert!(log.most_at_once <= history.jobs);
        assert_eq!(reading.messages, log.failed_attempts);
        if !is_interrupted {
            assert_eq!(failed.is_some(), !is_good);
        }
        if is_good {
            assert_eq!(unfinished, []);
            let mut succeeded = BTreeSet::new();
            for event in &log.pushed {
                let is_new = event.successes == 1 && !event.is_forbidden;
                assert!(is_new || event.is_forbidden, "{event:?}");
                if event.successes > 0 {
                    succeeded.insert((event.partition, event.offset));
                }
            }
            assert_eq!(succeeded, log.failures.keys().copied().collect());
        }
        if let Some(failed) = failed {
            let position = failed.position.unwrap();
            assert!(
                unfinished.iter().any(|(partition, offset)| {
                    *partition == position.0 && *offset <= position.1
                })
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, max_shrink_iters: 200, ..ProptestConfig::default() })]

        #[test]
        fn keep_the_order_of_each_document_and_lose_no_event(history in histories()) {
            run(&history);
        }
    }

    /// Commands of different documents do run at once: each waits for the others.
    #[test]
    fn run_several_commands_at_once() {
        struct Meeting(std::sync::Barrier);
        impl Runner for Meeting {
            fn run(&self, _: &ExecEvent) -> Result<(), String> {
                self.0.wait();
                Ok(())
            }
        }
        let plan = ExecPlan {
            program: String::new(),
            arguments: Vec::new(),
            jobs: 4,
            retries: 0,
        };
        let runner = Meeting(std::sync::Barrier::new(4));
        let exec = Exec::start(&plan, runner, Arc::new(AtomicBool::new(false)));
        for document in 0..4 {
            exec.push(event(
                usize::from(document),
                document,
                0,
                i64::from(document),
            ));
        }
        assert!(exec.wait(Goal::AllEnded, Duration::from_secs(20)));
    }
}
