//! A reader as a member of a group: its wait for partitions, their assignment, and the commit of positions.

use std::time::{Duration, Instant};

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode;

use super::context::ClientEvent;
use super::group::{Assignment, Release, is_rebalancing};
use super::joining::{JOINING, JoinStep, Joining};
use super::reader::{Pending, Reader};
use crate::record::{Failure, FailureClass, GapReason, Notice, OffsetGap};
use crate::util::shell;

/// What a member does while its records are processed; for messages.
const PAUSING: &str = "pausing to read";

/// How long the topic of a member may be missing: it may be created again at once, which is a gap and not a failure.
const MAX_MISSING: Duration = Duration::from_secs(30);

impl Reader {
    /// The offsets from which a requery looks for further gaps: with a group, its positions in all partitions, because
    /// gaps in the partitions of other members count, too.
    #[must_use]
    pub fn recovery_offsets(&self) -> Vec<(i32, i64)> {
        let consumer = &self.topic.consumer;
        let stored = consumer
            .context()
            .group()
            .map(|group| group.stored(consumer));
        match stored {
            Some(Ok(stored)) if !stored.is_empty() => stored.into_iter().collect(),
            _ => self.partitions.positions(),
        }
    }

    /// At the end of a group's partition: the stored position passes markers of transactions, which hold no record.
    /// Else the group would seem to lag behind.
    pub(super) fn pass_markers(&mut self, partition: i32) {
        if self.topic.is_without_group() {
            return;
        }
        let position = self.topic.consumer.position().ok().and_then(|list| {
            let found = list.find_partition(self.topic.name(), partition)?;
            found.offset().to_raw()
        });
        if let Some(next) = position {
            self.partitions.pass(partition, next);
        }
    }

    /// An error after which the library's consumer does nothing any more.
    pub(super) fn fatal(&self, code: RDKafkaErrorCode) -> Failure {
        let mut reason = String::new();
        while let Some(event) = self.topic.consumer.context().take() {
            if let ClientEvent::Error(_, text) = event {
                reason = text;
            }
        }
        let doing = if self.joining.is_some() {
            JOINING
        } else {
            "reading"
        };
        self.topic.failure(doing, code, &reason)
    }

    /// Whether an error says that the topic of a member is missing, and this may pass.
    pub(super) fn may_return(&mut self, code: RDKafkaErrorCode) -> bool {
        let is_missing = matches!(
            code,
            RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition
        );
        if !is_missing || self.topic.is_without_group() || self.joining.is_some() {
            return false;
        }
        self.missing_since
            .get_or_insert_with(Instant::now)
            .elapsed()
            < MAX_MISSING
    }

    /// Without an assignment: reports the wait, and gives it up in the end.
    pub(super) fn check_joining(&mut self) -> Result<(), Failure> {
        let Some(joining) = &mut self.joining else {
            return Ok(());
        };
        let step = joining.step(self.joined_at.elapsed());
        let group = self.topic.connection.group.clone().unwrap_or_default();
        match step {
            JoinStep::Wait => Ok(()),
            JoinStep::Report => {
                let error = joining.error.clone();
                let notice = Notice::Joining { group, error };
                self.pending.push_back(Pending::Notice(notice));
                Ok(())
            }
            JoinStep::GiveUp if self.may_be_without_partitions() => {
                self.on_assigned(Assignment::default());
                Ok(())
            }
            JoinStep::GiveUp => Err(Failure {
                class: FailureClass::Setup,
                what: format!(
                    "{JOINING}: the group {group} has assigned no partition within {} s: its coordinator does not answer, or another member does not give up its partitions",
                    self.joined_at.elapsed().as_secs()
                ),
                fix: Some(format!(
                    "run ditto-cdc verify --group {}; if it passes, try again later, or use another group",
                    shell::quoted(&group)
                )),
                raw: self.joining.as_ref().and_then(|one| one.error.clone()),
            }),
        }
    }

    /// Whether the coordinator answers a member to which it need not have assigned a partition.
    fn may_be_without_partitions(&self) -> bool {
        let consumer = &self.topic.consumer;
        let may = self.joining.as_ref().is_some_and(Joining::may_be_empty);
        let group = consumer.context().group().filter(|_| may);
        group.is_some_and(|group| group.stored(consumer).is_ok())
    }

    pub(super) fn on_assigned(&mut self, assignment: Assignment) {
        self.joining = None;
        if !assignment.starts.is_empty() {
            self.missing_since = None;
        }
        self.partitions
            .on_assigned(&assignment.starts, &assignment.unstored);
        let assigned = Notice::Assigned(self.partitions.count());
        self.pending.push_back(Pending::Notice(assigned));
        let no_position = assignment.no_position.map(Notice::NoPosition);
        let is_deletion = |gap: &OffsetGap| gap.why == GapReason::PositionsDeleted;
        self.watch.positions_deleted |= assignment.gaps.iter().any(is_deletion);
        let gaps = assignment.gaps.into_iter().map(Pending::OffsetGap);
        self.pending.extend(no_position.map(Pending::Notice));
        self.pending.extend(gaps);
    }

    /// Calls a function before partitions are revoked: it gives them up and returns their positions.
    pub fn before_revocation(&self, release: Release) {
        if let Some(group) = self.topic.consumer.context().group() {
            group.before_revocation(release);
        }
    }

    /// As a member of a group, which has to poll to stay one: pauses the partitions and handles rebalances.
    pub(super) fn poll_without_records(&mut self) -> Result<(), Failure> {
        if self.topic.is_without_group() || self.paused_record.is_some() {
            return Ok(());
        }
        let mut running = self.partitions.open();
        running.retain(|(partition, _)| !self.paused.contains(partition));
        if !running.is_empty() {
            self.has_paused = true;
            self.paused
                .extend(running.iter().map(|(partition, _)| *partition));
            let list = self.offset_list(running, PAUSING)?;
            let paused = self.topic.consumer.pause(&list);
            paused.map_err(|error| self.topic.unexpected(PAUSING, &error))?;
        }
        if self.poll_consumer(Duration::ZERO)? {
            // A partition that was assigned after the pause.
            let (partition, offset) = self.message.position();
            self.partitions.hold(partition, offset);
            self.paused_record = Some((partition, offset));
        }
        Ok(())
    }

    /// Goes on after a pause. `true` means that a record is to be delivered.
    pub(super) fn resume_from_pause(&mut self) -> Result<bool, Failure> {
        let paused = std::mem::take(&mut self.paused);
        self.resume_partitions(paused.into_iter())?;
        let record = self.paused_record.take();
        Ok(record.is_some_and(|(partition, offset)| self.partitions.take(partition, offset)))
    }

    /// A partition that was paused when it was revoked would stay so.
    pub(super) fn resume_partitions(
        &self,
        partitions: impl Iterator<Item = i32>,
    ) -> Result<(), Failure> {
        let list = partitions.map(|partition| (partition, 0)).collect();
        let list = self.offset_list(list, PAUSING)?;
        let resumed = self.topic.consumer.resume(&list);
        resumed.map_err(|error| self.topic.unexpected(PAUSING, &error))
    }

    /// Commits the positions of processed records that the group has not stored yet.
    pub(super) fn commit(&mut self, unfinished: &[(i32, i64)]) -> Result<(), Failure> {
        self.committed_at = Instant::now();
        let positions = self.partitions.unstored(unfinished);
        let list = self.offset_list(positions.clone(), "committing the offsets")?;
        if list.count() == 0 {
            return Ok(());
        }
        match self.topic.consumer.commit(&list, CommitMode::Sync) {
            Ok(()) => self.partitions.note_stored(&positions),
            Err(error) if is_rebalancing(&error) => {}
            Err(error) => return Err(self.topic.unexpected("committing the offsets", &error)),
        }
        Ok(())
    }
}
