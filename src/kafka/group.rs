//! Consumer group membership: start offsets of assigned partitions, and the commit before partitions are revoked.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem as Elem};

use super::context::{ClientEvent, Context};
use super::failure::{ErrorClass, classify};
use crate::record::{GapReason, OffsetGap};
use crate::util::mutex::lock;

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
/// Between two questions.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

impl Group {
    /// A member that starts there in partitions for which the group has stored no position.
    pub(super) fn new(start: Offset) -> Group {
        Group {
            start,
            written: Mutex::default(),
        }
    }

    /// Everything before these offsets was written and flushed.
    pub(super) fn note_written(&self, positions: Vec<(i32, i64)>) {
        *lock(&self.written) = positions;
    }

    /// Assigns partitions: each starts at its committed offset, or at the oldest record if retention has removed that
    /// offset, which is reported as a gap.
    pub(super) fn assign(
        &self,
        consumer: &BaseConsumer<Context>,
        handed: &TopicPartitionList,
    ) -> KafkaResult<Vec<ClientEvent>> {
        if handed.count() == 0 {
            start_reading(consumer, handed)?;
            return Ok(vec![ClientEvent::Assigned(Vec::new())]);
        }
        let stored = retry(|| consumer.committed_offsets(handed.clone(), RESPONSE_TIMEOUT))?;
        let lows = query_committed(consumer, handed, Offset::Beginning)?;
        let firsts = query_committed(consumer, handed, self.start)?;
        let mut starts = TopicPartitionList::with_capacity(handed.count());
        let (mut event, mut assigned) = (Vec::new(), Vec::new());
        for element in handed.elements() {
            let (topic, partition) = (element.topic(), element.partition());
            let find = |list: &TopicPartitionList| {
                list.find_partition(topic, partition)
                    .and_then(|found| found.offset().to_raw())
                    .filter(|offset| *offset >= 0)
            };
            let low = find(&lows).unwrap_or(0);
            let wanted = find(&stored).or_else(|| find(&firsts)).unwrap_or(low);
            if wanted < low {
                event.push(offset_gap(topic, partition, wanted, low));
            }
            let start = wanted.max(low);
            starts.add_partition_offset(topic, partition, Offset::Offset(start))?;
            assigned.push((partition, start));
        }
        start_reading(consumer, &starts)?;
        event.push(ClientEvent::Assigned(assigned));
        Ok(event)
    }

    /// Commits the positions of flushed output, then gives the partitions up, so that their next reader repeats as
    /// little as possible.
    pub(super) fn on_revoked(
        &self,
        consumer: &BaseConsumer<Context>,
        taken: &TopicPartitionList,
    ) -> KafkaResult<Vec<ClientEvent>> {
        let mut list = TopicPartitionList::new();
        let mut written = lock(&self.written);
        let taken_elements = taken.elements();
        for element in &taken_elements {
            let partition = element.partition();
            let known = written.iter().find(|(id, _)| *id == partition);
            if let Some((_, next)) = known {
                list.add_partition_offset(element.topic(), partition, Offset::Offset(*next))?;
            }
        }
        let ids: Vec<i32> = taken_elements.iter().map(Elem::partition).collect();
        written.retain(|(id, _)| !ids.contains(id));
        if list.count() > 0 {
            // If the group has already moved on, the next member repeats some more.
            let _ = consumer.commit(&list, CommitMode::Sync);
        }
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(taken)?,
            _ => consumer.unassign()?,
        }
        Ok(vec![ClientEvent::Revoked(ids)])
    }
}

/// Reads from these partitions on: from them too, or only from them, as the group's members agreed.
fn start_reading(consumer: &BaseConsumer<Context>, starts: &TopicPartitionList) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_assign(starts),
        _ => consumer.assign(starts),
    }
}

fn query_committed(
    consumer: &BaseConsumer<Context>,
    partitions: &TopicPartitionList,
    what: Offset,
) -> KafkaResult<TopicPartitionList> {
    let mut asked = partitions.clone();
    asked.set_all_offsets(what)?;
    retry(|| consumer.offsets_for_times(asked.clone(), RESPONSE_TIMEOUT))
}

/// Retries until all partitions have an answer. A member that gave up would hold partitions that it does not read.
fn retry(
    mut query_committed: impl FnMut() -> KafkaResult<TopicPartitionList>,
) -> KafkaResult<TopicPartitionList> {
    let started = Instant::now();
    loop {
        match query_committed().and_then(check_partitions) {
            Err(error) if is_retriable(&error) && started.elapsed() < RETRY_TIMEOUT => {
                thread::sleep(RETRY_INTERVAL);
            }
            answer => return answer,
        }
    }
}

/// The list, unless there is an error in it for one of the partitions.
fn check_partitions(list: TopicPartitionList) -> KafkaResult<TopicPartitionList> {
    list.elements().iter().try_for_each(Elem::error)?;
    Ok(list)
}

fn is_retriable(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    code.is_some_and(|code| classify(code, "") == ErrorClass::Retriable)
}

fn offset_gap(topic: &str, partition: i32, wanted: i64, resumed: i64) -> ClientEvent {
    ClientEvent::OffsetGap(OffsetGap {
        topic: topic.to_owned(),
        partition,
        wanted,
        resumed,
        why: GapReason::Retention,
    })
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
            let mut asked = 0;
            let answer = retry(|| {
                asked += 1;
                if asked > failures {
                    return Ok(TopicPartitionList::new());
                }
                Err(KafkaError::MetadataFetch(code))
            });
            assert_eq!(asked, expected, "{code:?}");
            assert_eq!(answer.is_ok(), expected > failures, "{code:?}");
        };
        check(Code::NotLeaderForPartition, 2, 3);
        check(Code::NotCoordinator, 1, 2);
        check(Code::TopicAuthorizationFailed, 2, 1);
    }
}
