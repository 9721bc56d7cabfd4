//! `tail`: events of a topic or a capture, filtered, as text for people or programs.
//! Opens the source, runs the loop in `follow` and turns its ending into an exit code.

mod follow;
mod plan;
mod present;
mod tally;
mod window;

use std::path::Path;
use std::sync::Arc;

use self::follow::{Ending, Follow};
use self::plan::{Plan, plan};
use self::tally::Tally;
use super::Context;
use super::connect;
use crate::cli;
use crate::exit::Exit;
use crate::source::capture::Capture;
use crate::source::kafka::{self, Stopped};
use crate::view::{Styles, View, WallClock};

/// Runs the command.
pub fn run(typed: &cli::Tail, context: &mut Context<'_>) -> Exit {
    let plan = match plan(typed, context.env) {
        Ok(plan) => plan,
        Err(why) => return usage(context, &why),
    };
    let view = view(&plan, context);
    match plan.input.clone() {
        Some(file) => tail_capture(&file, &plan, &view, context),
        None => tail_kafka(typed, &plan, &view, context),
    }
}

fn usage(context: &mut Context<'_>, why: &str) -> Exit {
    context.out.warn(why);
    context.out.warn("for help: ditto-cdc tail --help");
    Exit::Usage
}

fn view(plan: &Plan, context: &Context<'_>) -> View {
    let env = context.env;
    let coloured = env.colours(context.global.color, env.stdout_terminal);
    View {
        format: plan.format,
        styles: Styles::new(coloured),
        coloured,
        terminal: env.stdout_terminal,
        width: env.width.filter(|_| env.stdout_terminal),
        clock: WallClock::new(env.now.clone()),
        diff: plan.diff.clone(),
    }
}

fn tail_capture(file: &Path, plan: &Plan, view: &View, context: &mut Context<'_>) -> Exit {
    let mut capture = match Capture::open(file, Arc::clone(context.interrupt)) {
        Ok(capture) => capture,
        Err(failure) => return finish(Ending::Failed(failure), &Tally::default(), plan, context),
    };
    let name = file.display().to_string();
    let mut follow = Follow::new(plan, view, name, context.out);
    follow.sift_captures();
    let ending = follow.run(&mut capture);
    let tally = follow.tally;
    finish(ending, &tally, plan, context)
}

fn tail_kafka(typed: &cli::Tail, plan: &Plan, view: &View, context: &mut Context<'_>) -> Exit {
    let connection = match connect::kafka(&typed.connection, context) {
        Ok(connection) => connection,
        Err(exit) => return exit,
    };
    let with_group = connection.group.is_some();
    if let Some(why) = plan::conflict_with_group(plan).filter(|_| with_group) {
        return usage(context, &why);
    }
    let span = kafka::Span {
        from: plan.from.clone(),
        until: plan.until.clone(),
        now: context.env.now.timestamp().as_millisecond(),
    };
    let name = connection.topic.clone();
    let interrupt = Arc::clone(context.interrupt);
    let mut follow = Follow::new(plan, view, name, context.out);
    let ending = match plan.last {
        Some(count) => {
            follow.run_last(|keep| kafka::last(connection, &span, count, interrupt, keep))
        }
        None => match kafka::open(connection, &span, interrupt) {
            Ok(mut reader) => follow.run(&mut reader),
            Err(stopped) => stopped.into(),
        },
    };
    let tally = follow.tally;
    finish(ending, &tally, plan, context)
}

impl From<Stopped> for Ending {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Interrupted => Ending::Interrupted,
            Stopped::Failed(failure) => Ending::Failed(failure),
        }
    }
}

/// Says how the run ended, and which exit code that is.
fn finish(ending: Ending, tally: &Tally, plan: &Plan, context: &mut Context<'_>) -> Exit {
    let summary = tally.summary();
    match ending {
        Ending::Closed => Exit::Fine,
        Ending::Interrupted => {
            context.out.note(&summary);
            Exit::Interrupted
        }
        Ending::Complete => {
            let odd = tally.gaps > 0 || tally.unreadable > 0;
            if odd || (context.env.stderr_terminal && plan.is_bounded()) {
                context.out.note(&summary);
            }
            if tally.unreadable > 0 {
                Exit::Failed
            } else {
                Exit::Fine
            }
        }
        Ending::Gap => {
            context.out.warn("stopped at a gap in the stream, as --on-gap stop asks: requery everything before going on");
            context.out.note(&summary);
            Exit::Gap
        }
        Ending::Failed(failure) => {
            context.out.failure(&failure);
            if tally.read > 0 {
                context.out.note(&summary);
            }
            failure.exit()
        }
        Ending::Unwritable(error) => {
            context
                .out
                .warn(&format!("writing to standard output: {error}"));
            Exit::Failed
        }
    }
}
