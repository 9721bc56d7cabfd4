//! The certificate files: formats, contents and faults.

pub(crate) mod faults;
pub(crate) mod formats;
pub(crate) mod load;
pub(crate) mod pem;
pub(crate) mod pkcs12;
pub(crate) mod read_file;
pub(crate) mod stores;
