//! The main loop over a source that no broker can imitate.
#![allow(clippy::unwrap_used)]

mod saved_positions;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;

use super::checkpoint::{Checkpointer, LockedState};
use super::continuation::TopicIdentity;
use super::plan::{Plan, SharedArgs, TypedTimeLimits};
use super::render::Renderer;
use super::run::Run;
use super::stop_reason::StopReason;
use crate::cli::{Cli, Command};
use crate::output::Output;
use crate::record::incarnation::Incarnation;
use crate::record::{Place, Progress, Record, Source, SourceItem};
use crate::state::StateFile;
use crate::util::env::Env;
use crate::view::{Styles, View, WallClock};

/// A source that always has a record, until its positions are saved or 30 seconds have passed.
struct EndlessSource {
    next: i64,
    file: std::path::PathBuf,
    started: Instant,
}

impl Source for EndlessSource {
    fn next(&mut self, _: Duration) -> SourceItem<'_> {
        self.next += 1;
        let is_saved = || {
            std::fs::read_to_string(&self.file)
                .unwrap()
                .contains("\"0\": 0")
        };
        if self.next % 100_000 == 0 && (!is_saved() || self.started.elapsed().as_secs() > 30) {
            return SourceItem::End;
        }
        SourceItem::Record(Record {
            place: Place::Offset {
                topic: "t",
                partition: 0,
                offset: self.next - 1,
            },
            time: None,
            leader_epoch: None,
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

/// The plan of a run with these options that shows JSON.
fn plan(options: &[&str]) -> Plan {
    let typed = Cli::try_parse_from([&["ditto-cdc", "tail"], options].concat()).unwrap();
    let Command::Tail(typed) = typed.command else {
        panic!("not tail");
    };
    let shared = SharedArgs {
        filter: &typed.filter,
        range: &typed.range,
        time_limits: TypedTimeLimits::default(),
        format: crate::view::Format::Json.into(),
        changes: &typed.changes,
        inputs: Vec::new(),
        on_gap: typed.on_gap,
        has_state: false,
    };
    shared.plan(&Env::detect()).unwrap()
}

/// A checkpointer with a new file.
fn checkpointer(file: &Path) -> Checkpointer {
    let identity = TopicIdentity {
        cluster: None,
        incarnation: Incarnation::default(),
        topic: "t".into(),
        partitions: 1,
    };
    let state = LockedState::open(file, &mut |_| false).unwrap();
    let (checkpointer, _, _) = state.check_identity(identity, None).unwrap();
    checkpointer
}

fn renderer(plan: &Plan) -> Arc<Renderer> {
    let view = View {
        format: plan.format.clone(),
        styles: Styles::new(false),
        coloured: false,
        terminal: false,
        width: None,
        clock: WallClock::new(Env::detect().now),
        diff: plan.diff.clone(),
    };
    Arc::new(Renderer {
        filter: plan.filter.clone(),
        view,
        base: None,
        paths: Arc::default(),
    })
}

#[test]
fn positions_are_saved_while_records_never_pause() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let mut source = EndlessSource {
        next: 0,
        file: file.clone(),
        started: Instant::now(),
    };
    // The filter rejects everything: the output is not under test.
    let plan = plan(&["-c", "nothing"]);
    let renderer = renderer(&plan);
    let mut out = Output::new(false, true, true);
    let mut run = Run::new(&plan, &renderer, "t".into(), None, &mut out)
        .with_checkpoints(checkpointer(&file));
    let stop = run.run(&mut source);
    assert!(matches!(stop, StopReason::SourceEnded), "{stop:?}");
    assert!(source.started.elapsed().as_secs() < 30, "never saved");
    drop(run);
    let (_, found) = StateFile::open(&file, &mut |_| false).unwrap();
    assert_eq!(found.unwrap().next[&0], source.next);
}
