//! Where every partition ends now, and what stands before those ends: for whoever is going to read on from there.
//! What the records mean is left to the caller.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::config::Connection;
use super::reader::Reader;
use super::topic::{Stopped, Tell, Topic};
use super::{offsets, plan, tail_scan};
use crate::record::position::Position;
use crate::record::{Lost, Record, Source, Step};

/// How long to wait for a step; only Ctrl-C ends a wait.
const WAIT: Duration = Duration::from_millis(100);

/// In so many events before its end, each partition is looked at for the highest transaction. One would do where
/// events come in the order of their transactions; a bridge that starts again may repeat some older ones.
const NEWEST: usize = 256;

/// From where on everything is shown.
#[derive(Debug, Clone)]
pub enum Since {
    /// A position that a person typed.
    Typed(Position),
    /// The next offsets that an earlier run kept. Where they are gone, that is a loss and no mistake.
    Kept(BTreeMap<i32, i64>),
}

/// The ends of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    /// The topic's name.
    pub topic: String,
    /// The id of the cluster, where its brokers tell it.
    pub cluster: Option<String>,
    /// Each partition with the first offset that was not there yet.
    pub next: Vec<(i32, i64)>,
    /// What of the part to be looked through retention has removed.
    pub lost: Vec<Lost>,
}

/// Takes the ends of all partitions, then shows `each` the newest records of every partition before its end until it
/// has returned something for 256 of them, and everything from `since` on.
///
/// # Errors
/// [`Stopped`] where the topic cannot be read or the user interrupts.
pub fn ends(
    mut connection: Connection,
    since: Option<&Since>,
    interrupt: Arc<AtomicBool>,
    tell: &mut Tell<'_>,
    each: &mut dyn FnMut(&Record<'_>) -> Option<()>,
) -> Result<Ends, Stopped> {
    // Looking takes no partition away from anybody.
    connection.group = None;
    let topic = Topic::connect(connection, None, interrupt, tell)?;
    let (lows, highs) = (topic.beginnings()?, topic.ends()?);
    let mut ends = Ends {
        topic: topic.name().to_owned(),
        cluster: topic.cluster(),
        next: highs
            .iter()
            .map(|(&partition, &next)| (partition, next))
            .collect(),
        lost: Vec::new(),
    };
    let (topic, _) = tail_scan::last(topic, &lows, &highs, NEWEST, each)?;
    let Some(since) = since else {
        return Ok(ends);
    };
    let (topic, starts, lost) = match since {
        Since::Typed(position) => {
            let (topic, starts) = offsets(topic, position, &lows, &highs)?;
            (topic, starts, Vec::new())
        }
        Since::Kept(next) => {
            // Whoever kept them knew every partition: any other one is looked at from its first record.
            let (starts, lost) = plan::kept(topic.name(), next, 0, &lows, &highs);
            (topic, starts, lost)
        }
    };
    let ranges = plan::between(&starts, Some(&highs), &highs);
    let mut plan = plan::mend(topic.name(), ranges, &lows);
    plan.lost.extend(lost);
    ends.lost.clone_from(&plan.lost);
    let mut reader = Reader::start(topic, plan, None)?;
    loop {
        match reader.next(WAIT) {
            Step::Record(record) => {
                each(&record);
            }
            Step::End => return Ok(ends),
            Step::Interrupted => return Err(Stopped::Interrupted),
            Step::Failed(failure) => return Err(Stopped::Failed(failure)),
            // Retention overtakes what is being read, too. What it had removed before stands in the list already.
            Step::Lost(lost) if !ends.lost.contains(&lost) => ends.lost.push(lost),
            Step::Lost(_) | Step::Notice(_) | Step::Idle => {}
        }
    }
}
