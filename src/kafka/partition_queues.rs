//! A queue for each partition, and which of their records is next: merged by time, or as they arrive.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::BaseConsumer;
use rdkafka::error::RDKafkaErrorCode;

use super::context::Context;
use super::message;
use super::queue_ffi::{Message, MessageQueue};
use crate::record::Record;
use crate::record::time_order::{Merge, TxnOf};

/// Messages that are taken at once, over all queues: enough to hide the cost of a lock.
const MESSAGES_AT_ONCE: usize = 256;

/// How long an empty queue is waited for if there are others, whose order is that of arrival: only after a topic of one
/// partition got more.
const TURN: Duration = Duration::from_millis(5);

/// Queues of partitions, and which of their messages is next. The default has no queue.
#[derive(Default)]
pub(super) struct PartitionQueues {
    queues: Vec<MessageQueue<Context>>,
    /// The partition of each queue.
    partitions: Vec<i32>,
    /// `None` if there is one partition, or their order is that of arrival.
    merge: Option<(Merge, TxnOf)>,
    /// Without a merge: the queue to take from.
    turn: usize,
    /// Without a merge: whether the first message of that queue was accepted.
    is_ready: bool,
    /// The queue of the message that was delivered last, which is still there.
    delivered: Option<usize>,
}

/// What a queue has delivered.
pub(super) enum Arrived {
    Message {
        partition: i32,
        offset: i64,
    },
    /// An error of a partition, with the library's text.
    Error(i32, RDKafkaErrorCode, String),
}

impl PartitionQueues {
    /// The queues of these partitions. With `txn_of` they are merged by time. `None` if the name cannot be a topic's.
    pub(super) fn new(
        client: &Arc<BaseConsumer<Context>>,
        topic: &str,
        partitions: Vec<i32>,
        txn_of: Option<TxnOf>,
    ) -> Option<PartitionQueues> {
        let queue = |partition: &i32| MessageQueue::of_partition(client, topic, *partition);
        let queues: Vec<_> = partitions.iter().map(queue).collect::<Option<_>>()?;
        let merge = txn_of.filter(|_| queues.len() > 1);
        Some(PartitionQueues {
            merge: merge.map(|txn_of| (Merge::new(queues.len()), txn_of)),
            queues,
            partitions,
            ..PartitionQueues::default()
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// Whether partitions are merged by time.
    pub(super) fn is_merged(&self) -> bool {
        self.merge.is_some()
    }

    /// A queue whose next message is needed before one can be delivered.
    pub(super) fn waiting(&self) -> Option<usize> {
        match &self.merge {
            Some((merge, _)) => merge.waiting(),
            None => (!self.is_ready).then_some(self.turn),
        }
    }

    /// The partition of a queue.
    pub(super) fn partition(&self, queue: usize) -> Option<i32> {
        self.partitions.get(queue).copied()
    }

    /// The first message of a queue, if one is there within the time.
    pub(super) fn fetch(&mut self, queue: usize, wait: Duration) -> Option<Arrived> {
        let queues = self.queues.len().max(1);
        let takes_turns = self.merge.is_none() && queues > 1;
        let wait = if takes_turns { wait.min(TURN) } else { wait };
        let queue = self.queues.get_mut(queue)?;
        queue.fill((MESSAGES_AT_ONCE / queues).max(1), wait);
        let Some(message) = queue.first() else {
            self.turn = (self.turn + 1) % queues;
            return None;
        };
        Some(match message.error() {
            None => Arrived::Message {
                partition: message.partition(),
                offset: message.offset(),
            },
            Some(code) => {
                let text = String::from_utf8_lossy(message.payload().unwrap_or_default());
                Arrived::Error(message.partition(), code, text.into_owned())
            }
        })
    }

    /// Drops the first message of a queue.
    pub(super) fn skip(&mut self, queue: usize) {
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.remove_first();
        }
    }

    /// Accepts the first message of the waiting queue: it is delivered when its time comes.
    pub(super) fn accept(&mut self, topic: &str) {
        let Some((merge, txn_of)) = &mut self.merge else {
            self.is_ready = true;
            return;
        };
        let first = merge.waiting().and_then(|at| self.queues.get(at)?.first());
        if let Some(message) = first {
            merge.put(&message::record(message, topic), *txn_of);
        }
    }

    /// Nothing more is needed from the waiting queue.
    pub(super) fn end(&mut self) {
        match &mut self.merge {
            Some((merge, _)) => merge.end(),
            None => self.turn = (self.turn + 1) % self.queues.len().max(1),
        }
    }

    /// Partition and offset of the message that is to be delivered next, if that is known.
    pub(super) fn first(&self) -> Option<(i32, i64)> {
        let message = self.queues.get(self.first_queue()?)?.first()?;
        Some((message.partition(), message.offset()))
    }

    fn first_queue(&self) -> Option<usize> {
        match &self.merge {
            Some((merge, _)) => merge.first(),
            None => self.is_ready.then_some(self.turn),
        }
    }

    /// Delivers the first message.
    pub(super) fn deliver(&mut self) -> Option<Message<'_>> {
        self.delivered = self.first_queue();
        self.delivered()
    }

    /// The message that was delivered last.
    pub(super) fn delivered(&self) -> Option<Message<'_>> {
        self.queues.get(self.delivered?)?.first()
    }

    /// Removes the message that was delivered last.
    pub(super) fn remove_delivered(&mut self) {
        let Some(queue) = self.delivered.take() else {
            return;
        };
        self.skip(queue);
        self.is_ready = false;
        if let Some((merge, _)) = &mut self.merge {
            merge.take_first();
        }
    }

    /// The message that was delivered last, as a record.
    pub(super) fn record<'a>(&'a self, topic: &'a str) -> Option<Record<'a>> {
        self.delivered()
            .map(|message| message::record(message, topic))
    }
}
