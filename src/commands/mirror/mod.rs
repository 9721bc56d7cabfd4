//! `mirror`: a database file that is kept equal to a Big Peer, across gaps in the stream.

mod account;
mod destination;
mod follow;
mod indexes;
mod load;
mod options;

use std::sync::Arc;

use self::follow::{Followed, Follower};
use self::options::Options;
use super::read_source::{report, report_stopped};
use super::{Context, connect};
use crate::bigpeer::Endpoint;
use crate::cli::{self, MirrorOnGap};
use crate::kafka::{self, Connection};
use crate::mirror::{Identity, MirrorFile};
use crate::record::{Failure, FailureClass};
use crate::util::exit::Exit;
use crate::util::secret::Secret;
use crate::util::text::plural;

/// Runs the command.
pub fn run(typed: &cli::Mirror, context: &mut Context<'_>) -> Exit {
    let options = match Options::new(typed) {
        Ok(options) => options,
        Err(why) => return context.usage_error("mirror", &why),
    };
    mirror(typed, options, context).unwrap_or_else(|exit| exit)
}

/// A mirror that is open.
struct Mirror {
    file: MirrorFile,
    endpoint: Endpoint,
    key: Secret,
    connection: Connection,
    options: Options,
}

fn mirror(typed: &cli::Mirror, options: Options, context: &mut Context<'_>) -> Result<Exit, Exit> {
    let (endpoint, key, kafka) = connect::api(&typed.connection, &typed.api, true, context)?;
    let mut connection = kafka.ok_or_else(|| report(&without_kafka(), context))?;
    if let Some(group) = connection.group.take() {
        context.out.note(&format!(
            "the group {group} is not used: the file keeps the offsets"
        ));
    }
    let cluster = cluster(&connection, context)?;
    let identity = Identity {
        server: endpoint.to_string(),
        cluster,
        topic: connection.topic.clone(),
        patterns: typed.collections.clone(),
    };
    let opened = MirrorFile::open(&context.env.path(&typed.file), &identity);
    let mut file = opened.map_err(|failure| report(&failure, context))?;
    let kept = file.keep_history(typed.history);
    kept.map_err(|failure| report(&failure, context))?;
    file.stop_on(Arc::clone(context.interrupt));
    connection.set_pace(options.ends);
    let mirror = Mirror {
        file,
        endpoint,
        key,
        connection,
        options,
    };
    mirror.run(context)
}

/// The id of the Kafka cluster. Also checks the connection before the file is touched.
fn cluster(connection: &Connection, context: &mut Context<'_>) -> Result<Option<String>, Exit> {
    let interrupt = Arc::clone(context.interrupt);
    let note = &mut |line: &str| context.out.note(line);
    match kafka::connect(connection.clone(), interrupt, note) {
        Ok(topic) => Ok(topic.cluster()),
        Err(stopped) => Err(report_stopped(stopped, context)),
    }
}

impl Mirror {
    fn run(mut self, context: &mut Context<'_>) -> Result<Exit, Exit> {
        let mut added = Some(self.add_indexes(context)?);
        loop {
            if self.needs_snapshot(context)? {
                self.load_until_proven(context)?;
            }
            if let Some(added) = added.take() {
                self.report_indexes(&added, context)?;
            }
            let follower = Follower::new(&mut self.file, &self.options);
            let mut follower = follower.map_err(|failure| report(&failure, context))?;
            match follower.follow(&self.connection, context)? {
                Followed::ToTheEnd => return self.exit(context),
                Followed::ToGap if self.options.on_gap == MirrorOnGap::Stop => {
                    return Ok(Exit::Gap);
                }
                Followed::ToGap => {}
            }
        }
    }

    /// Whether the copy is missing, interrupted, or behind a gap.
    fn needs_snapshot(&self, context: &mut Context<'_>) -> Result<bool, Exit> {
        let needs = || {
            let has_copy = self.file.manifest()?.is_some();
            let is_interrupted = self.file.resume_state()?.head().is_some();
            let needed = is_interrupted || !has_copy || self.file.open_gap()?.is_some();
            Ok((needed, has_copy))
        };
        let needs: Result<(bool, bool), Failure> = needs();
        let (needed, has_copy) = needs.map_err(|failure| report(&failure, context))?;
        if needed && has_copy && self.options.on_gap == MirrorOnGap::Stop {
            context.out.failure(&Failure {
                class: FailureClass::Gap,
                what: format!("the mirror {} is behind a gap", self.file.name()),
                fix: Some("run it without --on-gap stop: it takes a new snapshot".to_owned()),
                raw: None,
            });
            return Err(Exit::Gap);
        }
        Ok(needed)
    }

    fn exit(&self, context: &mut Context<'_>) -> Result<Exit, Exit> {
        match self.file.open_problems() {
            Ok(0) => Ok(Exit::Success),
            Ok(count) => {
                context.out.warn(&format!(
                    "the mirror {} is incomplete: {} skipped (SELECT * FROM ditto_problems)",
                    self.file.name(),
                    plural(count, "record")
                ));
                Ok(Exit::Incomplete)
            }
            Err(failure) => Err(report(&failure, context)),
        }
    }
}

fn without_kafka() -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: "a mirror follows the stream, and Kafka is not configured".to_owned(),
        fix: Some(
            "add --brokers, --topic and the certificates, or a profile that has them".to_owned(),
        ),
        raw: None,
    }
}
