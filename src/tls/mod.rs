//! The two downloaded files: from PKCS#12 bytes to certificates and a key, and what is wrong with them.
//! The only importer of `openssl`; it opens no connection to Kafka and prints nothing.

mod base64_text;
mod contents;
mod der;
mod faults;
mod formats;
pub mod front;
pub mod issue;
mod load;
mod pem;
mod pkcs12;
mod place;
mod principal;
mod pump;
mod rounds;
mod stores;
mod truststore;
mod usage;

pub use faults::FileFault;
pub use load::{StoreFile, load};
pub use stores::{Anchor, Keystore, Material, Truststore};
