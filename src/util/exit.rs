//! Every way in which the program can end, each with a sentence.
//! The numbers are part of the contract with scripts; nothing else in the program names a number.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All went well; a reader that closed its pipe counts as well.
    Success,
    /// `diff --exit-code` had something to show.
    Differences,
    /// A read or the server failed, or some records could not be read.
    Failed,
    /// The command line was wrong.
    Usage,
    /// Configuration, certificates, authorization, or no server reachable.
    Setup,
    /// A gap in the stream, with `--on-gap stop`.
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
            Exit::Success => 0,
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
