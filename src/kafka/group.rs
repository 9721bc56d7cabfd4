//! Consumer group membership: start offsets of assigned partitions, and the commit before partitions are revoked.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem as Elem};

use super::failure::{ErrorClass, classify};
use crate::record::{GapReason, OffsetGap};
use crate::util::mutex::lock;

/// The gaps of an assignment, and each partition with its start offset.
type Assignment = (Vec<OffsetGap>, Vec<(i32, i64)>);

/// State of a group member.
pub(super) struct Group {
    /// Where to start in a partition without a committed offset.
    start: Offset,
    /// The next offset after flushed output, by partition.
    written: Mutex<Vec<(i32, i64)>>,
}

/// Timeout of one response of the group's coordinator.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long retriable errors are retried: the leader of a partition or the coordinator may be moving.
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);
/// Time between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

impl Group {
    /// A member that starts at `start` in partitions without a committed offset.
    pub(super) fn new(start: Offset) -> Group {
        Group {
            start,
            written: Mutex::default(),
        }
    }

    /// Notes the next offset after flushed output, by partition.
    pub(super) fn note_written(&self, positions: Vec<(i32, i64)>) {
        *lock(&self.written) = positions;
    }

    /// Assigns partitions: each starts at its committed offset, or at the oldest record if retention has removed that
    /// offset.
    pub(super) fn on_assigned(
        &self,
        consumer: &BaseConsumer<impl ConsumerContext>,
        partitions: &TopicPartitionList,
    ) -> KafkaResult<Assignment> {
        let (mut gaps, mut assigned) = (Vec::new(), Vec::new());
        if partitions.count() == 0 {
            start_reading(consumer, partitions)?;
            return Ok((gaps, assigned));
        }
        let stored = retry(|| consumer.committed_offsets(partitions.clone(), RESPONSE_TIMEOUT))?;
        let lows = query_offsets(consumer, partitions, Offset::Beginning)?;
        let firsts = query_offsets(consumer, partitions, self.start)?;
        let mut starts = TopicPartitionList::with_capacity(partitions.count());
        for element in partitions.elements() {
            let (topic, partition) = (element.topic(), element.partition());
            let find = |list: &TopicPartitionList| {
                list.find_partition(topic, partition)
                    .and_then(|found| found.offset().to_raw())
                    .filter(|offset| *offset >= 0)
            };
            let low = find(&lows).unwrap_or(0);
            let wanted = find(&stored).or_else(|| find(&firsts)).unwrap_or(low);
            if wanted < low {
                let why = GapReason::Retention;
                gaps.push(OffsetGap::new(topic, partition, wanted, low, why));
            }
            let start = wanted.max(low);
            starts.add_partition_offset(topic, partition, Offset::Offset(start))?;
            assigned.push((partition, start));
        }
        start_reading(consumer, &starts)?;
        Ok((gaps, assigned))
    }

    /// Commits the offsets of flushed output, then unassigns the partitions, so that their next owner repeats as few
    /// records as possible. Returns the partitions.
    pub(super) fn on_revoked(
        &self,
        consumer: &BaseConsumer<impl ConsumerContext>,
        partitions: &TopicPartitionList,
    ) -> KafkaResult<Vec<i32>> {
        let mut list = TopicPartitionList::new();
        let mut written = lock(&self.written);
        let elements = partitions.elements();
        for element in &elements {
            let partition = element.partition();
            let known = written.iter().find(|(id, _)| *id == partition);
            if let Some((_, next)) = known {
                list.add_partition_offset(element.topic(), partition, Offset::Offset(*next))?;
            }
        }
        let ids: Vec<i32> = elements.iter().map(Elem::partition).collect();
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
    retry(|| consumer.offsets_for_times(request.clone(), RESPONSE_TIMEOUT))
}

/// Retries until all partitions have a result: a member that stopped earlier would own partitions without reading them.
fn retry(
    mut query: impl FnMut() -> KafkaResult<TopicPartitionList>,
) -> KafkaResult<TopicPartitionList> {
    let started = Instant::now();
    loop {
        match query().and_then(check_partitions) {
            Err(error) if is_retriable(&error) && started.elapsed() < RETRY_TIMEOUT => {
                thread::sleep(RETRY_INTERVAL);
            }
            result => return result,
        }
    }
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

    use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
    use rdkafka::topic_partition_list::TopicPartitionList;

    use super::retry;

    #[test]
    fn a_leader_that_moves_is_waited_for_and_a_refusal_is_not() {
        let check = |code: Code, failures: usize, expected: usize| {
            let mut attempts = 0;
            let result = retry(|| {
                attempts += 1;
                if attempts > failures {
                    return Ok(TopicPartitionList::new());
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
