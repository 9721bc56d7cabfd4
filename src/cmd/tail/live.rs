//! `tail` of a topic: connects, settles where to start, and hands the reader to `follow`.
//! Captures are opened in `mod`; what an ending means is told there too.

use std::path::Path;
use std::sync::Arc;

use super::follow::{Ending, Follow};
use super::keep::{Bound, Keeper, Opened};
use super::look::look;
use super::plan::{self, Plan};
use super::present::Presenter;
use super::recover::Recovery;
use super::tally::Tally;
use super::usage;
use crate::cli;
use crate::cmd::{Context, connect};
use crate::exit::Exit;
use crate::source::kafka::{self, Connection, Reader, Stopped};

/// One run on a topic.
pub(super) struct Live<'l> {
    pub typed: &'l cli::Tail,
    pub plan: &'l Plan,
    pub presenter: &'l Arc<Presenter>,
    pub recovery: &'l Recovery,
}

impl From<Stopped> for Ending {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Interrupted => Ending::Interrupted,
            Stopped::Failed(failure) => Ending::Failed(failure),
        }
    }
}

impl Live<'_> {
    /// Reads the topic.
    ///
    /// # Errors
    /// The exit code for what was said, where nothing could be connected.
    pub(super) fn run(&self, context: &mut Context<'_>) -> Result<(Ending, Tally), Exit> {
        let connection = connect::kafka(&self.typed.connection, context)?;
        let with_group = connection.group.is_some();
        let state = self.typed.state.as_deref();
        if let Some(why) = plan::conflict_with_group(self.plan, state).filter(|_| with_group) {
            return Err(usage(context, "tail", &why));
        }
        let span = kafka::Span {
            from: self.plan.from.clone(),
            kept: None,
            until: self.plan.until.clone(),
            now: context.env.now.timestamp().as_millisecond(),
        };
        let name = connection.topic.clone();
        if let Some(count) = self.plan.last {
            return Ok(self.last(connection, &span, count, &name, context));
        }
        let opened = match state {
            Some(path) => self.resume(path, connection, span, context),
            None => open(connection, &span, context),
        };
        let (mut reader, keeper) = match opened {
            Ok(opened) => opened,
            Err(stopped) => return Ok((stopped.into(), Tally::default())),
        };
        let mut follow = Follow::new(self.plan, self.presenter, name, context.out)
            .recovering(self.recovery.clone())
            .keeping(keeper);
        let ending = follow.run(&mut reader);
        Ok((ending, follow.tally))
    }

    fn last(
        &self,
        connection: Connection,
        span: &kafka::Span,
        count: usize,
        name: &str,
        context: &mut Context<'_>,
    ) -> (Ending, Tally) {
        let interrupt = Arc::clone(context.interrupt);
        let tell = &mut |line: &str| context.out.note(line);
        let found = look(self.plan, self.presenter, |keep| {
            kafka::last(connection, span, count, interrupt, tell, keep)
        });
        Follow::new(self.plan, self.presenter, name.to_owned(), context.out)
            .recovering(self.recovery.clone())
            .run_found(found)
    }

    /// Goes on where the state file says, or makes one.
    fn resume(
        &self,
        path: &Path,
        connection: Connection,
        mut span: kafka::Span,
        context: &mut Context<'_>,
    ) -> Result<(Reader, Option<Keeper>), Stopped> {
        let opened = Opened::new(path)?;
        let interrupt = Arc::clone(context.interrupt);
        let tell = &mut |line: &str| context.out.note(line);
        let topic = kafka::connect(connection, interrupt, tell)?;
        let bound = Bound {
            cluster: topic.cluster(),
            topic: topic.name().to_owned(),
            partitions: topic.partitions(),
        };
        let (keeper, kept) = opened.bind(bound)?;
        if let (Some(_), Some(from)) = (&kept, &self.typed.span.from) {
            context.out.note(&format!(
                "going on from the positions in {}; --from {from} was for the first run",
                keeper.name()
            ));
        }
        span.kept = kept;
        Ok((kafka::start(topic, &span)?, Some(keeper)))
    }
}

/// Starts where the span says.
fn open(
    connection: Connection,
    span: &kafka::Span,
    context: &mut Context<'_>,
) -> Result<(Reader, Option<Keeper>), Stopped> {
    let interrupt = Arc::clone(context.interrupt);
    let tell = &mut |line: &str| context.out.note(line);
    Ok((kafka::open(connection, span, interrupt, tell)?, None))
}
