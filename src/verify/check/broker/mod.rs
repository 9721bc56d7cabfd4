//! Checks of the brokers, from probe reports: DNS, TCP, TLS, client certificate, first Kafka response, advertised brokers.

mod addresses;
mod advertised;
mod broker_certificate;
mod client_certificate;
mod context;
mod format;
mod handshake_failure;
mod layers;
mod name_mismatch;
mod network;

pub use context::LocalContext;

use context::BrokerContext;
use layers::LAYERS;

use super::{Check, Status};
use crate::probe::Report;

/// The checks of all brokers, in the order of the layers. If one bootstrap broker works, faults of the other
/// bootstrap brokers are warnings, because the client library then uses the working one.
#[must_use]
pub fn checks(reports: &[Report], local: &LocalContext) -> Vec<Check> {
    let (advertised, bootstrap): (Vec<&Report>, Vec<&Report>) = reports
        .iter()
        .partition(|report| report.target.node.is_some());
    let context = |report| BrokerContext {
        report,
        local,
        all: reports,
    };
    let bootstrap: Vec<BrokerContext<'_>> = bootstrap.into_iter().map(context).collect();
    let advertised: Vec<BrokerContext<'_>> = advertised.into_iter().map(context).collect();
    let works = bootstrap.iter().any(|broker| broker.report.works());
    let mut checks = Vec::new();
    for (name, check_layer) in LAYERS {
        let found = bootstrap.iter().flat_map(|broker| {
            let with_subject = |check: Check| check.subject(broker.report.target.to_string());
            check_layer(broker).into_iter().map(with_subject)
        });
        checks.extend(layer(name, found.collect(), works));
    }
    checks.extend(bootstrap.iter().flat_map(|broker| {
        let with_subject = |check: Check| check.subject(broker.report.target.to_string());
        addresses::faults(broker).into_iter().map(with_subject)
    }));
    checks.push(advertised::summary(&bootstrap, &advertised, works));
    checks.extend(advertised.iter().flat_map(advertised::faults));
    checks
}

/// The results of one layer: passed checks merged into one, the others separately.
fn layer(name: &'static str, found: Vec<Check>, works: bool) -> Vec<Check> {
    let (passed, mut rest): (Vec<Check>, Vec<Check>) = found
        .into_iter()
        .partition(|check| check.status == Status::Pass);
    if works {
        rest.iter_mut().for_each(downgrade_to_warning);
    }
    let mut all = merge_same(passed);
    all.extend(rest);
    if all.is_empty() {
        all.push(Check::skip(name, "an earlier check of the brokers failed"));
    }
    all
}

fn downgrade_to_warning(check: &mut Check) {
    if check.status == Status::Fail {
        check.status = Status::Warn;
    }
}

fn merge_same(mut passed: Vec<Check>) -> Vec<Check> {
    let more = passed.len().saturating_sub(1);
    passed.truncate(1);
    for check in passed.iter_mut().filter(|_| more > 0) {
        let brokers = if more == 1 { "broker" } else { "brokers" };
        check.message = format!("{}; same for {more} more {brokers}", check.message);
    }
    passed
}
