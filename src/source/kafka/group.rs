//! Reading as a member of a consumer group: where each partition starts that the group hands out.
//! Joining happens only when the user named a group; storing positions is left to `reader`.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::time::Duration;

use super::context::{Context, Said};
use crate::record::{Loss, Lost};

/// Where a member of a group starts.
pub(super) struct Group {
    /// Where to start in a partition for which the group has stored no position.
    pub start: Offset,
}

/// How long the group's coordinator may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

impl Group {
    /// Takes the partitions that the group hands out: each at the group's stored position,
    /// or at the oldest record where retention overtook that position, which is said.
    pub(super) fn assign(
        &self,
        consumer: &BaseConsumer<Context>,
        handed: &TopicPartitionList,
    ) -> KafkaResult<Vec<Said>> {
        if handed.count() == 0 {
            consumer.unassign()?;
            return Ok(vec![Said::Assigned(Vec::new())]);
        }
        let stored = consumer.committed_offsets(handed.clone(), ANSWER_LIMIT)?;
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
        consumer.assign(&starts)?;
        said.push(Said::Assigned(assigned));
        Ok(said)
    }
}

fn ask(
    consumer: &BaseConsumer<Context>,
    partitions: &TopicPartitionList,
    what: Offset,
) -> KafkaResult<TopicPartitionList> {
    let mut asked = partitions.clone();
    asked.set_all_offsets(what)?;
    consumer.offsets_for_times(asked, ANSWER_LIMIT)
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
