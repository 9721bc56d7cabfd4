//! How a reader takes records from the queues of its partitions, and where gaps stand among them.

use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;

use super::message;
use super::partition_queues::Arrived;
use super::reader::{Pending, Reader};
use crate::record::{Failure, OffsetGap};

/// Errors and log lines to handle between two records. A poll of the library returns after each.
const EVENTS_AT_ONCE: usize = 16;

impl Reader {
    /// Polls once. `true` means that a record is to be delivered.
    pub(super) fn poll(&mut self, wait: Duration) -> Result<bool, Failure> {
        if self.queues.is_empty() {
            self.poll_consumer(wait)
        } else {
            self.poll_queues(wait)
        }
    }

    /// Takes the next record of the queues.
    pub(super) fn poll_queues(&mut self, wait: Duration) -> Result<bool, Failure> {
        self.queues.remove_delivered();
        if self.unticked == 0 && self.poll_events_of_consumer()? {
            return Ok(true);
        }
        while let Some(queue) = self.queues.waiting() {
            if self.partitions.complete() {
                return Ok(false);
            }
            let partition = self.queues.partition(queue);
            if partition.is_some_and(|partition| self.partitions.is_finished(partition)) {
                self.queues.end();
                self.end_partition(partition);
                continue;
            }
            match self.queues.fetch(queue, wait) {
                Some(Arrived::Message { partition, offset }) => {
                    self.outage.on_answer();
                    if self.partitions.accepts(partition, offset) {
                        self.queues.accept(self.topic.name());
                    } else {
                        self.queues.skip(queue);
                        self.partitions.reached_end(partition);
                        self.end_partition(Some(partition));
                    }
                }
                Some(Arrived::Error(partition, code, text)) => {
                    self.queues.skip(queue);
                    self.on_partition_error(partition, code, &text)?;
                    return self.poll_events().map(|()| false);
                }
                None => {
                    // Errors and log lines have a queue of their own.
                    return self.poll_consumer(Duration::ZERO);
                }
            }
        }
        Ok(self.deliver())
    }

    /// Handles some of the errors and log lines in the consumer's own queue. `true` means that a record was in it, which
    /// is to be delivered.
    pub(super) fn poll_events_of_consumer(&mut self) -> Result<bool, Failure> {
        for _ in 0..EVENTS_AT_ONCE {
            if self.poll_consumer(Duration::ZERO)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Delivers the next record of the queues, unless a gap of its partition comes first.
    pub(super) fn deliver(&mut self) -> bool {
        let Some((partition, offset)) = self.queues.first() else {
            return false;
        };
        if self.deliver_gaps(partition) {
            return false;
        }
        self.partitions.take(partition, offset);
        let (queues, watch, topic) = (&mut self.queues, &mut self.watch, &self.topic);
        if let Some(message) = queues.deliver() {
            watch.note_record(|| message::record(message, topic.name()));
            if let Some(bytes) = &mut self.pending_reset {
                *bytes += message.payload().map_or(0, <[u8]>::len) as u64;
            }
        }
        true
    }

    /// Makes the gaps of a partition the next items.
    pub(super) fn deliver_gaps(&mut self, partition: i32) -> bool {
        self.deliver_gaps_if(|lost| lost.partition == partition)
    }

    /// Makes all gaps the next items: no record follows.
    pub(super) fn deliver_all_gaps(&mut self) -> bool {
        self.deliver_gaps_if(|_| true)
    }

    fn deliver_gaps_if(&mut self, is_next: impl Fn(&OffsetGap) -> bool) -> bool {
        let gaps = self.deferred_gaps.extract_if(.., |lost| is_next(lost));
        let before = self.pending.len();
        self.pending.extend(gaps.map(Pending::OffsetGap));
        self.pending.len() > before
    }

    /// Reports a gap: at once, or where it stands in the order of time.
    pub(super) fn note_gap(&mut self, lost: OffsetGap) {
        if self.queues.is_merged() && !self.partitions.is_finished(lost.partition) {
            self.deferred_gaps.push(lost);
        } else {
            self.pending.push_back(Pending::OffsetGap(lost));
        }
    }

    /// A partition has no further record.
    pub(super) fn end_partition(&mut self, partition: Option<i32>) {
        if let Some(partition) = partition {
            self.deliver_gaps(partition);
            self.pause(partition);
        }
    }

    pub(super) fn on_partition_error(
        &mut self,
        partition: i32,
        code: RDKafkaErrorCode,
        text: &str,
    ) -> Result<(), Failure> {
        if code == RDKafkaErrorCode::PartitionEOF {
            self.on_partition_end(partition);
            return Ok(());
        }
        self.handle_error(code, text)
    }

    pub(super) fn on_partition_end(&mut self, partition: i32) {
        self.outage.on_answer();
        self.partitions.reached_end(partition);
        self.pass_markers(partition);
        self.watch.at_end();
    }
}
