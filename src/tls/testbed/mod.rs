//! TLS for the embedded broker: test CA, truststore and TLS-terminating proxy.

pub mod ca;
pub mod proxy;
pub(crate) mod relay;
pub(crate) mod truststore;
