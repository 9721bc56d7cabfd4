//! Checks of the other addresses of a name: the client library tries them in turn, in any order.

use super::context::BrokerContext;
use super::layers::LAYERS;
use crate::probe::{AddressReport, Report, Target, TcpOutcome};
use crate::verify::check::{Check, Fault, Status};

/// The checks of each address that the other checks do not describe: why it does not work, or what to expect soon.
pub(super) fn faults(broker: &BrokerContext<'_>) -> Vec<Check> {
    let described = broker.address().map(|one| one.address);
    let others = broker.report.addresses.iter().filter(|one| {
        Some(one.address) != described && !is_closed_localhost(&broker.report.target, one)
    });
    others
        .filter_map(|address| fault(broker, address))
        .collect()
}

/// For `localhost` it is normal that only one of its two addresses is open.
fn is_closed_localhost(target: &Target, address: &AddressReport) -> bool {
    target.host.eq_ignore_ascii_case("localhost")
        && !matches!(address.tcp, TcpOutcome::Connected(_))
}

/// The first failed check of the address alone, or else the first warning.
fn fault(broker: &BrokerContext<'_>, address: &AddressReport) -> Option<Check> {
    let report = Report {
        addresses: vec![address.clone()],
        ..broker.report.clone()
    };
    let alone = BrokerContext {
        report: &report,
        ..*broker
    };
    let checks: Vec<Check> = LAYERS
        .iter()
        .flat_map(|(_, check_layer)| check_layer(&alone))
        .collect();
    let first = |status| checks.iter().find(|check| check.status == status).cloned();
    let found = first(Status::Fail);
    if found.is_none() {
        let ip = address.address.ip();
        return first(Status::Warn).map(|check| Check {
            message: format!("{ip}: {}", check.message),
            ..check
        });
    }
    let found = found?;
    let (ip, count) = (address.address.ip(), broker.report.addresses.len());
    let mut check = Check {
        message: format!(
            "{ip}, one of the {count} addresses of {}, does not work: {}",
            report.target.host, found.message
        ),
        ..found
    };
    if let Some(fault) = check.fault {
        check = check.detail("cause", fault.id());
    }
    check = check
        .with_fault(Fault::B11)
        .detail("address", ip.to_string());
    if !broker.report.works() {
        return Some(check);
    }
    // The client library tries the addresses in turn.
    check.status = Status::Warn;
    Some(check.fix(
        "connecting takes longer whenever this address comes first, and other programs may fail: the people who run the brokers or the name's DNS must repair the address or remove it from the name",
    ))
}
