//! `diff`: shows the changes in captures, or the differences between two captures or snapshots, with a pager and an exit code for scripts.

use std::path::{Path, PathBuf};

use super::Context;
use super::compare;
use super::pager;
use super::tail::plan::{SharedArgs, TypedTimeLimits};
use super::tail::{Shown, show_captures};
use crate::cli;
use crate::util::exit::Exit;
use crate::view::Format;

/// Joins captures whose changes are shown.
const JOIN: &str = "+";

/// What the paths of the command line ask for.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    /// The changes of captures, by time.
    Changes(Vec<PathBuf>),
    /// The differences between the documents of two captures or snapshots.
    Comparison([PathBuf; 2]),
}

impl Request {
    /// Two paths are a comparison; any other number, or paths joined by `+`, are the changes of captures.
    fn new(paths: &[PathBuf], is_folder: impl Fn(&Path) -> bool) -> Result<Request, String> {
        let is_join = |path: &PathBuf| path.as_os_str() == JOIN;
        let joins = paths.iter().filter(|path| is_join(path)).count();
        let captures: Vec<PathBuf> = paths
            .iter()
            .filter(|path| !is_join(path))
            .cloned()
            .collect();
        if joins > 0 {
            let alternates = paths
                .iter()
                .enumerate()
                .all(|(at, path)| is_join(path) == (at % 2 == 1));
            if !alternates || paths.len().is_multiple_of(2) {
                return Err("a + stands between two captures: diff A + B".to_owned());
            }
        } else if let [before, after] = captures.as_slice() {
            if [before, after].iter().all(|path| path.as_os_str() == "-") {
                return Err("standard input (-) can be one side only".to_owned());
            }
            return Ok(Request::Comparison([before.clone(), after.clone()]));
        }
        match captures.iter().find(|path| is_folder(path)) {
            None => Ok(Request::Changes(captures)),
            Some(folder) => Err(format!(
                "{} is a folder: a snapshot has no changes; compare it with one other snapshot or capture: diff A B",
                folder.display()
            )),
        }
    }
}

/// Runs the command.
pub fn run(typed: &cli::Diff, context: &mut Context<'_>) -> Exit {
    if typed.files.is_empty() && context.env.stdin_terminal {
        return context.usage_error(
            "diff",
            "no capture: name a file, or pipe one into the command",
        );
    }
    let request = match typed.files.as_slice() {
        [] => Ok(Request::Changes(vec![PathBuf::from("-")])),
        paths => Request::new(paths, Path::is_dir),
    };
    let request = match request {
        Ok(request) => request,
        Err(why) => return context.usage_error("diff", &why),
    };
    let shared = SharedArgs {
        filter: &typed.filter,
        range: &typed.range,
        time_limits: TypedTimeLimits::default(),
        format: typed.format.clone().unwrap_or(Format::Diff.into()),
        changes: &typed.changes,
        inputs: match &request {
            Request::Changes(captures) => captures.clone(),
            Request::Comparison(paths) => paths.to_vec(),
        },
        on_gap: typed.on_gap,
        has_state: false,
    };
    let plan = match shared.plan(context.env) {
        Ok(plan) => plan,
        Err(why) => return context.usage_error("diff", &why),
    };
    if let Request::Comparison(paths) = &request
        && let Some(why) = compare::conflict(paths, &plan)
    {
        return context.usage_error("diff", &why);
    }
    if !typed.no_pager {
        pager::start(context);
    }
    let (exit, shown) = match &request {
        Request::Changes(_) => show_captures(&plan, context),
        Request::Comparison([before, after]) => {
            note_comparison(before, after, context);
            compare::run(before, after, &plan, context)
        }
    };
    context.out.end_pager();
    if typed.exit_code {
        status_of_differences(exit, &shown)
    } else {
        exit
    }
}

/// As `diff` and `git diff`: 1 says that there are changes, and nothing else does. If there is a gap, or a document that only
/// one side knows, no change proves nothing.
fn status_of_differences(exit: Exit, shown: &Shown) -> Exit {
    match exit {
        Exit::Success if shown.events > 0 => Exit::Differences,
        Exit::Success if shown.gaps + shown.unproven > 0 => Exit::Gap,
        Exit::Failed => Exit::Trouble,
        exit => exit,
    }
}

/// A pattern such as `*.ndjson` may match two captures by chance.
fn note_comparison(before: &Path, after: &Path, context: &mut Context<'_>) {
    let is_folder = before.is_dir() || after.is_dir();
    let (before, after) = (before.display(), after.display());
    let in_turn = if is_folder {
        String::new()
    } else {
        format!("; to show the changes of both by time: diff {before} + {after}")
    };
    let note = format!("comparing the documents of {before} with those of {after}{in_turn}");
    context.out.note(&note);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn two_paths_are_compared_and_joined_ones_are_not() {
        let request = |text: &str| {
            let paths: Vec<PathBuf> = text.split(' ').map(PathBuf::from).collect();
            Request::new(&paths, |path| path.starts_with("folder"))
        };
        let changes = |text: &str| {
            Ok(Request::Changes(
                text.split(' ').map(PathBuf::from).collect(),
            ))
        };
        let comparison =
            |before: &str, after: &str| Ok(Request::Comparison([before.into(), after.into()]));
        for (typed, expected) in [
            ("a", changes("a")),
            ("a b", comparison("a", "b")),
            ("a + b", changes("a b")),
            ("a + b + c", changes("a b c")),
            ("a b c", changes("a b c")),
            ("- b", comparison("-", "b")),
            ("folder/1 folder/2", comparison("folder/1", "folder/2")),
            ("folder b", comparison("folder", "b")),
        ] {
            assert_eq!(request(typed), expected, "{typed}");
        }
        for (typed, why) in [
            ("a +", "between two captures"),
            ("+ a", "between two captures"),
            ("a + + b", "between two captures"),
            ("a b + c", "between two captures"),
            ("+", "between two captures"),
            ("- -", "one side only"),
            ("folder", "is a folder"),
            ("a + folder", "is a folder"),
            ("a b folder", "is a folder"),
        ] {
            assert!(request(typed).unwrap_err().contains(why), "{typed}");
        }
    }
}
