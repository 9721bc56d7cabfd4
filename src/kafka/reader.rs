//! The Kafka source itself: polls the client library and turns what comes into steps.
//! Where to start and stop was decided in `plan`; which words an error gets, in `failure`.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::context::Said;
use super::failure::{Outlook, outlook};
use super::message::Copied;
use super::partitions::Parts;
use super::plan::Plan;
use super::topic::{Offsets, Topic};
use crate::record::{Failure, FailureClass, Loss, Lost, Notice, Progress, Source, Step};

/// Reads a topic between the offsets of a plan.
pub struct Reader {
    topic: Topic,
    parts: Parts,
    /// Steps that are due before the next record.
    due: VecDeque<Due>,
    /// The record that was delivered last; it lends its bytes to the step.
    copied: Copied,
    connection: State,
    /// When reading ends, in milliseconds since 1970; only while that lies in the future.
    until: Option<i64>,
    /// Bytes delivered since a position was found to be lost and not yet told which.
    doubt: Option<u64>,
    committed: Instant,
}

/// A step without borrowed parts.
enum Due {
    Lost(Lost),
    Notice(Notice),
    Failed(Failure),
}

/// Whether brokers answer, as far as anybody said.
enum State {
    Up,
    Down { told: Instant, asked: Instant },
}

/// The longest wait in the library: how late Ctrl-C is noticed.
const SLICE: Duration = Duration::from_millis(100);
/// How often a lost connection is probed, and how long one probe may take.
const PROBE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(200));
/// How often it is said again that there is no connection.
const REMIND: Duration = Duration::from_secs(30);
/// How long going to another offset may take.
const SEEK: Duration = Duration::from_secs(10);
/// How often a group's positions are stored, at most.
const COMMIT: Duration = Duration::from_secs(1);
/// More than the library's queues hold: whatever was queued when a doubt arose has been delivered by then.
const QUEUES: u64 = 256 << 20;

impl Reader {
    /// Starts to read what the plan says, until a time in milliseconds if one is given.
    ///
    /// # Errors
    /// A failure where the library refuses the partitions.
    pub(super) fn start(topic: Topic, plan: Plan, until: Option<i64>) -> Result<Reader, Failure> {
        let due = plan.lost.into_iter().map(Due::Lost).collect();
        let reader = Reader {
            topic,
            parts: Parts::new(plan.ranges),
            due,
            copied: Copied::default(),
            connection: State::Up,
            until,
            doubt: None,
            committed: Instant::now(),
        };
        reader.assign()?;
        Ok(reader)
    }

    /// Joins the user's group; the group then hands out partitions.
    ///
    /// # Errors
    /// A failure where the library refuses the subscription.
    pub(super) fn join(topic: Topic) -> Result<Reader, Failure> {
        topic
            .consumer
            .subscribe(&[topic.name()])
            .map_err(|error| topic.unexpected("joining the group", &error))?;
        Reader::start(topic, Plan::default(), None)
    }

    /// Gives the topic back, to read something else from it.
    #[must_use]
    pub fn into_topic(self) -> Topic {
        self.topic
    }

    /// The offset of each partition that would be read next. Unlike [`Source::positions`] it is one that is there.
    #[must_use]
    pub fn next_offsets(&self) -> Vec<(i32, i64)> {
        self.parts.positions()
    }

    /// Tells the library which partitions to fetch from where. What it had queued is fetched anew.
    fn assign(&self) -> Result<(), Failure> {
        let open = self.parts.open();
        if open.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(open.len());
        for (partition, next) in open {
            let added =
                list.add_partition_offset(self.topic.name(), partition, Offset::Offset(next));
            added.map_err(|error| self.topic.unexpected("starting to read", &error))?;
        }
        let consumer = &self.topic.consumer;
        let assigned = consumer.assign(&list).and_then(|()| {
            // A partition that an earlier read of the same topic paused stays so over an assignment.
            consumer.resume(&list)
        });
        assigned.map_err(|error| self.topic.unexpected("starting to read", &error))
    }

    /// Polls once. `true` means that a record was copied and is to be delivered.
    fn poll(&mut self, wait: Duration) -> Result<bool, Failure> {
        let consumer = std::sync::Arc::clone(&self.topic.consumer);
        let delivered = match consumer.poll(wait) {
            Some(Ok(message)) => {
                if !self.parts.take(message.partition(), message.offset()) {
                    self.pause(message.partition());
                    return Ok(false);
                }
                self.copied.copy(&message);
                if let Some(bytes) = &mut self.doubt {
                    *bytes += self.copied.len() as u64;
                }
                true
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.parts.reached_end(partition);
                false
            }
            Some(Err(_)) => false,
            None => {
                self.settle_doubt()?;
                return self.hear().map(|()| false);
            }
        };
        if matches!(self.connection, State::Down { .. }) {
            self.is_back();
        }
        if !delivered {
            self.hear()?;
        }
        Ok(delivered)
    }

    /// Reads no more of a partition.
    pub(super) fn leave(&mut self, partition: i32) {
        self.parts.finish(partition);
        self.pause(partition);
    }

    /// A partition that has delivered what was asked for is not fetched any further.
    fn pause(&self, partition: i32) {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(self.topic.name(), partition);
        // Not fatal: a record beyond the stop is skipped in any case.
        let _ = self.topic.consumer.pause(&list);
    }

    /// Sorts what the library said since the last time.
    fn hear(&mut self) -> Result<(), Failure> {
        while let Some(said) = self.topic.consumer.context().take() {
            match said {
                Said::Error(code, reason) => self.hear_error(code, &reason)?,
                Said::Log(line) => self.due.push_back(Due::Notice(Notice::Log(line))),
                Said::Lost(lost) => self.due.push_back(Due::Lost(lost)),
                Said::Assigned(partitions) => {
                    self.parts.take_over(&partitions);
                    let notice = Notice::Assigned(self.parts.count());
                    self.due.push_back(Due::Notice(notice));
                }
                Said::Revoked(partitions) => self.parts.give_up(&partitions),
                Said::Stranded(code, reason) => {
                    let doing = "taking over the group's partitions";
                    return Err(self.topic.failure(doing, code, &reason));
                }
            }
        }
        Ok(())
    }

    fn hear_error(&mut self, code: RDKafkaErrorCode, reason: &str) -> Result<(), Failure> {
        match code {
            // Somebody looks for the coordinator of the group that we do not join.
            RDKafkaErrorCode::GroupAuthorizationFailed if self.topic.is_alone() => Ok(()),
            RDKafkaErrorCode::AutoOffsetReset => self.position_is_gone(),
            _ if outlook(code, reason) == Outlook::Final => {
                Err(self.topic.failure("reading", code, reason))
            }
            RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::SSL => {
                self.is_gone(reason);
                Ok(())
            }
            _ => {
                let line = format!("{reason} ({code})");
                self.due.push_back(Due::Notice(Notice::Log(line)));
                Ok(())
            }
        }
    }

    fn is_gone(&mut self, reason: &str) {
        if matches!(self.connection, State::Up) {
            let now = Instant::now();
            self.connection = State::Down {
                told: now,
                asked: now,
            };
            let notice = Notice::Disconnected(reason.to_owned());
            self.due.push_back(Due::Notice(notice));
        }
    }

    fn is_back(&mut self) {
        self.connection = State::Up;
        self.due.push_back(Due::Notice(Notice::Reconnected));
    }

    /// While there is no connection: asks whether there is one, and now and then says that there is none.
    fn probe(&mut self) {
        let State::Down { told, asked } = &mut self.connection else {
            return;
        };
        if told.elapsed() > REMIND {
            *told = Instant::now();
            let notice = Notice::Disconnected("still no broker answers".to_owned());
            self.due.push_back(Due::Notice(notice));
        }
        if asked.elapsed() > PROBE.0 {
            *asked = Instant::now();
            let name = &self.topic.connection.topic;
            let answer = self.topic.consumer.fetch_metadata(Some(name), PROBE.1);
            if answer.is_ok() {
                self.is_back();
            }
        }
    }

    /// The library says that some position is out of range, but not which one: the candidates are
    /// partitions whose next offset is gone. They may still have older records in the library's queue,
    /// so the verdict waits until that is empty.
    fn position_is_gone(&mut self) -> Result<(), Failure> {
        let lows = self.topic.beginnings()?;
        if self.parts.overtaken(&lows).is_empty() {
            return self.past_the_end(&self.topic.ends()?);
        }
        self.doubt = Some(0);
        Ok(())
    }

    /// A position behind the end means that the topic lost its newest records or was made anew.
    fn past_the_end(&self, highs: &Offsets) -> Result<(), Failure> {
        let Some((partition, next, high)) = self.parts.past(highs) else {
            return Ok(());
        };
        Err(Failure {
            class: FailureClass::Read,
            what: format!(
                "reading: partition {partition} of {} ends at offset {high}, before the position {next}",
                self.topic.name()
            ),
            fix: Some(
                "the topic was made anew or lost its newest records: treat it as a gap, and requery everything".into(),
            ),
            raw: None,
        })
    }

    fn settle_doubt(&mut self) -> Result<(), Failure> {
        if self.doubt.take().is_none() {
            return Ok(());
        }
        let lows = self.topic.beginnings()?;
        for (partition, wanted, resumed) in self.parts.overtaken(&lows) {
            self.due.push_back(Due::Lost(Lost {
                topic: self.topic.name().to_owned(),
                partition,
                wanted,
                resumed,
                why: Loss::Retention,
            }));
            self.parts.resume(partition, resumed);
        }
        self.go_on()
    }

    /// Fetches from where the partitions are now. A group's partitions are not ours to assign.
    fn go_on(&self) -> Result<(), Failure> {
        if self.topic.is_alone() {
            return self.assign();
        }
        let mut list = TopicPartitionList::new();
        for (partition, next) in self.parts.open() {
            let added =
                list.add_partition_offset(self.topic.name(), partition, Offset::Offset(next));
            added.map_err(|error| self.topic.unexpected("going on behind a gap", &error))?;
        }
        let sought = self.topic.consumer.seek_partitions(list, SEEK);
        sought.map_err(|error| self.topic.unexpected("going on behind a gap", &error))?;
        Ok(())
    }

    /// Once the time of `--until` has come, what is there by then is the end.
    fn check_time(&mut self) -> Result<(), Failure> {
        let Some(until) = self.until.filter(|until| *until <= now_millis()) else {
            return Ok(());
        };
        self.until = None;
        let mut stops = self.topic.ends()?;
        stops.extend(self.topic.at_time(until)?);
        self.parts.stop_at(&stops);
        // Assigned anew, each partition tells its end again, also one that is there already.
        self.assign()
    }

    /// What has to be looked after when no record is at hand.
    fn look_after(&mut self) -> Result<(), Failure> {
        if self.doubt.is_some_and(|bytes| bytes > QUEUES) {
            self.settle_doubt()?;
        }
        self.probe();
        self.check_time()
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.committed = Instant::now();
        let mut list = TopicPartitionList::new();
        for (partition, next) in self.parts.delivered() {
            let added =
                list.add_partition_offset(self.topic.name(), partition, Offset::Offset(next));
            added.map_err(|error| self.topic.unexpected("storing the position", &error))?;
        }
        if list.count() == 0 {
            return Ok(());
        }
        match self.topic.consumer.commit(&list, CommitMode::Sync) {
            // The group moved on: whoever has the partition now reads these records again.
            Err(KafkaError::ConsumerCommit(
                RDKafkaErrorCode::RebalanceInProgress
                | RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::NoOffset,
            ))
            | Ok(()) => Ok(()),
            Err(error) => Err(self.topic.unexpected("storing the position", &error)),
        }
    }

    fn due(&mut self) -> Option<Step<'static>> {
        self.due.pop_front().map(|due| match due {
            Due::Lost(lost) => Step::Lost(lost),
            Due::Notice(notice) => Step::Notice(notice),
            Due::Failed(failure) => Step::Failed(failure),
        })
    }
}

impl Source for Reader {
    fn next(&mut self, wait: Duration) -> Step<'_> {
        let mut started = None;
        let mut slice = Duration::ZERO;
        loop {
            if self.topic.interrupt.load(Ordering::Relaxed) {
                return Step::Interrupted;
            }
            if let Some(step) = self.due() {
                return step;
            }
            if self.parts.complete() {
                return Step::End;
            }
            match self.poll(slice) {
                Ok(true) => return Step::Record(self.copied.lend(self.topic.name())),
                Ok(false) => {}
                Err(failure) => {
                    // What was said before comes first.
                    self.due.push_back(Due::Failed(failure));
                    continue;
                }
            }
            if let Err(failure) = self.look_after() {
                self.due.push_back(Due::Failed(failure));
                continue;
            }
            let waited = started.get_or_insert_with(Instant::now).elapsed();
            if waited >= wait && self.due.is_empty() && !self.parts.complete() {
                return Step::Idle;
            }
            slice = wait.saturating_sub(waited).min(SLICE);
        }
    }

    fn progress(&self) -> Progress {
        self.parts.progress()
    }

    fn positions(&self) -> Vec<(i32, i64)> {
        let mut positions: Offsets = self.parts.positions().into_iter().collect();
        // A loss that nobody has heard of yet is not behind us.
        for due in self.due.iter().rev() {
            if let Due::Lost(lost) = due {
                positions.insert(lost.partition, lost.wanted);
            }
        }
        positions.into_iter().collect()
    }

    fn is_due(&self) -> bool {
        !self.topic.is_alone() && self.committed.elapsed() > COMMIT
    }

    fn delivered(&mut self, last: bool) -> Result<(), Failure> {
        let Some(group) = self.topic.consumer.context().group() else {
            return Ok(());
        };
        group.has_written(self.parts.delivered());
        if last || self.is_due() {
            return self.commit();
        }
        Ok(())
    }
}

fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
