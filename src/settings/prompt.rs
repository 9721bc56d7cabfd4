//! Asks for a password at the terminal, without echo.
//! Whether there is a terminal, and whether a password is missing at all, is decided by the caller.

use std::io;

use crate::util::secret::Secret;

/// Asks for a password: reads the terminal itself, so that standard input may be a pipe.
///
/// # Errors
/// Where the process has no terminal, or the user pressed Ctrl-C or Ctrl-D.
pub fn ask(label: &str) -> io::Result<Secret> {
    rpassword::prompt_password(format!("{label}: ")).map(Secret::new)
}
