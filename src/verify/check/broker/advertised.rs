//! Checks of the advertised brokers, which clients must reach in addition to the bootstrap brokers.

use super::addresses;
use super::context::BrokerContext;
use super::layers::LAYERS;
use crate::probe::Report;
use crate::verify::check::{Check, Fault, Status};

const NAME: &str = "advertised-brokers";

/// One check for all advertised brokers.
pub(super) fn summary(
    bootstrap: &[BrokerContext<'_>],
    advertised: &[BrokerContext<'_>],
    works: bool,
) -> Check {
    if !works {
        return Check::skip(NAME, "no broker answered");
    }
    let nodes: Vec<String> = nodes(bootstrap);
    if nodes.is_empty() {
        return Check::skip(
            NAME,
            "the broker lists no other brokers before a SASL login",
        );
    }
    let reached = advertised
        .iter()
        .filter(|broker| broker.report.works())
        .count();
    let check = Check::pass(NAME, reachability(nodes.len(), advertised.len(), reached));
    check.detail("brokers", nodes)
}

fn reachability(nodes: usize, advertised: usize, reached: usize) -> String {
    match (nodes, advertised) {
        (1, 0) => "the only advertised broker is the one in the settings".to_owned(),
        (_, 0) => format!("all {nodes} advertised brokers are in the settings"),
        (1, _) if reached == 1 => "the only advertised broker can be reached".to_owned(),
        _ if reached == advertised => {
            format!("all {nodes} advertised brokers can be reached")
        }
        _ => format!("{reached} of {advertised} advertised brokers can be reached"),
    }
}

fn nodes(bootstrap: &[BrokerContext<'_>]) -> Vec<String> {
    let all = bootstrap.iter().flat_map(|broker| broker.report.nodes());
    let mut nodes: Vec<(i32, String)> = all
        .map(|node| (node.id, format!("{}:{}", node.host, node.port)))
        .collect();
    nodes.sort();
    nodes.dedup();
    nodes.into_iter().map(|(_, name)| name).collect()
}

/// The failed checks of the first layer that failed; warnings, if the broker works.
pub(super) fn faults(broker: &BrokerContext<'_>) -> Vec<Check> {
    if broker.report.works() {
        return warnings(broker);
    }
    let failed = |check_layer: &dyn Fn(&BrokerContext<'_>) -> Vec<Check>| {
        let found = check_layer(broker)
            .into_iter()
            .filter(|check| check.status == Status::Fail);
        found.collect::<Vec<Check>>()
    };
    let mut layers = LAYERS.iter().map(|(_, check_layer)| failed(check_layer));
    let first = layers.find(|found| !found.is_empty()).unwrap_or_default();
    first
        .into_iter()
        .map(|check| with_node(broker.report, check))
        .collect()
}

fn warnings(broker: &BrokerContext<'_>) -> Vec<Check> {
    let found = LAYERS
        .iter()
        .flat_map(|(_, check_layer)| check_layer(broker));
    let found = found.filter(|check| check.status == Status::Warn);
    let found = found.chain(addresses::faults(broker));
    found.map(|check| with_node(broker.report, check)).collect()
}

/// Names the node, and changes the fault to E4 if the broker cannot be reached at all.
fn with_node(report: &Report, check: Check) -> Check {
    let name = check.name;
    let node = report.target.node.unwrap_or_default();
    let mut check = Check {
        name: NAME,
        ..check
    }
    .subject(report.target.to_string())
    .detail("node", node);
    if check.fault != Some(Fault::B11)
        && check.status == Status::Fail
        && ["dns", "tcp"].contains(&name)
        || check.fault == Some(Fault::B4)
    {
        check = check.with_fault(Fault::E4).fix(
            "your certificates and passwords are not the cause: this network must resolve and reach the name, or the people who run the brokers must advertise one that it can reach (`advertised.listeners`)",
        );
    }
    check.message = format!("advertised broker, node {node}: {}", check.message);
    check
}
