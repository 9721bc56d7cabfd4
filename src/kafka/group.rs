//! Consumer group membership: start offsets of assigned partitions, and the commit before partitions are revoked.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::metadata::MetadataPartition;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem as Elem};

use super::failure::{ErrorClass, classify};
use super::group_start::{AssignmentFacts, AssignmentPlan, GroupStart, Offsets};
use crate::record::{NoPosition, OffsetGap};
use crate::util::mutex::lock;

/// Assigned partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Assignment {
    /// Each partition with its start offset.
    pub starts: Vec<(i32, i64)>,
    /// Gaps before these offsets.
    pub gaps: Vec<OffsetGap>,
    /// What to report about partitions without a position.
    pub no_position: Option<NoPosition>,
    /// Partitions whose start offset is not the stored position: the commit was refused, or a gap is before it.
    pub unstored: Vec<i32>,
}

/// State of a group member.
pub(super) struct Group {
    name: String,
    topic: String,
    /// Where the group starts if it has no position.
    start: GroupStart,
    /// The next offset after flushed output, by partition.
    written: Mutex<Vec<(i32, i64)>>,
    /// The last position of each partition that this process was assigned.
    remembered: Mutex<Offsets>,
    /// Called before partitions are revoked.
    release: OnceLock<Release>,
}

/// Gives partitions up whose records are being processed: waits for those, and returns the positions of the partitions.
pub type Release = Box<dyn Fn(&[i32]) -> Vec<(i32, i64)> + Send + Sync>;

/// Timeout of one response of the group's coordinator.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long retriable errors are retried: the leader of a partition or the coordinator may be moving.
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);
/// Time between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

impl Group {
    /// A member of the group `name`.
    pub(super) fn new(name: String, topic: String, start: GroupStart) -> Group {
        Group {
            name,
            topic,
            start,
            written: Mutex::default(),
            remembered: Mutex::default(),
            release: OnceLock::new(),
        }
    }

    /// Calls a function before partitions are revoked.
    pub(super) fn before_revocation(&self, release: Release) {
        // It is set once, after the group was joined.
        let _ = self.release.set(release);
    }

    /// Notes the next offset after flushed output, by partition.
    pub(super) fn note_written(&self, positions: Vec<(i32, i64)>) {
        lock(&self.remembered).extend(positions.iter().copied());
        *lock(&self.written) = positions;
    }

    /// Assigns partitions, after a position was stored for each of them.
    pub(super) fn on_assigned(
        &self,
        consumer: &BaseConsumer<impl ConsumerContext>,
        partitions: &TopicPartitionList,
    ) -> KafkaResult<Assignment> {
        let plan = self.plan(consumer, partitions)?;
        let is_stored = plan.to_store.is_empty() || self.store(consumer, &plan.to_store)?;
        lock(&self.remembered).extend(plan.starts.iter().copied());
        start_reading(consumer, &self.list(&plan.starts)?)?;
        let with_gap = plan.gaps.iter().map(|gap| gap.partition);
        let refused = plan.to_store.keys().filter(|_| !is_stored).copied();
        Ok(Assignment {
            unstored: refused.chain(with_gap).collect(),
            starts: plan.starts,
            gaps: plan.gaps,
            no_position: plan.no_position,
        })
    }

    fn plan(
        &self,
        consumer: &BaseConsumer<impl ConsumerContext>,
        partitions: &TopicPartitionList,
    ) -> KafkaResult<AssignmentPlan> {
        let assigned: Vec<i32> = partitions.elements().iter().map(Elem::partition).collect();
        if assigned.is_empty() {
            return Ok(AssignmentPlan::default());
        }
        let all = self.all_partitions(consumer, &assigned)?;
        let stored = offsets(&committed(consumer, &all)?);
        let remembered = lock(&self.remembered).clone();
        // A new group needs the offsets of all partitions, because it gets a position in each.
        let queried = if stored.is_empty() { &all } else { partitions };
        let facts = AssignmentFacts {
            group: &self.name,
            topic: &self.topic,
            assigned: &assigned,
            stored: &stored,
            remembered: &remembered,
            lows: &offsets(&query_offsets(consumer, queried, Offset::Beginning)?),
            highs: &offsets(&query_offsets(consumer, queried, Offset::End)?),
            start: &self.start,
        };
        Ok(facts.plan())
    }

    /// All partitions of the topic, at least the assigned ones.
    fn all_partitions(
        &self,
        consumer: &BaseConsumer<impl ConsumerContext>,
        assigned: &[i32],
    ) -> KafkaResult<TopicPartitionList> {
        let metadata =
            retry(|| consumer.fetch_metadata(Some(self.topic.as_str()), RESPONSE_TIMEOUT))?;
        let topic = metadata
            .topics()
            .iter()
            .find(|one| one.name() == self.topic);
        let known = topic.map_or(&[][..], |topic| topic.partitions());
        let mut ids: BTreeSet<i32> = known.iter().map(MetadataPartition::id).collect();
        ids.extend(assigned);
        let ids: Vec<(i32, i64)> = ids.into_iter().map(|id| (id, 0)).collect();
        self.list(&ids)
    }

    fn list(&self, offsets: &[(i32, i64)]) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))?;
        }
        Ok(list)
    }

    /// Stores positions. `false` if the group is rebalancing again, so that they are to be stored later.
    fn store(
        &self,
        consumer: &BaseConsumer<impl ConsumerContext>,
        positions: &Offsets,
    ) -> KafkaResult<bool> {
        let positions: Vec<(i32, i64)> = positions.iter().map(|(id, at)| (*id, *at)).collect();
        let list = self.list(&positions)?;
        let stored = retry(|| match consumer.commit(&list, CommitMode::Sync) {
            Ok(()) => Ok(true),
            Err(error) if is_rebalancing(&error) => Ok(false),
            Err(error) => Err(error),
        });
        // Reading goes on; the positions are committed with the next ones.
        stored.or_else(|error| {
            if is_retriable(&error) {
                Ok(false)
            } else {
                Err(error)
            }
        })
    }

    /// The group's stored positions in all partitions of its topic.
    pub(super) fn stored(
        &self,
        consumer: &BaseConsumer<impl ConsumerContext>,
    ) -> KafkaResult<Offsets> {
        Ok(offsets(&committed(
            consumer,
            &self.all_partitions(consumer, &[])?,
        )?))
    }

    /// Commits the offsets of flushed output, then unassigns the partitions, so that their next owner repeats as few
    /// records as possible. Returns the partitions.
    pub(super) fn on_revoked(
        &self,
        consumer: &BaseConsumer<impl ConsumerContext>,
        partitions: &TopicPartitionList,
    ) -> KafkaResult<Vec<i32>> {
        let mut list = TopicPartitionList::new();
        let elements = partitions.elements();
        let ids: Vec<i32> = elements.iter().map(Elem::partition).collect();
        let released = self.release.get().map(|release| release(&ids));
        let mut written = lock(&self.written);
        if let Some(released) = released {
            lock(&self.remembered).extend(released.iter().copied());
            written.retain(|(id, _)| released.iter().all(|(other, _)| other != id));
            written.extend(released);
        }
        for element in &elements {
            let partition = element.partition();
            let known = written.iter().find(|(id, _)| *id == partition);
            if let Some((_, next)) = known {
                list.add_partition_offset(element.topic(), partition, Offset::Offset(*next))?;
            }
        }
        written.retain(|(id, _)| !ids.contains(id));
        if list.count() > 0 {
            // If the group has already rebalanced, the next owner repeats more records.
            let _ = consumer.commit(&list, CommitMode::Sync);
        }
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(partitions)?,
            _ => consumer.unassign()?,
        }
        Ok(ids)
    }
}

/// Starts to read partitions: in addition to the present ones with the cooperative protocol, else instead of them.
fn start_reading(
    consumer: &BaseConsumer<impl ConsumerContext>,
    starts: &TopicPartitionList,
) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_assign(starts),
        _ => consumer.assign(starts),
    }
}

fn query_offsets(
    consumer: &BaseConsumer<impl ConsumerContext>,
    partitions: &TopicPartitionList,
    what: Offset,
) -> KafkaResult<TopicPartitionList> {
    let mut request = partitions.clone();
    request.set_all_offsets(what)?;
    retry(|| {
        let found = consumer.offsets_for_times(request.clone(), RESPONSE_TIMEOUT);
        found.and_then(check_partitions)
    })
}

/// The group's stored positions; an unknown group has none.
fn committed(
    consumer: &BaseConsumer<impl ConsumerContext>,
    partitions: &TopicPartitionList,
) -> KafkaResult<TopicPartitionList> {
    let query = || {
        let found = consumer.committed_offsets(partitions.clone(), RESPONSE_TIMEOUT);
        found.and_then(check_partitions)
    };
    match retry(query) {
        Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupIdNotFound) => {
            Ok(TopicPartitionList::new())
        }
        result => result,
    }
}

/// Retries while errors are retriable: a member that stopped earlier would own partitions without reading them.
fn retry<T>(mut query: impl FnMut() -> KafkaResult<T>) -> KafkaResult<T> {
    let started = Instant::now();
    loop {
        match query() {
            Err(error) if is_retriable(&error) && started.elapsed() < RETRY_TIMEOUT => {
                thread::sleep(RETRY_INTERVAL);
            }
            result => return result,
        }
    }
}

/// The offsets that the list has.
fn offsets(list: &TopicPartitionList) -> Offsets {
    let elements = list.elements();
    let offset = |element: &Elem<'_>| {
        let offset = element.offset().to_raw().filter(|offset| *offset >= 0)?;
        Some((element.partition(), offset))
    };
    elements.iter().filter_map(offset).collect()
}

/// Whether a commit was refused because this member's assignment is no longer the newest one: the partitions' next
/// owner repeats the records.
pub(super) fn is_rebalancing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        error,
        KafkaError::ConsumerCommit(
            Code::RebalanceInProgress
                | Code::IllegalGeneration
                | Code::UnknownMemberId
                | Code::StaleMemberEpoch
                | Code::NoOffset,
        )
    )
}

/// The list, or the first error of one of its partitions.
fn check_partitions(list: TopicPartitionList) -> KafkaResult<TopicPartitionList> {
    list.elements().iter().try_for_each(Elem::error)?;
    Ok(list)
}

fn is_retriable(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    code.is_some_and(|code| classify(code, "") == ErrorClass::Retriable)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::retry;
    use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

    #[test]
    fn a_leader_that_moves_is_waited_for_and_a_refusal_is_not() {
        let check = |code: Code, failures: usize, expected: usize| {
            let mut attempts = 0;
            let result = retry(|| {
                attempts += 1;
                if attempts > failures {
                    return Ok(());
                }
                Err(KafkaError::MetadataFetch(code))
            });
            assert_eq!(attempts, expected, "{code:?}");
            assert_eq!(result.is_ok(), expected > failures, "{code:?}");
        };
        check(Code::NotLeaderForPartition, 2, 3);
        check(Code::NotCoordinator, 1, 2);
        check(Code::TopicAuthorizationFailed, 2, 1);
    }
}
