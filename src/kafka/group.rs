//! Reading as a member of a consumer group: where each partition starts that the group hands out, and what is stored
//! before it takes one back. Joining happens only when the user named a group; storing in between is left to `reader`.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem as Elem};

use super::context::{Context, Said};
use super::failure::{Outlook, outlook};
use crate::record::{Loss, Lost};

/// What a member of a group knows when partitions come and go.
pub(super) struct Group {
    /// Where to start in a partition for which the group has stored no position.
    start: Offset,
    /// Behind what was written and flushed, by partition.
    written: Mutex<Vec<(i32, i64)>>,
}

/// How long the group's coordinator may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How long an answer is waited for that heals: a partition's leader, or the coordinator, may just be moving.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(200);

impl Group {
    /// A member that starts there in partitions for which the group has stored no position.
    pub(super) fn new(start: Offset) -> Group {
        Group {
            start,
            written: Mutex::default(),
        }
    }

    /// Everything before these offsets was written and flushed.
    pub(super) fn has_written(&self, positions: Vec<(i32, i64)>) {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = positions;
    }

    /// Takes the partitions that the group hands out: each at the group's stored position,
    /// or at the oldest record where retention overtook that position, which is said.
    pub(super) fn assign(
        &self,
        consumer: &BaseConsumer<Context>,
        handed: &TopicPartitionList,
    ) -> KafkaResult<Vec<Said>> {
        if handed.count() == 0 {
            begin(consumer, handed)?;
            return Ok(vec![Said::Assigned(Vec::new())]);
        }
        let stored = patiently(|| consumer.committed_offsets(handed.clone(), ANSWER_LIMIT))?;
        let lows = ask(consumer, handed, Offset::Beginning)?;
        let firsts = ask(consumer, handed, self.start)?;
        let mut starts = TopicPartitionList::with_capacity(handed.count());
        let (mut said, mut assigned) = (Vec::new(), Vec::new());
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
                said.push(lost(topic, partition, wanted, low));
            }
            let start = wanted.max(low);
            starts.add_partition_offset(topic, partition, Offset::Offset(start))?;
            assigned.push((partition, start));
        }
        begin(consumer, &starts)?;
        said.push(Said::Assigned(assigned));
        Ok(said)
    }

    /// Gives back the partitions that the group takes, once it is stored how far their output was written: whoever
    /// gets them next repeats no more than what was not.
    pub(super) fn give_back(
        &self,
        consumer: &BaseConsumer<Context>,
        taken: &TopicPartitionList,
    ) -> KafkaResult<Vec<Said>> {
        let mut list = TopicPartitionList::new();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
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
            // Where the group has moved on without us, the next member repeats some more.
            let _ = consumer.commit(&list, CommitMode::Sync);
        }
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(taken)?,
            _ => consumer.unassign()?,
        }
        Ok(vec![Said::Revoked(ids)])
    }
}

/// Reads from these partitions on: from them too, or only from them, as the group's members agreed.
fn begin(consumer: &BaseConsumer<Context>, starts: &TopicPartitionList) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_assign(starts),
        _ => consumer.assign(starts),
    }
}

fn ask(
    consumer: &BaseConsumer<Context>,
    partitions: &TopicPartitionList,
    what: Offset,
) -> KafkaResult<TopicPartitionList> {
    let mut asked = partitions.clone();
    asked.set_all_offsets(what)?;
    patiently(|| consumer.offsets_for_times(asked.clone(), ANSWER_LIMIT))
}

/// Asks until the answer is one for every partition. A member that gave up would hold partitions that nobody reads.
fn patiently(
    mut ask: impl FnMut() -> KafkaResult<TopicPartitionList>,
) -> KafkaResult<TopicPartitionList> {
    let started = Instant::now();
    loop {
        match ask().and_then(whole) {
            Err(error) if heals(&error) && started.elapsed() < PATIENCE => thread::sleep(PAUSE),
            answer => return answer,
        }
    }
}

/// The list, unless there is an error in it for one of the partitions.
fn whole(list: TopicPartitionList) -> KafkaResult<TopicPartitionList> {
    list.elements().iter().try_for_each(Elem::error)?;
    Ok(list)
}

fn heals(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    code.is_some_and(|code| outlook(code, "") == Outlook::Heals)
}

fn lost(topic: &str, partition: i32, wanted: i64, resumed: i64) -> Said {
    Said::Lost(Lost {
        topic: topic.to_owned(),
        partition,
        wanted,
        resumed,
        why: Loss::Retention,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
    use rdkafka::topic_partition_list::TopicPartitionList;

    use super::patiently;

    #[test]
    fn a_leader_that_moves_is_waited_for_and_a_refusal_is_not() {
        let check = |code: Code, failures: usize, expected: usize| {
            let mut asked = 0;
            let answer = patiently(|| {
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
