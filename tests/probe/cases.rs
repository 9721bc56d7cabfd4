//! A case of the catalogue: what is built, which number is to be found, which words are to be said.
//! The client library must come to the same verdict as the probe; the cases themselves stand in other files.

use std::thread;

use ditto_cdc::tls::{Keystore, Truststore};
use ditto_cdc::util::secret::Secret;
use ditto_cdc::verify::check::broker::{LocalContext, checks};
use ditto_cdc::verify::check::{Check, Fault, Status};
use ditto_cdc::verify::probe::Report;

use serde_json::Value;

use crate::client::Client;

/// What somebody meets.
pub struct Case {
    name: String,
    client: Client,
    expected: Expected,
}

enum Expected {
    Connects,
    /// Check, number, words of message, advice and raw line.
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

    /// An empty number stands for a failure that has none.
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

/// All at once: most of them wait.
pub fn examine(cases: &[Case]) {
    let wrong: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = cases
            .iter()
            .map(|case| scope.spawn(|| objection(case)))
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

fn objection(case: &Case) -> Option<String> {
    let reports = case.client.probe();
    let found = checks(&reports, &local_context(&case.client));
    let probed = reports.iter().any(Report::works);
    let connects = case.client.connects();
    let told: Vec<String> = found.iter().map(|check| format!("  {check:?}")).collect();
    let says = |what: &str| Some(format!("{}: {what}\n{}", case.name, told.join("\n")));
    if probed != connects {
        return says(&format!(
            "the library connects: {connects}, the probe: {probed}\n{reports:?}"
        ));
    }
    match &case.expected {
        Expected::Connects if !connects => says("it should connect"),
        Expected::Connects
            if found
                .iter()
                .any(|check| ![Status::Pass, Status::Skip].contains(&check.status)) =>
        {
            says("a healthy broker was found fault with")
        }
        Expected::Connects => None,
        Expected::Fails(name, id, words) => {
            if connects {
                return says("it should not connect");
            }
            let number = |check: &Check| check.fault.map_or("", Fault::id);
            let mut fitting = found
                .iter()
                .filter(|check| check.name == *name && check.is_failed() && number(check) == *id);
            let Some(check) = fitting.next() else {
                return says(&format!("no {id} in {name}\n{reports:?}"));
            };
            let raw = check.raw.as_deref().unwrap_or_default();
            let fix = check.fix.as_deref().unwrap_or_default();
            let all = format!("{} {fix} {raw}", check.message);
            if let Some(word) = words.iter().find(|word| !all.contains(*word)) {
                return says(&format!("`{word}` is not said"));
            }
            let output = case.client.verify();
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            let told = report["checks"].as_array().unwrap().iter().any(|told| {
                told["check"] == *name
                    && told["status"] == "fail"
                    && told["fault"].as_str().unwrap_or_default() == *id
            });
            let said = || format!("the program says otherwise: {report:#}\n{}", output.stderr);
            (!told || output.status != Some(3))
                .then(|| says(&said()))
                .flatten()
        }
    }
}

/// What the files say, as the command would read it.
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
