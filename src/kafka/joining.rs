//! The wait for a group's first assignment: what is reported meanwhile, and when it is given up. Pure.

use std::time::Duration;

/// What a member does before its first assignment; for messages.
pub(super) const JOINING: &str = "joining the group";
/// After this time, and then at this interval, the wait is reported.
const REPORT_INTERVAL: Duration = Duration::from_secs(30);
/// The first report comes sooner.
const FIRST_REPORT: Duration = Duration::from_secs(5);
/// Time for the coordinator's own work, in addition to the timeouts of the group.
const MARGIN: Duration = Duration::from_secs(5);
/// librdkafka's default of `session.timeout.ms`.
const SESSION_TIMEOUT: Duration = Duration::from_secs(45);
/// librdkafka's default of `max.poll.interval.ms`: how long a rebalance waits for slow members.
const REBALANCE_TIMEOUT: Duration = Duration::from_secs(300);

/// A member without an assignment.
#[derive(Debug)]
pub(super) struct Joining {
    /// How long to wait.
    limit: Duration,
    /// Whether the group uses the protocol of KIP-848, in which the library does not report an empty assignment.
    is_silent_if_empty: bool,
    reported: Option<Duration>,
    /// The library's last message about the group.
    pub error: Option<String>,
}

/// What to do about a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinStep {
    Wait,
    Report,
    GiveUp,
}

impl Joining {
    /// `idle_exit` is the time without records after which the user wants the run to end, if any. With it, the wait
    /// lasts at least as long as a session, because a member that was killed holds its partitions for that time.
    /// Without it, the wait is as long as the slowest rebalance.
    pub(super) fn new(idle_exit: Option<Duration>, properties: &[(String, String)]) -> Joining {
        let millis = |name: &str, default: Duration| {
            let found = properties.iter().rfind(|property| property.0 == name);
            let value = found.and_then(|property| property.1.trim().parse().ok());
            value.map_or(default, Duration::from_millis)
        };
        let found = properties
            .iter()
            .rfind(|property| property.0 == "group.protocol");
        let is_silent_if_empty = found.is_some_and(|(_, value)| value.trim() == "consumer");
        let session = if is_silent_if_empty {
            // The coordinator answers at once; no session has to end before.
            MARGIN
        } else {
            millis("session.timeout.ms", SESSION_TIMEOUT)
        };
        let limit = match idle_exit {
            Some(idle) => idle.max(session),
            None => session.max(millis("max.poll.interval.ms", REBALANCE_TIMEOUT)),
        };
        Joining {
            limit: limit + MARGIN,
            is_silent_if_empty,
            reported: None,
            error: None,
        }
    }

    /// Whether this may be a member without partitions.
    pub(super) fn may_be_empty(&self) -> bool {
        self.is_silent_if_empty && self.error.is_none()
    }

    /// The step after waiting for this long.
    pub(super) fn step(&mut self, waited: Duration) -> JoinStep {
        if waited >= self.limit {
            return JoinStep::GiveUp;
        }
        let next = self
            .reported
            .map_or(FIRST_REPORT, |reported| reported + REPORT_INTERVAL);
        if waited < next {
            return JoinStep::Wait;
        }
        self.reported = Some(waited);
        JoinStep::Report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_wait_is_reported_and_ends() {
        let mut joining = Joining::new(None, &[]);
        for (at, expected) in [
            (0, JoinStep::Wait),
            (4, JoinStep::Wait),
            (5, JoinStep::Report),
            (6, JoinStep::Wait),
            (34, JoinStep::Wait),
            (35, JoinStep::Report),
            (304, JoinStep::Report),
            (305, JoinStep::GiveUp),
        ] {
            assert_eq!(joining.step(seconds(at)), expected, "{at}");
        }
    }

    #[test]
    fn a_limit_of_idle_time_shortens_the_wait_to_a_session() {
        let new = [("group.protocol".to_owned(), "consumer".to_owned())];
        let short = [("session.timeout.ms".to_owned(), "1500".to_owned())];
        for (idle, properties, limit) in [
            (Some(seconds(1)), &[][..], seconds(50)),
            (Some(seconds(70)), &[][..], seconds(75)),
            (Some(seconds(1)), &short[..], Duration::from_millis(6500)),
            (Some(seconds(1)), &new[..], seconds(10)),
            (None, &short[..], seconds(305)),
        ] {
            assert_eq!(Joining::new(idle, properties).limit, limit);
        }
    }
}
