//! The two downloaded files: from PKCS#12 bytes to certificates and a key, and what is wrong with them.
//! The only importer of `openssl`; it opens no connection to Kafka and prints nothing.

pub mod front;
pub mod issue;
mod pump;
mod truststore;
