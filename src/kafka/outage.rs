//! Detection of outages: an error is only a suspicion; a request that the leaders of all partitions have to answer decides
//! when the connection is reported as lost, and when as back.

use std::time::{Duration, Instant};

use crate::record::Notice;

/// How often a missing connection is reported again.
const REPORT_INTERVAL: Duration = Duration::from_secs(30);
/// Time between two probes.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// Timeout of a probe, and so the delay of Ctrl-C and of records of other brokers. Longer than a fetch without records
/// (`fetch.wait.max.ms`, half a second), because a broker answers the requests of a connection in turn.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_millis(800);

/// Decides what is reported about the connection; performs no requests itself.
#[derive(Debug, Default)]
pub(super) struct OutageMonitor {
    outage: Option<Outage>,
    /// Whether the leaders have answered once; before that, nothing can be lost.
    was_connected: bool,
}

#[derive(Debug)]
struct Outage {
    /// The library's message; the latest one that says more than that all brokers are down.
    reason: String,
    is_specific: bool,
    started_at: Instant,
    /// `None` until a probe has confirmed the outage.
    reported_at: Option<Instant>,
    next_probe: Instant,
    failed_probes: u32,
}

impl OutageMonitor {
    /// A leader has answered.
    pub(super) fn on_answer(&mut self) {
        self.was_connected = true;
    }

    /// The library reported an error of a connection; `is_specific` if it says more than that all brokers are down.
    pub(super) fn on_error(&mut self, reason: &str, is_specific: bool, now: Instant) {
        let outage = self.outage.get_or_insert_with(|| Outage {
            reason: reason.to_owned(),
            is_specific,
            started_at: now,
            reported_at: None,
            next_probe: now,
            failed_probes: 0,
        });
        if is_specific || !outage.is_specific {
            reason.clone_into(&mut outage.reason);
            outage.is_specific = is_specific;
        }
    }

    /// Whether a probe is due now.
    pub(super) fn is_probe_due(&self, now: Instant) -> bool {
        let outage = self.outage.as_ref();
        outage.is_some_and(|outage| now >= outage.next_probe)
    }

    /// The outcome of a probe: what to report about it.
    pub(super) fn on_probe(&mut self, answered: bool, now: Instant) -> Option<Notice> {
        if answered {
            self.was_connected = true;
            let outage = self.outage.take()?;
            return outage.reported_at.map(|_| Notice::Reconnected);
        }
        let outage = self.outage.as_mut()?;
        outage.next_probe = now + PROBE_INTERVAL;
        outage.failed_probes += 1;
        let reason = outage.reason.clone();
        let since = now.saturating_duration_since(outage.started_at);
        if !self.was_connected && since < REPORT_INTERVAL {
            return None;
        }
        match outage.reported_at {
            None if !self.was_connected => {
                outage.reported_at = Some(now);
                Some(Notice::StillDisconnected { since, reason })
            }
            // The first attempt to connect again gives the reason.
            None if !outage.is_specific && outage.failed_probes == 1 => None,
            None => {
                outage.reported_at = Some(now);
                Some(Notice::Disconnected(reason))
            }
            Some(reported) if now.saturating_duration_since(reported) >= REPORT_INTERVAL => {
                outage.reported_at = Some(now);
                Some(Notice::StillDisconnected { since, reason })
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// An outage of `seconds` in which every connection is accepted and closed: 20 errors a second, of several kinds.
    fn notices(monitor: &mut OutageMonitor, start: Instant, seconds: u64) -> Vec<(u64, Notice)> {
        let mut found = Vec::new();
        for step in 0..seconds * 20 {
            let now = start + Duration::from_millis(step * 50);
            let (reason, is_specific) = match step % 3 {
                0 => ("1/1 brokers are down", false),
                1 => ("handshake failed", true),
                _ => ("Disconnected", true),
            };
            monitor.on_error(reason, is_specific, now);
            if monitor.is_probe_due(now) {
                let notice = monitor.on_probe(false, now);
                found.extend(notice.map(|notice| (step / 20, notice)));
            }
        }
        found
    }

    #[test]
    fn a_long_outage_is_reported_once_and_then_every_30_seconds() {
        let (mut monitor, start) = (OutageMonitor::default(), Instant::now());
        monitor.on_answer();
        let found = notices(&mut monitor, start, 100);
        let times: Vec<u64> = found.iter().map(|(second, _)| *second).collect();
        assert_eq!(times, [1, 31, 61, 91], "{found:?}");
        let Notice::Disconnected(reason) = &found[0].1 else {
            panic!("{found:?}");
        };
        assert_ne!(reason, "1/1 brokers are down");
        let Notice::StillDisconnected { since, reason } = &found[3].1 else {
            panic!("{found:?}");
        };
        assert_eq!(since.as_secs(), 91);
        assert_ne!(reason, "1/1 brokers are down");
        let end = start + Duration::from_secs(101);
        assert_eq!(monitor.on_probe(true, end), Some(Notice::Reconnected));
        assert_eq!(monitor.on_probe(true, end), None);
    }

    #[test]
    fn nothing_is_lost_before_the_first_connection() {
        let (mut monitor, start) = (OutageMonitor::default(), Instant::now());
        assert_eq!(notices(&mut monitor, start, 29), []);
        assert_eq!(monitor.on_probe(true, start), None);
        let (mut monitor, start) = (OutageMonitor::default(), Instant::now());
        let found = notices(&mut monitor, start, 40);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(matches!(found[0].1, Notice::StillDisconnected { .. }));
    }

    #[test]
    fn an_error_of_a_broker_that_answers_is_no_outage() {
        let (mut monitor, now) = (OutageMonitor::default(), Instant::now());
        assert!(!monitor.is_probe_due(now));
        monitor.on_error("Disconnected", true, now);
        assert!(monitor.is_probe_due(now));
        assert_eq!(monitor.on_probe(true, now), None);
        assert!(!monitor.is_probe_due(now));
    }
}
