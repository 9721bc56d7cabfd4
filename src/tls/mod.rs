//! The two downloaded files: from PKCS#12 bytes to certificates and a key, and what is wrong with them.
//! The only importer of `openssl`, also for the handshake of `verify`'s probe; it opens no connection and prints nothing.

mod certificate;
mod der;
mod digest;
mod files;
pub mod handshake;
pub mod testbed;

pub use certificate::Served;
pub use digest::Sha256;
pub use files::faults::{FileFault, Role};
pub use files::load::{StoreFile, load};
pub use files::stores::{Anchor, Keystore, Material, Truststore};
pub use handshake::client_config::Rules;
pub use handshake::error::{Broken, Ending};
