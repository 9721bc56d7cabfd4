//! TLS and certificate files. The only module that uses `openssl`.

mod certificate;
mod der;
mod digest;
mod files;
pub mod handshake;
pub mod testbed;

pub use certificate::PeerCertificate;
pub use digest::Sha256;
pub use files::faults::{FileFault, Role, StoreFile, StoreSource};
pub use files::key_choice::{AcceptedKeys, KeyChoice};
pub use files::load::{load, load_each};
pub use files::stores::{Anchor, Keystore, Material, Truststore};
pub use handshake::client_config::{CLASSIC_GROUPS, ClientConfig};
pub use handshake::error::{HandshakeError, HandshakeErrorKind};
