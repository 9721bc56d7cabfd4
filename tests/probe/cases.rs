//! Test cases: a client, and the expected check, fault and message. The client library must agree with the probe.

use std::thread;

use ditto_cdc::probe::Report;
use ditto_cdc::tls::{Keystore, Truststore};
use ditto_cdc::util::secret::Secret;
use ditto_cdc::verify::check::broker::{LocalContext, checks};
use ditto_cdc::verify::check::{Check, Fault, Status};

use serde_json::Value;

use crate::client::Client;

/// A client and the expected result.
pub struct Case {
    name: String,
    client: Client,
    expected: Expected,
}

enum Expected {
    Connects,
    /// The check's name, the fault's id, and parts of the message, the fix or the raw error.
    Fails(&'static str, &'static str, Vec<String>),
}

impl Case {
    pub fn fine(name: &str, client: Client) -> Case {
        Case {
            name: name.to_owned(),
            client,
            expected: Expected::Connects,
        }
    }

    /// An empty id means a failure without a fault id.
    pub fn fault(
        name: &str,
        client: Client,
        check: &'static str,
        id: &'static str,
        words: &[&str],
    ) -> Case {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Case {
            name: name.to_owned(),
            client,
            expected: Expected::Fails(check, id, words),
        }
    }
}

/// Runs all cases in parallel, because most of their time is waiting.
pub fn run_cases(cases: &[Case]) {
    let wrong: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = cases
            .iter()
            .map(|case| scope.spawn(|| failure_of(case)))
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

fn failure_of(case: &Case) -> Option<String> {
    let reports = case.client.probe();
    let found = checks(&reports, &local_context(&case.client));
    let probed = reports.iter().any(Report::works);
    let connects = case.client.connects();
    let listed: Vec<String> = found.iter().map(|check| format!("  {check:?}")).collect();
    let failure = |what: &str| Some(format!("{}: {what}\n{}", case.name, listed.join("\n")));
    if probed != connects {
        return failure(&format!(
            "the library connects: {connects}, the probe: {probed}\n{reports:?}"
        ));
    }
    match &case.expected {
        Expected::Connects if !connects => failure("it should connect"),
        Expected::Connects
            if found
                .iter()
                .any(|check| ![Status::Pass, Status::Skip].contains(&check.status)) =>
        {
            failure("a healthy broker has a fault")
        }
        Expected::Connects => None,
        Expected::Fails(name, id, words) => {
            if connects {
                return failure("it should not connect");
            }
            let id_of = |check: &Check| check.fault.map_or("", Fault::id);
            let mut matching = found
                .iter()
                .filter(|check| check.name == *name && check.is_failed() && id_of(check) == *id);
            let Some(check) = matching.next() else {
                return failure(&format!("no {id} in {name}\n{reports:?}"));
            };
            let raw = check.raw.as_deref().unwrap_or_default();
            let fix = check.fix.as_deref().unwrap_or_default();
            let all = format!("{} {fix} {raw}", check.message);
            if let Some(word) = words.iter().find(|word| !all.contains(*word)) {
                return failure(&format!("`{word}` is not in the message"));
            }
            let output = case.client.verify();
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            let reported = report["checks"].as_array().unwrap().iter().any(|check| {
                check["check"] == *name
                    && check["status"] == "fail"
                    && check["fault"].as_str().unwrap_or_default() == *id
            });
            let message = || format!("`verify` reports otherwise: {report:#}\n{}", output.stderr);
            (!reported || output.status != Some(3))
                .then(|| failure(&message()))
                .flatten()
        }
    }
}

/// The contents of the certificate files, as `verify` reads them.
pub fn local_context(client: &Client) -> LocalContext {
    let store = Truststore::from_bytes(client.trusted.as_bytes(), None).unwrap();
    let user = client.user.as_ref().map(|user| {
        let pem = user.pem() + &user.key_pem();
        Keystore::from_bytes(pem.as_bytes(), Some(&Secret::new(String::new()))).unwrap()
    });
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    LocalContext {
        cluster_file: "cluster.p12".to_owned(),
        user_file: "user.p12".to_owned(),
        ..LocalContext::new(now, Some(&store), user.as_ref())
    }
}
