//! Certificate files: detection of formats, loading, and faults.

pub(super) mod faults;
mod formats;
pub(super) mod load;
mod pem;
mod pkcs12;
mod read_file;
pub(super) mod stores;
