//! TLS for the embedded broker: test CA, truststore and TLS-terminating proxy.

pub mod ca;
pub mod proxy;
mod relay;
mod truststore;
