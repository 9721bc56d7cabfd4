//! `--wait`: waits for the first new event and reports it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::kafka::{TopicInspection, customer_names};
use super::run::VerifyRun;
use super::samples::record_sample;
use crate::kafka::inspect::ReadItem;
use crate::util::time;
use crate::verify::check::kafka::TopicContext;
use crate::verify::check::{Check, Fault, Status};

const NAME: &str = "wait";

/// Parses the value of `--wait`.
///
/// # Errors
/// A message if it is not a positive duration.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    time::parse_duration("--wait", text, "30s or 2m")
}

impl VerifyRun<'_, '_> {
    /// Waits for the first event after the partition ends found by the topic check.
    pub(super) fn wait(&mut self, limit: Duration, inspection: Option<&TopicInspection>) {
        let Some(inspection) = inspection.filter(|_| self.report.is_ok()) else {
            return self.add(Check::skip(NAME, "an earlier check failed"));
        };
        self.context.out.note(&format!(
            "waiting up to {} s for a new event: change a document in your app",
            limit.as_secs()
        ));
        let (started, mut first) = (Instant::now(), None);
        let outcome = inspection
            .inspector
            .read(&inspection.ends(), limit, &mut |item| {
                if let ReadItem::Record(record) = item {
                    first = record_sample(&record);
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
        let topic_context = inspection.topic_context();
        let check = match (outcome, first) {
            (Err(error), _) => topic_context.query_failed(NAME, &error, &[]),
            (Ok(()), Some(sample)) => {
                self.names.extend(customer_names(&sample));
                let mut check = topic_context.decoded(&sample);
                check.name = NAME;
                if check.status == Status::Pass {
                    let after = started.elapsed().as_secs_f64();
                    check.message = format!("an event arrived after {after:.1} s: {}", check.message);
                }
                check
            }
            (Ok(()), None) => Check::warn(NAME, format!("no event arrived within {} s", limit.as_secs()))
                .with_fault(Fault::E7)
                .fix("change a document that the data bridge's sources include (see collection and filter in the portal), then try again"),
        };
        self.add(check);
    }
}

impl TopicInspection {
    /// The end of each partition, where new events will arrive.
    pub(super) fn ends(&self) -> Vec<(i32, i64)> {
        let ends = self.partitions.iter();
        ends.filter_map(|one| Some((one.id, one.high?))).collect()
    }

    /// The topic and user, for messages.
    pub(super) fn topic_context(&self) -> TopicContext<'_> {
        TopicContext {
            topic: &self.topic,
            principal: self.principal.as_deref(),
        }
    }
}
