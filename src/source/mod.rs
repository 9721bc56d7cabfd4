//! Where records come from: a Kafka topic or a capture file.
//! Sources know bytes and positions; what a Ditto event is, they leave to `event`.

pub mod capture;
pub mod kafka;
