//! Exit codes. Scripts rely on the numbers.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Success; also if the reader of the output has closed the pipe.
    Success,
    /// `diff --exit-code` found differences.
    Differences,
    /// A read or the server failed, or some records could not be read.
    Failed,
    /// The command line is not valid.
    Usage,
    /// `diff --exit-code` failed, or some records could not be read.
    Trouble,
    /// Configuration, certificates, authorization, or no server reachable.
    Setup,
    /// A gap in the stream, with `--on-gap stop`.
    Gap,
    /// A requery could not be proven to be complete.
    Incomplete,
    /// `audit` found differences, or could not prove that there are none.
    NotEqual,
    /// The events of `history` do not tell what the document was.
    Unknown,
    /// No event was shown before `--timeout`.
    NothingShown,
    /// `history --at` or `--blame`: there was no such document.
    NoDocument,
    /// The user pressed Ctrl-C.
    Interrupted,
}

impl Exit {
    /// Every end, by exit status.
    pub const ALL: [Exit; 13] = [
        Exit::Success,
        Exit::Differences,
        Exit::Failed,
        Exit::Usage,
        Exit::Trouble,
        Exit::Setup,
        Exit::Gap,
        Exit::Incomplete,
        Exit::NotEqual,
        Exit::Unknown,
        Exit::NothingShown,
        Exit::NoDocument,
        Exit::Interrupted,
    ];

    /// What it means, as a sentence for a manual page.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Success => {
                "Success (also if the next program in the pipe stops reading, such as head)."
            }
            Exit::Differences => "With --exit-code: at least one event was shown.",
            Exit::Failed => "Reading or writing failed, or some records could not be read.",
            Exit::Usage => "Wrong command line.",
            Exit::Trouble => "With --exit-code: reading failed, or some records could not be read.",
            Exit::Setup => "Wrong settings or certificates, no permission, or no server reachable.",
            Exit::Gap => "With --on-gap stop: changes are missing from the stream.",
            Exit::Incomplete => "The snapshot is not proven complete.",
            Exit::NotEqual => {
                "The copy differs from the server, or that it is equal is not proven."
            }
            Exit::Unknown => {
                "With --at: the events do not tell what the document was then, or not with certainty."
            }
            Exit::NothingShown => "With --timeout: no event was shown in this time.",
            Exit::NoDocument => "With --at and --blame: there was no such document.",
            Exit::Interrupted => "Interrupted (Ctrl-C).",
        }
    }

    /// The exit status of the process.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Differences | Exit::Failed => 1,
            Exit::Usage | Exit::Trouble => 2,
            Exit::Setup => 3,
            Exit::Gap | Exit::Incomplete | Exit::NotEqual | Exit::Unknown => 4,
            Exit::NothingShown | Exit::NoDocument => 5,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
