//! Checks of the two certificate files: faults, validity dates, key usage, file permissions, clock.

use super::{Check, Fault};
use crate::tls::{FileFault, KeyChoice, Keystore, Role, Truststore};
use crate::util::time::{DAY_SECONDS, format_rfc3339};

/// Name of the check of the cluster certificate.
pub const CLUSTER_CHECK: &str = "cluster-certificate";
/// Name of the check of the user certificate.
pub const USER_CHECK: &str = "user-certificate";
/// Name of the check of a user certificate with several keys.
pub const KEY_CHECK: &str = "user-key";

/// A certificate that expires within this many days gives a warning.
const EXPIRY_WARNING_DAYS: i64 = 30;

/// The failed check of a file that cannot be used.
#[must_use]
pub fn from_fault(fault: &FileFault) -> Check {
    let name = match fault.role {
        Role::Cluster => CLUSTER_CHECK,
        Role::User => USER_CHECK,
    };
    let check = match Fault::from_id(fault.id) {
        Some(number) => Check::fail(name, number, &fault.what),
        None => Check::fail_unnumbered(name, &fault.what),
    };
    let check = check.fix(&fault.fix).detail("file", fault.file.clone());
    match &fault.raw {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

/// Checks the dates of the cluster certificate; `now` is in seconds since 1970.
#[must_use]
pub fn cluster(file: &str, store: &Truststore, now: i64) -> Check {
    let anchors = store.anchors();
    let names: Vec<&str> = anchors.iter().map(|one| one.subject.as_str()).collect();
    let ends = anchors.iter().filter_map(|one| one.not_after);
    let last = ends.max();
    let with_details = |check: Check| {
        let check = check.detail("file", file).detail("trusts", names.clone());
        match last {
            Some(last) => check.detail("notAfter", format_rfc3339(last)),
            None => check,
        }
    };
    let trusts = format!("trusts {}", names.join(" and "));
    with_details(match last.map(|last| (last, days_until(last, now))) {
        Some((last, _)) if last < now => Check::warn(
            CLUSTER_CHECK,
            format!("{trusts}, which expired {}", when(last, now)),
        )
        .fix("download the cluster certificate again from the portal"),
        Some((last, days)) if days < EXPIRY_WARNING_DAYS => Check::warn(
            CLUSTER_CHECK,
            format!("{trusts}, which expires {}", when(last, now)),
        )
        .fix("download the cluster certificate again once the cluster's CA is renewed"),
        _ if store.is_chain_of_key() => Check::warn(
            CLUSTER_CHECK,
            format!("{trusts}, only the issuer of the user certificate in the same file"),
        )
        .fix("if the broker's certificate is rejected (C1), give the cluster certificate instead"),
        Some((last, _)) => Check::pass(CLUSTER_CHECK, format!("{trusts}, until {}", date(last))),
        None => Check::pass(CLUSTER_CHECK, trusts),
    })
}

/// Checks the dates and key usage of the user certificate; `now` is in seconds since 1970.
#[must_use]
pub fn user(file: &str, store: &Keystore, now: i64) -> Check {
    let principal = store.principal();
    let (from, to) = (store.not_before(), store.not_after());
    let check = match (from, to) {
        (Some(from), _) if from > now => not_yet(&principal, from, now),
        (_, Some(to)) if to < now => expired(&principal, to, now),
        _ if !store.allows_client_auth() => not_for_clients(&principal),
        (_, Some(to)) if days_until(to, now) < EXPIRY_WARNING_DAYS => Check::warn(
            USER_CHECK,
            format!("is {principal} and expires {}", when(to, now)),
        )
        .with_fault(Fault::A11)
        .fix("download a new user certificate from the portal before then"),
        (_, Some(to)) => Check::pass(
            USER_CHECK,
            format!("is {principal}, valid until {}", date(to)),
        ),
        _ => Check::pass(USER_CHECK, format!("is {principal}")),
    };
    let mut check = check
        .detail("file", file)
        .detail("principal", principal)
        .detail("issuer", store.required_issuer());
    for (name, time) in [("notBefore", from), ("notAfter", to)] {
        if let Some(time) = time {
            check = check.detail(name, format_rfc3339(time));
        }
    }
    check
}

fn not_yet(principal: &str, from: i64, now: i64) -> Check {
    let what = format!(
        "is {principal} and is not valid before {}; this machine's clock shows {}",
        format_rfc3339(from),
        format_rfc3339(now)
    );
    let fix = "set this machine's clock; if it is right, wait or download a new user certificate";
    Check::fail(USER_CHECK, Fault::A11, what).fix(fix)
}

fn expired(principal: &str, to: i64, now: i64) -> Check {
    let what = format!("is {principal} and expired {}", when(to, now));
    let fix = "download a new user certificate from the portal";
    Check::fail(USER_CHECK, Fault::A11, what).fix(fix)
}

fn not_for_clients(principal: &str) -> Check {
    let what = format!(
        "is {principal} and is not allowed for clients: no clientAuth in its extended key usage"
    );
    let fix = "download the user certificate again, or ask the issuer for one with clientAuth";
    Check::fail(USER_CHECK, Fault::A12, what).fix(fix)
}

/// Which key of a store with several ones is used. Without the brokers' list of CAs, another one may be right.
#[must_use]
pub fn key_choice(file: &str, choice: &KeyChoice) -> Check {
    let what = format!("{file} {choice}");
    let check = if choice.is_certain() {
        Check::pass(KEY_CHECK, what)
    } else {
        Check::warn(KEY_CHECK, what).fix(choice.fix())
    };
    check
        .detail("file", file)
        .detail("notUsed", choice.others().to_vec())
}

/// The warning that all users of this machine can read the private key in `file`.
#[must_use]
pub fn world_readable(file: &str) -> Check {
    let what =
        format!("every user of this machine can read {file}, which contains the private key");
    Check::warn("key-file", what)
        .fix(format!("chmod 600 {file}"))
        .detail("file", file)
}

/// Compares the clock with the validity dates of the certificates, because Kafka sends no time.
#[must_use]
pub fn clock(now: i64, starts: &[i64], ends: &[i64]) -> Check {
    let check = match (starts.iter().max(), ends.iter().min()) {
        (Some(latest), _) if *latest > now => Check::warn(
            "clock",
            format!(
                "this machine's clock shows {}, before one of your certificates becomes valid ({})",
                format_rfc3339(now),
                format_rfc3339(*latest)
            ),
        )
        .fix("set this machine's clock"),
        (None, None) => Check::skip(
            "clock",
            "no certificate could be read, so there is no date to compare with",
        ),
        _ => Check::pass(
            "clock",
            format!(
                "{}, compared only with the dates of your certificates (Kafka sends no time)",
                format_rfc3339(now)
            ),
        ),
    };
    check.detail("now", format_rfc3339(now))
}

/// `2026-01-31, in 12 days`.
fn when(time: i64, now: i64) -> String {
    let days = days_until(time, now);
    let days = match days {
        0 if time >= now => "in less than a day".to_owned(),
        0 => "less than a day ago".to_owned(),
        1 => "in one day".to_owned(),
        -1 => "one day ago".to_owned(),
        days if days > 0 => format!("in {days} days"),
        days => format!("{} days ago", -days),
    };
    format!("on {}, {days}", date(time))
}

/// Whole days, negative for the past.
fn days_until(time: i64, now: i64) -> i64 {
    (time - now) / DAY_SECONDS
}

/// The date in UTC.
fn date(seconds: i64) -> String {
    let time = format_rfc3339(seconds);
    time.split_once('T')
        .map_or(time.clone(), |(day, _)| day.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tls::testbed::ca::{CaOptions, TestCertificates};
    use crate::verify::check::Status;
    use crate::verify::check::Status::{Fail, Pass, Warn};

    const NOW: i64 = 1_770_000_000;

    fn store(days: std::ops::Range<i64>) -> (Keystore, Truststore) {
        let order = CaOptions {
            user_days: days,
            ..CaOptions::default()
        };
        let issued = TestCertificates::new(&order).unwrap();
        let user = Keystore::from_bytes(&issued.user_p12, Some(&issued.user_password));
        let cluster = Truststore::from_bytes(&issued.cluster_p12, Some(&issued.cluster_password));
        (user.unwrap(), cluster.unwrap())
    }

    #[test]
    fn dates_of_the_user_certificate_are_judged() {
        let (user, _) = store(0..100);
        let start = user.not_before().unwrap();
        let check = |days: i64, status: Status, fault, expected: &str| {
            let found = super::user("user.p12", &user, start + days * DAY_SECONDS + 60);
            assert_eq!((found.status, found.fault), (status, fault), "{found:?}");
            assert!(found.message.contains(expected), "{}", found.message);
        };
        check(0, Pass, None, "is CN=user, valid until 20");
        check(69, Pass, None, "valid until");
        check(71, Warn, Some(Fault::A11), "in 28 days");
        check(99, Warn, Some(Fault::A11), "in less than a day");
        check(100, Fail, Some(Fault::A11), "less than a day ago");
        check(112, Fail, Some(Fault::A11), "12 days ago");
        check(-3, Fail, Some(Fault::A11), "not valid before");
    }

    #[test]
    fn dates_of_the_cluster_certificate_only_warn() {
        let (_, cluster) = store(0..1);
        let end = cluster.anchors()[0].not_after.unwrap();
        let check = |days: i64, status, expected: &str| {
            let found = super::cluster("cluster.p12", &cluster, end - days * DAY_SECONDS);
            assert_eq!(found.status, status, "{found:?}");
            assert!(found.message.contains(expected), "{}", found.message);
        };
        check(100, Pass, "until 20");
        check(12, Warn, "in 12 days");
        check(-1, Warn, "one day ago");
    }

    #[test]
    fn the_clock_is_compared_with_what_there_is() {
        for (starts, ends, status, expected) in [
            (
                vec![NOW - 5],
                vec![NOW + 5],
                Pass,
                "compared only with the dates",
            ),
            (
                vec![NOW + 5, 0],
                vec![],
                Warn,
                "before one of your certificates becomes valid",
            ),
            (vec![], vec![], Status::Skip, "no certificate"),
        ] {
            let found = clock(NOW, &starts, &ends);
            assert_eq!(found.status, status);
            assert!(found.message.contains(expected), "{}", found.message);
        }
    }
}
