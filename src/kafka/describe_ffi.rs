//! `DescribeTopics` of the client library: a topic's id and partitions. The safe wrapper does not have it.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as library;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;

/// The brokers' answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Description {
    /// The most and least significant half of the id; `None` if the brokers have no topic ids.
    pub id: Option<(i64, i64)>,
    /// The partitions, ascending.
    pub partitions: Vec<i32>,
}

/// A request in flight.
pub(super) struct DescribeTopic<C: ConsumerContext> {
    queue: *mut library::rd_kafka_queue_t,
    /// The client must outlive the queue.
    _client: Arc<BaseConsumer<C>>,
}

// SAFETY: librdkafka's queues are thread-safe ("rd_kafka_queue_t … thread-safe", rdkafka.h), and the client is shared.
unsafe impl<C: ConsumerContext> Send for DescribeTopic<C> {}

/// Capacity of the buffer for the library's message about an option, which is not used.
const MESSAGE_BYTES: usize = 128;

impl<C: ConsumerContext> DescribeTopic<C> {
    /// Sends the request to a broker: by default it goes to the controller, which a client may be unable to reach. `None`
    /// if the name cannot be a topic's.
    pub(super) fn send(
        client: &Arc<BaseConsumer<C>>,
        broker: i32,
        topic: &str,
        timeout: Duration,
    ) -> Option<DescribeTopic<C>> {
        let name = CString::new(topic).ok()?;
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let native = client.client().native_ptr();
        let mut names = [name.as_ptr()];
        let mut message = [0; MESSAGE_BYTES];
        // SAFETY: the client is alive; librdkafka copies names and options, and both are destroyed once.
        let queue = unsafe {
            let queue = library::rd_kafka_queue_new(native);
            let topics =
                library::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
            let options = library::rd_kafka_AdminOptions_new(
                native,
                library::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            );
            library::rd_kafka_AdminOptions_set_request_timeout(
                options,
                timeout_ms,
                message.as_mut_ptr(),
                message.len(),
            );
            library::rd_kafka_AdminOptions_set_broker(
                options,
                broker,
                message.as_mut_ptr(),
                message.len(),
            );
            library::rd_kafka_DescribeTopics(native, topics, options, queue);
            library::rd_kafka_AdminOptions_destroy(options);
            library::rd_kafka_TopicCollection_destroy(topics);
            queue
        };
        Some(DescribeTopic {
            queue,
            _client: Arc::clone(client),
        })
    }

    /// The answer, if it arrives within the time. It is returned once.
    pub(super) fn poll(&self, wait: Duration) -> Option<Result<Description, RDKafkaErrorCode>> {
        let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive; the event is destroyed once, after the last use of its parts.
        unsafe {
            let event = library::rd_kafka_queue_poll(self.queue, wait_ms);
            if event.is_null() {
                return None;
            }
            let answer = parse(event);
            library::rd_kafka_event_destroy(event);
            Some(answer)
        }
    }
}

impl<C: ConsumerContext> Drop for DescribeTopic<C> {
    fn drop(&mut self) {
        // SAFETY: made in `send`, destroyed once; the client drops after it.
        unsafe { library::rd_kafka_queue_destroy(self.queue) }
    }
}

/// # Safety
/// `event` is a live event of a queue.
unsafe fn parse(event: *mut library::rd_kafka_event_t) -> Result<Description, RDKafkaErrorCode> {
    // SAFETY: the event is alive, and owns everything that is read here.
    unsafe {
        let code = RDKafkaErrorCode::from(library::rd_kafka_event_error(event));
        if code != RDKafkaErrorCode::NoError {
            return Err(code);
        }
        let result = library::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0;
        let topics = library::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count != 1 {
            return Err(RDKafkaErrorCode::UnknownTopic);
        }
        description(*topics)
    }
}

/// # Safety
/// `topic` belongs to a live event.
unsafe fn description(
    topic: *const library::rd_kafka_TopicDescription_t,
) -> Result<Description, RDKafkaErrorCode> {
    // SAFETY: the topic is alive, and owns everything that is read here.
    unsafe {
        let error = library::rd_kafka_TopicDescription_error(topic);
        if !error.is_null() {
            return Err(library::rd_kafka_error_code(error).into());
        }
        let id = library::rd_kafka_TopicDescription_topic_id(topic);
        let halves = if id.is_null() {
            (0, 0)
        } else {
            (
                library::rd_kafka_Uuid_most_significant_bits(id),
                library::rd_kafka_Uuid_least_significant_bits(id),
            )
        };
        let mut count = 0;
        let list = library::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
        let list: &[_] = if list.is_null() || count == 0 {
            &[]
        } else {
            slice::from_raw_parts(list, count)
        };
        let numbers = list
            .iter()
            .map(|one| library::rd_kafka_TopicPartitionInfo_partition(*one));
        let mut partitions: Vec<i32> = numbers.collect();
        partitions.sort_unstable();
        Ok(Description {
            id: Some(halves).filter(|halves| *halves != (0, 0)),
            partitions,
        })
    }
}
