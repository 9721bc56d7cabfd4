//! TLS for the embedded broker: test CA, truststore, listener and TLS-terminating proxy.

pub mod ca;
pub mod listener;
pub mod proxy;
mod relay;
mod truststore;
