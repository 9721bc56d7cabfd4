//! A one-broker mock cluster inside librdkafka that can advertise an address of our choice.
//! The project's only unsafe code: the safe wrapper has no way to set that address.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::time::Duration;

use anyhow::{Context, bail};
use rdkafka::bindings::{self, rd_kafka_mock_cluster_t, rd_kafka_resp_err_t};
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer};

const BROKER_ID: i32 = 1;
/// Leader of a partition without one.
const NO_LEADER: i32 = -1;

/// A mock cluster of one broker, listening on plain TCP; stops on drop.
pub(super) struct MockBroker {
    cluster: *mut rd_kafka_mock_cluster_t,
    /// librdkafka needs a client for the mock cluster. It must outlive the cluster, and connects to nothing.
    _client: BaseProducer,
}

// SAFETY: librdkafka serves a mock cluster on its own thread and takes commands through a locked
// queue ("thread-safe manner", rdkafka_mock.c); no call here touches the caller's thread state.
unsafe impl Send for MockBroker {}
// SAFETY: as above; every method takes `&self` and only enqueues, or locks the cluster itself.
unsafe impl Sync for MockBroker {}

impl MockBroker {
    pub(super) fn start() -> anyhow::Result<MockBroker> {
        let client: BaseProducer = ClientConfig::new()
            .create()
            .context("preparing the embedded broker")?;
        // SAFETY: the client is alive, and lives in the same value as the cluster.
        let cluster =
            unsafe { bindings::rd_kafka_mock_cluster_new(client.client().native_ptr(), 1) };
        if cluster.is_null() {
            bail!("starting the embedded broker failed: no free port on 127.0.0.1");
        }
        Ok(MockBroker {
            cluster,
            _client: client,
        })
    }

    /// The plain `host:port`. Query it before [`MockBroker::advertise`], which does not change it.
    pub(super) fn plain_address(&self) -> String {
        // SAFETY: librdkafka returns a NUL-terminated string that lives as long as the cluster.
        let text =
            unsafe { CStr::from_ptr(bindings::rd_kafka_mock_cluster_bootstraps(self.cluster)) };
        text.to_string_lossy().into_owned()
    }

    /// Sets the address that the broker advertises.
    pub(super) fn advertise(&self, host: &str, port: u16) -> anyhow::Result<()> {
        let host = CString::new(host)?;
        // SAFETY: the cluster is alive; librdkafka copies the name under its own lock.
        unsafe {
            bindings::rd_kafka_mock_broker_set_host_port(
                self.cluster,
                BROKER_ID,
                host.as_ptr(),
                port.into(),
            );
        };
        Ok(())
    }

    pub(super) fn create_topic(&self, name: &str, partitions: i32) -> anyhow::Result<()> {
        let topic = CString::new(name)?;
        // SAFETY: the cluster is alive; librdkafka copies the name.
        let code = unsafe {
            bindings::rd_kafka_mock_topic_create(self.cluster, topic.as_ptr(), partitions, 1)
        };
        check_code(code).with_context(|| format!("creating topic {name} on the embedded broker"))
    }

    /// From now on requests for this topic return an authorization error.
    pub(super) fn deny_topic(&self, name: &str) -> anyhow::Result<()> {
        let topic = CString::new(name)?;
        let refusal = rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        // SAFETY: the cluster is alive; librdkafka copies the name.
        unsafe {
            bindings::rd_kafka_mock_topic_set_error(self.cluster, topic.as_ptr(), refusal);
        };
        Ok(())
    }

    /// Removes the leader of a partition.
    pub(super) fn remove_leader(&self, name: &str, partition: i32) -> anyhow::Result<()> {
        let topic = CString::new(name)?;
        // SAFETY: the cluster is alive; librdkafka copies the name.
        let code = unsafe {
            bindings::rd_kafka_mock_partition_set_leader(
                self.cluster,
                topic.as_ptr(),
                partition,
                NO_LEADER,
            )
        };
        check_code(code).context("removing the leader of a partition of the embedded broker")
    }

    /// Closes every connection and refuses new ones until [`MockBroker::listen`].
    pub(super) fn stop_listening(&self) -> anyhow::Result<()> {
        // SAFETY: the cluster is alive.
        let code = unsafe { bindings::rd_kafka_mock_broker_set_down(self.cluster, BROKER_ID) };
        check_code(code).context("stopping the embedded broker")
    }

    pub(super) fn listen(&self) -> anyhow::Result<()> {
        // SAFETY: the cluster is alive.
        let code = unsafe { bindings::rd_kafka_mock_broker_set_up(self.cluster, BROKER_ID) };
        check_code(code).context("starting the embedded broker")
    }

    /// How long a group waits for more members when the first one joins.
    pub(super) fn group_delay(&self, delay: Duration) -> anyhow::Result<()> {
        let millis = i32::try_from(delay.as_millis())?;
        // SAFETY: the cluster is alive.
        unsafe {
            bindings::rd_kafka_mock_group_initial_rebalance_delay_ms(self.cluster, millis);
        };
        Ok(())
    }
}

impl Drop for MockBroker {
    fn drop(&mut self) {
        // SAFETY: made in `start`, destroyed once, and before its client, which drops after this.
        unsafe { bindings::rd_kafka_mock_cluster_destroy(self.cluster) }
    }
}

fn check_code(code: rd_kafka_resp_err_t) -> anyhow::Result<()> {
    if code == rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    bail!("{}", rdkafka::types::RDKafkaErrorCode::from(code))
}
