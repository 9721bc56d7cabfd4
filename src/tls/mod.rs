//! The two downloaded files: from PKCS#12 bytes to certificates and a key, and what is wrong with them.
//! The only importer of `openssl`, also for the handshake of `verify`'s probe; it opens no connection and prints nothing.

mod base64_text;
mod contents;
mod der;
mod digest;
mod ending;
mod faults;
mod flight;
mod formats;
pub mod front;
pub mod handshake;
pub mod issue;
mod load;
mod pem;
mod pkcs12;
mod place;
mod principal;
mod pump;
mod rounds;
mod rules;
mod served;
mod stores;
mod tap;
mod truststore;
mod unseal;
mod usage;

pub use digest::Sha256;
pub use ending::{Broken, Ending};
pub use faults::{FileFault, Role};
pub use load::{StoreFile, load};
pub use rules::Rules;
pub use served::Served;
pub use stores::{Anchor, Keystore, Material, Truststore};
