//! `--wait`: the first event that comes from now on, shown; the second half of the documented check.
//! Where to start was learnt by the checks before it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use super::Run;
use super::kafka::{Asked, names, sample};
use crate::kafka::inspect::ReadItem;
use crate::verify::check::kafka::Scope;
use crate::verify::check::{Check, Fault, Status};

const NAME: &str = "wait";

/// What `--wait` means.
///
/// # Errors
/// What is wrong with it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Option<SignedDuration> = text.parse().ok();
    let duration = parsed.and_then(|duration| Duration::try_from(duration).ok());
    duration
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("--wait {text}: that is no duration; examples are 30s and 2m"))
}

impl Run<'_, '_> {
    /// Waits for the first event behind the ends that were found before.
    pub(super) fn wait(&mut self, limit: Duration, asked: Option<&Asked>) {
        let Some(asked) = asked.filter(|_| self.report.is_ok()) else {
            return self.add(Check::skip(NAME, "something above is wrong"));
        };
        self.context.out.note(&format!(
            "waiting for a new event, at most {} s: make a write in your app",
            limit.as_secs()
        ));
        let (started, mut first) = (Instant::now(), None);
        let outcome = asked.inspector.read(&asked.ends(), limit, &mut |seen| {
            if let ReadItem::Record(record) = seen {
                first = sample(&record);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        let scope = asked.scope();
        let check = match (outcome, first) {
            (Err(refused), _) => scope.refused(NAME, &refused, &[]),
            (Ok(()), Some(sample)) => {
                self.names.extend(names(&sample));
                let mut check = scope.decoded(&sample);
                check.name = NAME;
                if check.status == Status::Pass {
                    let after = started.elapsed().as_secs_f64();
                    check.message = format!("an event came after {after:.1} s: {}", check.message);
                }
                check
            }
            (Ok(()), None) => Check::warn(NAME, format!("no event came within {} s", limit.as_secs()))
                .with_fault(Fault::E7)
                .fix("make a write that the data bridge's sources cover (collection and filter, in the portal), then try again"),
        };
        self.add(check);
    }
}

impl Asked {
    /// Where new events will be.
    pub(super) fn ends(&self) -> Vec<(i32, i64)> {
        let ends = self.partitions.iter();
        ends.filter_map(|one| Some((one.id, one.high?))).collect()
    }

    /// The user's names.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            topic: &self.topic,
            principal: self.principal.as_deref(),
        }
    }
}
