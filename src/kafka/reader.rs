//! The Kafka source: polls the client library and turns its results into source items.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::Message;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::context::ClientEvent;
use super::failure::{ErrorClass, READING, classify, is_about_group, raw};
use super::joining::{JOINING, Joining};
use super::message::OwnedMessage;
use super::outage::{OutageMonitor, PROBE_TIMEOUT};
use super::partition_queues::PartitionQueues;
use super::partitions::PartitionProgress;
use super::plan::ReadPlan;
use super::topic::{Offsets, Topic};
use super::watch::TopicWatch;
use crate::record::incarnation::Incarnation;
use crate::record::time_order::TxnOf;
use crate::record::{Failure, GapReason, Notice, OffsetGap, Progress, Record, Source, SourceItem};

/// Reads a topic between the offsets of a plan.
pub struct Reader {
    pub(super) topic: Topic,
    pub(super) partitions: PartitionProgress,
    /// Items to deliver before the next record.
    pub(super) pending: VecDeque<Pending>,
    /// Gaps of a read that is merged by time: each is delivered before the next record of its partition.
    pub(super) deferred_gaps: Vec<OffsetGap>,
    /// How a record's transaction is read, if the partitions are merged by time.
    txn_of: Option<TxnOf>,
    /// Whether each partition has a queue of its own: to merge them, or because there is only one. The partitions of a
    /// group change, and one queue for several would be cut off with each new assignment.
    has_queues: bool,
    /// The queues of the assigned partitions; none if records are taken from the consumer's own queue.
    pub(super) queues: PartitionQueues,
    /// The record of a group delivered last; the item borrows its bytes.
    pub(super) message: OwnedMessage,
    pub(super) outage: OutageMonitor,
    /// The topic's incarnation, and how its changes are noticed.
    pub(super) watch: TopicWatch,
    /// Records delivered since the last periodic work.
    pub(super) unticked: u32,
    /// When reading ends, in milliseconds since 1970-01-01 UTC; `None` once that time has passed.
    until: Option<i64>,
    /// Bytes delivered since an offset was reported out of range, until its partition is known.
    pub(super) pending_reset: Option<u64>,
    pub(super) committed_at: Instant,
    /// The wait for a group's first assignment.
    pub(super) joining: Option<Joining>,
    pub(super) joined_at: Instant,
    /// Partitions of a member that are paused, because records that were delivered are still processed.
    pub(super) paused: Vec<i32>,
    /// Whether partitions were ever paused.
    pub(super) has_paused: bool,
    /// Partition and offset of a record that arrived in spite of the pause.
    pub(super) paused_record: Option<(i32, i64)>,
    /// Since when the topic of a group is missing.
    pub(super) missing_since: Option<Instant>,
}

/// An item without borrowed data.
pub(super) enum Pending {
    OffsetGap(OffsetGap),
    Notice(Notice),
    Failed(Failure),
}

/// Records between two checks of the clock while records keep arriving.
const RECORDS_PER_TICK: u32 = 1024;
/// Longest poll of the client library, and so the delay of Ctrl-C.
const MAX_POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// Timeout of a seek.
const SEEK_TIMEOUT: Duration = Duration::from_secs(10);
/// Shortest time between two commits of a group.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
/// More than the library's queues hold: after this many bytes, everything that was queued when an offset was reported
/// out of range has been delivered.
const MAX_QUEUED_BYTES: u64 = 256 << 20;

impl Reader {
    /// Starts to read the plan's ranges, up to the time `until` in milliseconds if there is one.
    ///
    /// # Errors
    /// A [`Failure`] if the library rejects the partitions.
    pub(super) fn start(
        topic: Topic,
        plan: ReadPlan,
        until: Option<i64>,
    ) -> Result<Reader, Failure> {
        Reader::open(topic, plan, until, None)
    }

    /// Starts to read the plan's ranges, which all have a stop, merged by time. `txn_of` reads a record's transaction.
    ///
    /// # Errors
    /// As [`Reader::start`].
    pub(super) fn start_merged(
        topic: Topic,
        plan: ReadPlan,
        txn_of: TxnOf,
    ) -> Result<Reader, Failure> {
        Reader::open(topic, plan, None, Some(txn_of))
    }

    fn open(
        topic: Topic,
        plan: ReadPlan,
        until: Option<i64>,
        txn_of: Option<TxnOf>,
    ) -> Result<Reader, Failure> {
        let mut reader = Reader {
            partitions: PartitionProgress::new(plan.ranges),
            pending: VecDeque::new(),
            deferred_gaps: Vec::new(),
            has_queues: topic.is_without_group() && (txn_of.is_some() || topic.partitions() == 1),
            txn_of,
            queues: PartitionQueues::default(),
            topic,
            message: OwnedMessage::default(),
            outage: OutageMonitor::default(),
            watch: TopicWatch::default(),
            unticked: 0,
            until,
            pending_reset: None,
            committed_at: Instant::now(),
            joining: None,
            paused: Vec::new(),
            has_paused: false,
            paused_record: None,
            missing_since: None,
            joined_at: Instant::now(),
        };
        if reader.topic.is_without_group() {
            // The watermarks came from the leaders.
            reader.outage.on_answer();
        }
        reader.assign()?;
        for lost in plan.lost {
            reader.note_gap(lost);
        }
        Ok(reader)
    }

    /// Joins the user's group, which then assigns partitions. `idle_exit` limits the wait for them.
    ///
    /// # Errors
    /// A [`Failure`] if the library rejects the subscription.
    pub(super) fn join(topic: Topic, idle_exit: Option<Duration>) -> Result<Reader, Failure> {
        topic
            .consumer
            .subscribe(&[topic.name()])
            .map_err(|error| topic.unexpected(JOINING, &error))?;
        let joining = Joining::new(idle_exit, &topic.connection.extra);
        let mut reader = Reader::start(topic, ReadPlan::default(), None)?;
        reader.joining = Some(joining);
        Ok(reader)
    }

    /// Returns the topic for another read.
    #[must_use]
    pub fn close(self) -> Topic {
        self.topic
    }

    /// The next offset of each partition. Unlike [`Source::positions`] it is not set back to an unreported gap.
    #[must_use]
    pub fn next_offsets(&self) -> Vec<(i32, i64)> {
        self.partitions.positions()
    }

    pub(super) fn offset_list(
        &self,
        offsets: Vec<(i32, i64)>,
        doing: &str,
    ) -> Result<TopicPartitionList, Failure> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, next) in offsets {
            let added =
                list.add_partition_offset(self.topic.name(), partition, Offset::Offset(next));
            added.map_err(|error| self.topic.unexpected(doing, &error))?;
        }
        Ok(list)
    }

    /// Assigns the open partitions at their next offsets. Prefetched records are fetched again.
    pub(super) fn assign(&mut self) -> Result<(), Failure> {
        let open = self.partitions.open();
        if open.is_empty() {
            return Ok(());
        }
        if self.has_queues {
            let partitions = open.iter().map(|(partition, _)| *partition).collect();
            let (consumer, name) = (&self.topic.consumer, self.topic.name());
            let queues = PartitionQueues::new(consumer, name, partitions, self.txn_of);
            self.queues = queues.unwrap_or_default();
        }
        let list = self.offset_list(open, "starting to read")?;
        let consumer = &self.topic.consumer;
        let assigned = consumer.assign(&list).and_then(|()| {
            // A partition paused by an earlier read stays paused after an assignment.
            consumer.resume(&list)
        });
        assigned.map_err(|error| self.topic.unexpected("starting to read", &error))
    }

    fn poll_or_resume(&mut self, timeout: Duration) -> Result<bool, Failure> {
        let is_paused = !self.paused.is_empty() || self.paused_record.is_some();
        if is_paused && self.resume_from_pause()? {
            return Ok(true);
        }
        self.poll(timeout)
    }

    /// The record that was delivered last.
    fn record(&self) -> Record<'_> {
        let name = self.topic.name();
        let queued = self.queues.record(name);
        queued.unwrap_or_else(|| self.message.as_record(name))
    }

    /// Takes a record from the consumer's own queue.
    pub(super) fn poll_consumer(&mut self, wait: Duration) -> Result<bool, Failure> {
        let consumer = std::sync::Arc::clone(&self.topic.consumer);
        let delivered = match consumer.poll(wait) {
            Some(Ok(message)) => {
                self.outage.on_answer();
                if !self.partitions.take(message.partition(), message.offset()) {
                    self.pause(message.partition());
                    return Ok(false);
                }
                self.message.copy(&message);
                self.watch
                    .note_record(|| self.message.as_record(&self.topic.connection.topic));
                if let Some(bytes) = &mut self.pending_reset {
                    *bytes += self.message.len() as u64;
                }
                true
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.on_partition_end(partition);
                false
            }
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                return Err(self.fatal(code));
            }
            Some(Err(_)) => false,
            None => {
                self.check_reset()?;
                return self.poll_events().map(|()| false);
            }
        };
        if !delivered {
            self.poll_events()?;
        }
        Ok(delivered)
    }

    /// Stops reading a partition.
    pub(super) fn finish_partition(&mut self, partition: i32) {
        self.partitions.finish(partition);
        self.pause(partition);
    }

    /// Stops fetching a finished partition.
    pub(super) fn pause(&self, partition: i32) {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(self.topic.name(), partition);
        // Not fatal: a record beyond the stop is skipped in any case.
        let _ = self.topic.consumer.pause(&list);
    }

    /// Handles the callbacks since the last poll.
    pub(super) fn poll_events(&mut self) -> Result<(), Failure> {
        while let Some(event) = self.topic.consumer.context().take() {
            match event {
                ClientEvent::Error(code, reason) => self.handle_error(code, &reason)?,
                ClientEvent::Log(line) => {
                    self.pending.push_back(Pending::Notice(Notice::Log(line)));
                }
                ClientEvent::Assigned(assignment) => {
                    let starts = assignment.starts.iter().map(|(partition, _)| *partition);
                    self.paused
                        .retain(|id| !starts.clone().any(|partition| partition == *id));
                    if self.has_paused {
                        self.resume_partitions(starts)?;
                    }
                    self.on_assigned(assignment);
                }
                ClientEvent::Revoked(partitions) => {
                    self.partitions.remove(&partitions);
                    self.paused.retain(|id| !partitions.contains(id));
                    self.paused_record
                        .take_if(|(partition, _)| partitions.contains(partition));
                }
                ClientEvent::RebalanceFailed(code, reason) => {
                    let doing = "assigning the group's partitions";
                    return Err(self.topic.failure(doing, code, &reason));
                }
            }
        }
        Ok(())
    }

    pub(super) fn handle_error(
        &mut self,
        code: RDKafkaErrorCode,
        reason: &str,
    ) -> Result<(), Failure> {
        match code {
            // librdkafka looks for the coordinator of the unused group name.
            RDKafkaErrorCode::GroupAuthorizationFailed if self.topic.is_without_group() => Ok(()),
            RDKafkaErrorCode::AutoOffsetReset => self.on_offset_out_of_range(),
            _ if classify(code, reason) == ErrorClass::Fatal && !self.may_return(code) => {
                let doing = if is_about_group(code) {
                    JOINING
                } else {
                    READING
                };
                let pending = &mut self.pending;
                self.topic.judge_error(doing, code, reason, &mut |line| {
                    pending.push_back(Pending::Notice(Notice::Log(line.to_owned())));
                })?;
                self.outage.on_error(reason, true, Instant::now());
                Ok(())
            }
            RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::SSL => {
                let is_specific = code != RDKafkaErrorCode::AllBrokersDown;
                self.outage.on_error(reason, is_specific, Instant::now());
                Ok(())
            }
            _ => {
                let line = format!("{reason} ({code})");
                if let Some(joining) = &mut self.joining {
                    joining.error = Some(raw(code, reason));
                }
                if self.topic.consumer.context().shows(&line) {
                    self.pending.push_back(Pending::Notice(Notice::Log(line)));
                }
                Ok(())
            }
        }
    }

    /// After an error of a connection: probes whether brokers answer, and reports what changed.
    fn probe(&mut self) {
        if !self.outage.is_probe_due(Instant::now()) {
            return;
        }
        let answered = self.topic.leaders_answer(PROBE_TIMEOUT);
        let notice = self.outage.on_probe(answered, Instant::now());
        self.pending.extend(notice.map(Pending::Notice));
    }

    /// librdkafka reports that an offset is out of range without saying which: the candidates are partitions whose
    /// next offset is below the low watermark. They may still have older records in librdkafka's queue, so the check
    /// waits until that is empty.
    fn on_offset_out_of_range(&mut self) -> Result<(), Failure> {
        let lows = self.topic.low_watermarks()?;
        if self.partitions.overtaken(&lows).is_empty() {
            return self.on_offset_beyond_end();
        }
        self.pending_reset = Some(0);
        Ok(())
    }

    fn check_reset(&mut self) -> Result<(), Failure> {
        if self.pending_reset.take().is_none() {
            return Ok(());
        }
        let lows = self.topic.low_watermarks()?;
        for (partition, wanted, resumed) in self.partitions.overtaken(&lows) {
            let (topic, why) = (self.topic.name(), GapReason::Retention);
            let gap = OffsetGap::new(topic, partition, wanted, resumed, why);
            self.note_gap(gap);
            self.partitions.resume(partition, resumed);
        }
        self.refetch()
    }

    /// Fetches from the current offsets: by assignment, or by seeking if a group owns the assignment.
    pub(super) fn refetch(&mut self) -> Result<(), Failure> {
        if self.topic.is_without_group() {
            return self.assign();
        }
        let list = self.offset_list(self.partitions.open(), "continuing after a gap")?;
        let sought = self.topic.consumer.seek_partitions(list, SEEK_TIMEOUT);
        sought.map_err(|error| self.topic.unexpected("continuing after a gap", &error))?;
        Ok(())
    }

    /// When the time of `--until` has come, the current end becomes the stop.
    fn check_time(&mut self) -> Result<(), Failure> {
        let Some(until) = self.until.filter(|until| *until <= now_millis()) else {
            return Ok(());
        };
        self.until = None;
        let mut stops = self.topic.high_watermarks()?;
        stops.extend(self.topic.offsets_for_time(until)?);
        self.partitions.stop_at(&stops);
        // A new assignment reports the end of each partition again.
        self.assign()
    }

    /// Periodic work between records.
    fn tick(&mut self) -> Result<(), Failure> {
        if self
            .pending_reset
            .is_some_and(|bytes| bytes > MAX_QUEUED_BYTES)
        {
            self.check_reset()?;
        }
        self.unticked = 0;
        self.probe();
        self.check_joining()?;
        self.poll_changes()?;
        self.check_time()
    }

    /// Periodic work while records keep arriving.
    fn tick_while_busy(&mut self) {
        self.unticked += 1;
        if self.unticked >= RECORDS_PER_TICK
            && let Err(failure) = self.tick()
        {
            self.pending.push_back(Pending::Failed(failure));
        }
    }

    /// Once, at the end: reports the errors and log lines that were not handled because records kept arriving.
    fn report_late_events(&mut self) -> bool {
        if self.queues.is_empty() {
            return false;
        }
        self.queues = PartitionQueues::default();
        let mut reported = 0;
        let mut arrived = self.poll_events_of_consumer();
        while matches!(arrived, Ok(false)) && self.pending.len() > reported {
            reported = self.pending.len();
            arrived = self.poll_events_of_consumer();
        }
        if let Err(failure) = arrived {
            self.pending.push_back(Pending::Failed(failure));
        }
        !self.pending.is_empty()
    }

    fn has_pending_gap(&self) -> bool {
        let is_gap = |pending: &Pending| matches!(pending, Pending::OffsetGap(_));
        !self.deferred_gaps.is_empty() || self.pending.iter().any(is_gap)
    }

    fn take_pending(&mut self) -> Option<SourceItem<'static>> {
        let item = self.pending.pop_front()?;
        if !self.has_pending_gap() {
            self.watch.forget_former();
        }
        Some(match item {
            Pending::OffsetGap(lost) => SourceItem::OffsetGap(lost),
            Pending::Notice(notice) => SourceItem::Notice(notice),
            Pending::Failed(failure) => SourceItem::Failed(failure),
        })
    }
}

impl Source for Reader {
    fn next(&mut self, wait: Duration) -> SourceItem<'_> {
        let mut started = None;
        let mut timeout = Duration::ZERO;
        loop {
            if self.topic.interrupt.load(Ordering::Relaxed) {
                return SourceItem::Interrupted;
            }
            if let Some(item) = self.take_pending() {
                return item;
            }
            if self.partitions.complete() {
                if self.deliver_all_gaps() || self.report_late_events() {
                    continue;
                }
                if self.confirm() {
                    return SourceItem::End;
                }
                continue;
            }
            match self.poll_or_resume(timeout) {
                Ok(true) => {
                    self.tick_while_busy();
                    return SourceItem::Record(self.record());
                }
                Ok(false) => {}
                Err(failure) => {
                    // Items that are already queued come first.
                    self.pending.push_back(Pending::Failed(failure));
                    continue;
                }
            }
            if let Err(failure) = self.tick() {
                self.pending.push_back(Pending::Failed(failure));
                continue;
            }
            let waited = started.get_or_insert_with(Instant::now).elapsed();
            if waited >= wait && self.pending.is_empty() && !self.partitions.complete() {
                return SourceItem::Idle;
            }
            timeout = wait.saturating_sub(waited).min(MAX_POLL_TIMEOUT);
        }
    }

    fn progress(&self) -> Progress {
        self.partitions.progress()
    }

    fn positions(&self) -> Vec<(i32, i64)> {
        let mut positions: Offsets = self.partitions.positions().into_iter().collect();
        // An unreported gap is still to be delivered.
        for lost in self.deferred_gaps.iter().rev() {
            positions.insert(lost.partition, lost.wanted);
        }
        for pending in self.pending.iter().rev() {
            if let Pending::OffsetGap(lost) = pending {
                positions.insert(lost.partition, lost.wanted);
            }
        }
        positions.into_iter().collect()
    }

    fn incarnation(&self) -> Incarnation {
        self.watch.incarnation(self.has_pending_gap())
    }

    fn confirm(&mut self) -> bool {
        match self.check_now() {
            Ok(()) => self.pending.is_empty(),
            Err(failure) => {
                self.pending.push_back(Pending::Failed(failure));
                false
            }
        }
    }

    fn needs_commit(&self) -> bool {
        !self.topic.is_without_group() && self.committed_at.elapsed() > COMMIT_INTERVAL
    }

    fn hold(&mut self, partition: i32, offset: i64) {
        if !self.topic.is_without_group() {
            self.partitions.hold(partition, offset);
        }
    }

    fn acknowledge(&mut self, unfinished: &[(i32, i64)], last: bool) -> Result<(), Failure> {
        let Some(group) = self.topic.consumer.context().group() else {
            return Ok(());
        };
        group.note_written(self.partitions.unstored(unfinished));
        if last || self.needs_commit() {
            return self.commit(unfinished);
        }
        Ok(())
    }

    fn keep_alive(&mut self) -> Result<(), Failure> {
        self.poll_without_records()
    }
}

fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
