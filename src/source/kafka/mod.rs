//! A Kafka topic as a source. The only importer of `rdkafka`.
//! Certificates come from `tls`; events are left to `event`.

pub mod embedded;
mod mock_ffi;
mod outgoing;
