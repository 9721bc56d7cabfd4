//! Small tools without knowledge of Ditto or Kafka.

pub mod atomic_file;
pub mod child_process;
pub mod decimal;
pub mod env;
pub mod exit;
pub mod interrupt;
pub mod known_secrets;
pub mod lock_file;
pub mod mutex;
pub mod parse_error;
pub mod private_file;
pub mod repeats;
pub mod secret;
pub mod shell;
pub mod sqlite_file;
pub mod suggest;
pub mod text;
pub mod text_file;
pub mod time;
pub mod url;
