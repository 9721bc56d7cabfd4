//! What the partitions of a topic have, and how far a reader is: its lag, and when retention reaches it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::commands::Context;
use crate::kafka::Connection;
use crate::kafka::inspect::{Inspector, Partition, QueryError, ReadItem};
use crate::kafka::retention::{self, Retention};
use crate::output::Output;
use crate::record::{Failure, FailureClass};
use crate::state;
use crate::state::State;
use crate::summary::stream::{PartitionLog, Partitions};

/// Limit of one query.
const QUERY_TIMEOUT: Duration = Duration::from_secs(5);
/// Limit of the query for the retention. Some brokers do not answer it at all.
const RETENTION_TIMEOUT: Duration = Duration::from_secs(3);

/// Queries about the topic's partitions.
pub(super) struct LogReader {
    topic: String,
    inspector: Inspector,
    position: Position,
    /// The id of the topic that the state file's positions belong to, if it is known.
    recorded_id: Option<String>,
    /// `None` if no reader's position is shown.
    retention: Option<RetentionQuery>,
}

/// The query for the topic's retention, which runs while the topic is read.
struct RetentionQuery {
    /// `None` when the answer was received.
    answer: Option<Receiver<Result<Retention, String>>>,
    started: Instant,
    known: Option<Retention>,
}

/// The reader whose position is shown.
enum Position {
    None,
    Group,
    /// The next offsets of a state file.
    State(BTreeMap<i32, i64>),
}

impl LogReader {
    /// Connects, and reads the state file and the topic's retention, if a reader's position is wanted. The connection's group
    /// is not joined.
    ///
    /// # Errors
    /// A [`Failure`] if the client library rejects a setting, or if the state file cannot be used.
    pub fn new(
        connection: &Connection,
        state: Option<&Path>,
        context: &mut Context<'_>,
    ) -> Result<LogReader, Failure> {
        let state = state
            .map(|path| state_of(path, &connection.topic))
            .transpose()?;
        let mut recorded_id = None;
        let position = match state {
            Some(state) => {
                recorded_id = state.incarnation.id;
                Position::State(state.next)
            }
            None if connection.group.is_some() => Position::Group,
            None => Position::None,
        };
        let interrupt = Arc::clone(context.interrupt);
        let inspector = Inspector::new(connection.clone(), interrupt);
        let inspector = inspector.map_err(|error| failure("start the Kafka library", error))?;
        let is_wanted = !matches!(position, Position::None);
        let retention = is_wanted.then(|| RetentionQuery::start(connection, context));
        Ok(LogReader {
            topic: connection.topic.clone(),
            inspector,
            position,
            recorded_id,
            retention,
        })
    }

    /// Warns if the positions belong to a topic that was deleted since.
    pub fn check_id(&self, now: Option<&str>, out: &mut Output) {
        if let (Some(then), Some(now)) = (self.recorded_id.as_deref(), now)
            && then != now
        {
            out.warn(&format!(
                "the topic {} was deleted and created again after the state file was written: its positions mean other records",
                self.topic
            ));
        }
    }

    /// Reads what the logs have now.
    ///
    /// # Errors
    /// A [`Failure`] if the brokers do not answer, or if the user may not see the group.
    pub fn update(&mut self, partitions: &mut Partitions, out: &mut Output) -> Result<(), Failure> {
        let retention = self.retention.as_mut().and_then(|query| query.wait(out));
        let topic = format!("read the offsets of {}", self.topic);
        let found = self.inspector.partitions(QUERY_TIMEOUT);
        let found = found.map_err(|error| failure(&topic, error))?;
        let found = self.inspector.with_watermarks(&found, QUERY_TIMEOUT);
        let found = found.map_err(|error| failure(&topic, error))?;
        let positions = self.positions(&found)?;
        let times = match retention {
            Some(Retention::Millis(_)) => self.times(&found, &positions),
            _ => BTreeMap::new(),
        };
        for one in found {
            let (Some(start), Some(end)) = (one.low, one.high) else {
                continue;
            };
            let expires = match (retention, times.get(&one.id)) {
                (Some(Retention::Millis(millis)), Some(time)) => Some(time.saturating_add(millis)),
                _ => None,
            };
            let log = PartitionLog {
                start,
                end,
                position: positions.get(&one.id).copied(),
                expires,
            };
            partitions.set_log(&self.topic, one.id, log);
        }
        Ok(())
    }

    fn positions(&self, partitions: &[Partition]) -> Result<BTreeMap<i32, i64>, Failure> {
        match &self.position {
            Position::None => Ok(BTreeMap::new()),
            Position::State(next) => Ok(next.clone()),
            Position::Group => {
                let committed = self.inspector.committed(partitions, QUERY_TIMEOUT);
                let committed =
                    committed.map_err(|error| failure("read the group's positions", error))?;
                Ok(committed.into_iter().collect())
            }
        }
    }

    /// The time of the next record of the reader in each partition, in milliseconds since 1970.
    fn times(
        &self,
        partitions: &[Partition],
        positions: &BTreeMap<i32, i64>,
    ) -> BTreeMap<i32, i64> {
        let mut times = BTreeMap::new();
        let starts: Vec<(i32, i64)> = partitions
            .iter()
            .filter_map(|one| {
                let (low, high) = (one.low?, one.high?);
                let next = (*positions.get(&one.id)?).max(low);
                (next < high).then_some((one.id, next))
            })
            .collect();
        let mut waiting: Vec<i32> = starts.iter().map(|(id, _)| *id).collect();
        if waiting.is_empty() {
            return times;
        }
        // A time that cannot be read is not known, which the table shows.
        let _ = self.inspector.read(&starts, QUERY_TIMEOUT, &mut |item| {
            let (id, time) = match &item {
                ReadItem::Record(record) => match record.place.position() {
                    Some((id, _)) => (id, record.time),
                    None => return ControlFlow::Continue(()),
                },
                ReadItem::End(id) => (*id, None),
            };
            if waiting.contains(&id) {
                waiting.retain(|one| *one != id);
                times.extend(time.map(|time| (id, time.millis)));
            }
            if waiting.is_empty() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        times
    }
}

impl RetentionQuery {
    /// Starts the query in a thread, which is not joined: the library may wait for a broker that does not answer.
    fn start(connection: &Connection, context: &Context<'_>) -> RetentionQuery {
        let (send, answer) = mpsc::channel();
        let (connection, interrupt) = (connection.clone(), Arc::clone(context.interrupt));
        thread::spawn(move || {
            // Fails only if the command has ended.
            let _ = send.send(retention::query(&connection, RETENTION_TIMEOUT, &interrupt));
        });
        RetentionQuery {
            answer: Some(answer),
            started: Instant::now(),
            known: None,
        }
    }

    /// Waits for the answer; reports once if there is none.
    fn wait(&mut self, out: &mut Output) -> Option<Retention> {
        if let Some(answer) = self.answer.take() {
            let left = RETENTION_TIMEOUT.saturating_sub(self.started.elapsed());
            let late = |_| Err("the brokers did not answer in time".to_owned());
            let answer = answer.recv_timeout(left).unwrap_or_else(late);
            if let Err(why) = &answer {
                out.warn(&format!("how long records are kept is unknown: {why}"));
            }
            self.known = answer.ok();
        }
        self.known
    }
}

/// The content of a state file of this topic.
fn state_of(path: &Path, topic: &str) -> Result<State, Failure> {
    let state = state::read(path)?;
    if state.topic != topic {
        return Err(Failure {
            class: FailureClass::Setup,
            what: format!(
                "{} has positions of the topic {}, not of {topic}",
                path.display(),
                state.topic
            ),
            fix: Some("use the state file of this topic, or --topic".to_owned()),
            raw: None,
        });
    }
    Ok(state)
}

fn failure(doing: &str, error: QueryError) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!("cannot {doing}"),
        fix: Some("ditto-cdc verify".to_owned()),
        raw: Some(error.raw),
    }
}
