//! The brokers that brokers name: a bootstrap that works says nothing about them, and each must be reached too.
//! Their layers are judged as all others' are; here it is said that nobody's credentials are to blame.

use super::{LAYERS, Subject};
use crate::verify::check::{Check, Fault, Status};
use crate::verify::probe::Report;

const NAME: &str = "advertised-brokers";

/// One line about all of them.
pub(super) fn summary(typed: &[Subject<'_>], named: &[Subject<'_>], works: bool) -> Check {
    if !works {
        return Check::skip(NAME, "no broker answered");
    }
    let nodes: Vec<String> = nodes(typed);
    if nodes.is_empty() {
        return Check::skip(NAME, "the broker names no others before a login");
    }
    let reached = named
        .iter()
        .filter(|subject| subject.report.works())
        .count();
    let check = Check::pass(NAME, told(nodes.len(), named.len(), reached));
    check.detail("brokers", nodes)
}

fn told(nodes: usize, named: usize, reached: usize) -> String {
    match (nodes, named) {
        (1, 0) => "the broker names itself, as the settings do".to_owned(),
        (_, 0) => format!("all {nodes} brokers are in the settings"),
        (1, _) if reached == 1 => "the one broker can be reached by the name it gives".to_owned(),
        _ if reached == named => {
            format!("all {nodes} brokers can be reached by the names they give")
        }
        _ => format!("{reached} of {named} brokers can be reached by the names they give"),
    }
}

fn nodes(typed: &[Subject<'_>]) -> Vec<String> {
    let all = typed.iter().flat_map(|subject| subject.report.nodes());
    let mut told: Vec<(i32, String)> = all
        .map(|node| (node.id, format!("{}:{}", node.host, node.port)))
        .collect();
    told.sort();
    told.dedup();
    told.into_iter().map(|(_, name)| name).collect()
}

/// What is wrong with one of them: its first layers that did not pass.
pub(super) fn faults(subject: &Subject<'_>) -> Vec<Check> {
    if subject.report.works() {
        return warnings(subject);
    }
    let failed = |judge: &dyn Fn(&Subject<'_>) -> Vec<Check>| {
        let found = judge(subject)
            .into_iter()
            .filter(|check| check.status == Status::Fail);
        found.collect::<Vec<Check>>()
    };
    let mut layers = LAYERS.iter().map(|(_, judge)| failed(judge));
    let first = layers.find(|found| !found.is_empty()).unwrap_or_default();
    first
        .into_iter()
        .map(|check| told_of(subject.report, check))
        .collect()
}

fn warnings(subject: &Subject<'_>) -> Vec<Check> {
    let found = LAYERS.iter().flat_map(|(_, judge)| judge(subject));
    let found = found.filter(|check| check.status == Status::Warn);
    found.map(|check| told_of(subject.report, check)).collect()
}

/// Where it is not to be reached at all, that has a number of its own.
fn told_of(report: &Report, check: Check) -> Check {
    let name = check.name;
    let node = report.target.node.unwrap_or_default();
    let mut check = Check {
        name: NAME,
        ..check
    }
    .about(report.target.to_string())
    .detail("node", node);
    if check.status == Status::Fail && ["dns", "tcp"].contains(&name)
        || check.fault == Some(Fault::B4)
    {
        check = check.with_fault(Fault::E4).fix(
            "no matter of credentials: this network must resolve and reach the name, or the brokers' owner must advertise one that it can (`advertised.listeners`)",
        );
    }
    check.message = format!("node {node}, as the brokers name it: {}", check.message);
    check
}
