//! The command line of `--exec` and its options, checked before anything is read.

use std::io;

use crate::cli::{self, FormatArg};
use crate::util::child_process;
use crate::util::shell;
use crate::view::Format;

/// The command to run for each event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExecPlan {
    pub program: String,
    pub arguments: Vec<String>,
    /// Number of commands at once.
    pub jobs: usize,
    /// Number of retries of one command.
    pub retries: u32,
}

/// Programs that expand variables and understand pipes.
const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "fish", "busybox", "pwsh", "env",
];
/// What only a shell understands.
const SHELL_SYNTAX: &[&str] = &["$DITTO_CDC_", "${DITTO_CDC_", "$("];
const SHELL_WORDS: &[&str] = &["|", "||", "&&", ";", "&", ">", ">>", "<", "2>&1"];

impl ExecPlan {
    /// The plan of `tail`'s options; `None` without `--exec`.
    ///
    /// # Errors
    /// A usage error as a sentence.
    pub(in crate::commands::tail) fn new(typed: &cli::Tail) -> Result<Option<ExecPlan>, String> {
        let Some(line) = &typed.exec else {
            return Ok(None);
        };
        if let Some(format) = typed.format.as_ref().filter(|format| !is_json(format)) {
            return Err(format!(
                "--format {} cannot be combined with --exec: the command gets each event as --format json prints it",
                shell::quoted(&format_name(format))
            ));
        }
        let words = shell::split(line)
            .ok_or_else(|| format!("--exec: a quote is not closed in: {line}"))?;
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program =
            program.ok_or("--exec is empty; write a command, such as --exec 'jq -c .'")?;
        child_process::find(&program).map_err(|error| not_found(&program, &error))?;
        Ok(Some(ExecPlan {
            program,
            arguments: words.collect(),
            jobs: usize::from(typed.exec_jobs.unwrap_or(1)),
            retries: typed.exec_retries.unwrap_or(DEFAULT_RETRIES),
        }))
    }

    /// What the user probably expects of a shell that is not there.
    pub(in crate::commands::tail) fn note(&self) -> Option<String> {
        let program = self.program.rsplit('/').next().unwrap_or_default();
        let is_syntax = |word: &&String| {
            SHELL_WORDS.contains(&word.as_str())
                || SHELL_SYNTAX.iter().any(|syntax| word.contains(syntax))
        };
        let word = self.arguments.iter().find(is_syntax);
        let word = word.filter(|_| !SHELLS.contains(&program))?;
        Some(format!(
            "--exec starts no shell: {program} gets {} as it is; for a shell write --exec \"sh -c '…'\"",
            shell::quoted(word)
        ))
    }
}

/// Retries of a command without `--exec-retries`.
const DEFAULT_RETRIES: u32 = 3;

fn is_json(format: &FormatArg) -> bool {
    matches!(format, FormatArg::Named(Format::Json))
}

fn format_name(format: &FormatArg) -> String {
    match format {
        FormatArg::Named(format) => format.name(),
        FormatArg::Template(template) => template.clone(),
    }
}

fn not_found(program: &str, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::NotFound if program.contains('/') => "there is no such file".to_owned(),
        io::ErrorKind::NotFound => "no folder of PATH has it".to_owned(),
        io::ErrorKind::PermissionDenied => "the file is not executable".to_owned(),
        _ => error.to_string(),
    };
    format!("--exec: cannot start {}: {why}", shell::quoted(program))
}
