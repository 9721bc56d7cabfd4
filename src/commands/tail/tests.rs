//! The main loop with a source of its own: what no broker can be made to do.
//! What it does with real sources is tested from outside.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;

use super::checkpoint::{Bound, Opened};
use super::plan::{Plan, Typed, format};
use super::render::Presenter;
use super::run_loop::{Ending, Follow};
use crate::cli::{self, Cli, Command};
use crate::output::Out;
use crate::record::{Place, Progress, Record, Source, Step};
use crate::state::StateFile;
use crate::util::env::Env;
use crate::view::{Styles, View, WallClock};

/// A source that never pauses, until its positions have been kept or much time has passed.
struct Flood {
    next: i64,
    file: std::path::PathBuf,
    started: Instant,
}

impl Source for Flood {
    fn next(&mut self, _: Duration) -> Step<'_> {
        self.next += 1;
        let kept = || {
            std::fs::read_to_string(&self.file)
                .unwrap()
                .contains("\"0\": 0")
        };
        if self.next % 100_000 == 0 && (!kept() || self.started.elapsed().as_secs() > 30) {
            return Step::End;
        }
        Step::Record(Record {
            place: Place::Offset {
                topic: "t",
                partition: 0,
                offset: self.next - 1,
            },
            time: None,
            key: None,
            headers: Vec::new(),
            payload: Some(Cow::Borrowed(
                br#"{"type":"documentChanged","collection":"people"}"#,
            )),
        })
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }

    fn positions(&self) -> Vec<(i32, i64)> {
        vec![(0, self.next)]
    }
}

/// A plan whose filter hides everything: what is tested is not what is printed.
fn plan() -> Plan {
    let typed = Cli::try_parse_from(["ditto-cdc", "tail", "-c", "nothing"]).unwrap();
    let Command::Tail(typed) = typed.command else {
        panic!("not tail");
    };
    let shared = Typed {
        filter: &typed.filter,
        span: &typed.span,
        idle_exit: None,
        format: format(cli::Format::Json),
        look: &typed.look,
        inputs: Vec::new(),
        on_gap: typed.on_gap,
    };
    shared.plan(&Env::look()).unwrap()
}

#[test]
fn positions_are_kept_while_records_never_pause() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let bound = Bound {
        cluster: None,
        topic: "t".into(),
        partitions: 1,
    };
    let (keeper, _, _) = Opened::new(&file).unwrap().bind(bound, None).unwrap();
    let mut flood = Flood {
        next: 0,
        file: file.clone(),
        started: Instant::now(),
    };
    let plan = plan();
    let view = View {
        format: plan.format,
        styles: Styles::new(false),
        coloured: false,
        terminal: false,
        width: None,
        clock: WallClock::new(Env::look().now),
        diff: plan.diff.clone(),
    };
    let mut out = Out::new(false, true, true);
    let presenter = Arc::new(Presenter {
        filter: plan.filter.clone(),
        view,
        base: None,
    });
    let mut follow = Follow::new(&plan, &presenter, "t".into(), &mut out).keeping(Some(keeper));
    let ending = follow.run(&mut flood);
    assert!(matches!(ending, Ending::SourceEnded), "{ending:?}");
    assert!(flood.started.elapsed().as_secs() < 30, "never kept");
    drop(follow);
    let (_, found) = StateFile::open(&file).unwrap();
    assert_eq!(found.unwrap().next[&0], flood.next);
}
