//! Test CA, TLS-terminating proxy and truststore of the embedded broker.

pub mod ca;
pub mod proxy;
pub(crate) mod relay;
pub(crate) mod truststore;
