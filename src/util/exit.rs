//! Every way in which the program can end, each with a sentence.
//! The numbers are part of the contract with scripts; nothing else in the program names a number.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All went well; a reader that closed its pipe counts as well.
    Fine,
    /// `diff --exit-code` had something to show.
    Differences,
    /// A read or the server failed, or some records could not be read.
    Failed,
    /// The command line was wrong.
    Usage,
    /// Configuration, certificates, authorisation, or nobody reachable.
    Setup,
    /// The stream has a gap and the user asked to stop there.
    Gap,
    /// A requery could not be proven to be complete.
    Incomplete,
    /// The user pressed Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The status that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Fine => 0,
            Exit::Differences | Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Setup => 3,
            Exit::Gap | Exit::Incomplete => 4,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
