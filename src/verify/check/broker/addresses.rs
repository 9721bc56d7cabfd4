//! Checks of the single addresses of a name that works with another address: the client library picks any of them.

use super::context::BrokerContext;
use super::layers::LAYERS;
use crate::probe::{AddressReport, Report, TcpOutcome};
use crate::verify::check::{Check, Fault, Status};

/// One check for each address that does not work.
pub(super) fn faults(broker: &BrokerContext<'_>) -> Vec<Check> {
    if !broker.report.works() {
        return Vec::new();
    }
    let unusable = broker
        .report
        .addresses
        .iter()
        .filter(|one| !one.works() && !is_closed_loopback(one));
    unusable
        .filter_map(|address| fault(broker, address))
        .collect()
}

/// For `localhost` it is normal that only one of its two addresses is open.
fn is_closed_loopback(address: &AddressReport) -> bool {
    address.address.ip().is_loopback() && !matches!(address.tcp, TcpOutcome::Connected(_))
}

/// The first failed check of the address alone.
fn fault(broker: &BrokerContext<'_>, address: &AddressReport) -> Option<Check> {
    let report = Report {
        addresses: vec![address.clone()],
        ..broker.report.clone()
    };
    let alone = BrokerContext {
        report: &report,
        ..*broker
    };
    let mut checks = LAYERS
        .iter()
        .flat_map(|(_, check_layer)| check_layer(&alone));
    let found = checks.find(|check| check.status == Status::Fail)?;
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
    if check.name == "tcp" {
        check.status = Status::Warn;
        return Some(check.fix(
            "connecting is sometimes slow: tell the people who run the network or the brokers which address does not respond",
        ));
    }
    Some(check.fix(
        "reading fails whenever the Kafka library picks this address: the people who run the brokers must repair it or remove it from the name; until then, use a name or an address that works",
    ))
}
