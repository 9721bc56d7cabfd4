//! Certificate files: detection of formats, loading, and faults.

mod algorithms;
mod certificates;
pub(super) mod faults;
mod formats;
pub(super) mod key_choice;
mod key_entry;
pub(super) mod load;
mod pem;
mod pkcs12;
mod read_file;
pub(super) mod stores;
