//! What the two certificate files mean for a connection: faults, dates, use, who may read the key.
//! Reading the files is left to `tls`; the time and the file's mode are arguments.

use super::{Check, Fault};
use crate::tls::{FileFault, Keystore, Role, Truststore};

/// The names of the checks, as scripts know them.
pub const CLUSTER: &str = "cluster-certificate";
/// The user certificate's.
pub const USER: &str = "user-certificate";

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// Whoever renews certificates needs some time for it.
const SOON_DAYS: i64 = 30;

/// A file that cannot be used.
#[must_use]
pub fn faulty(fault: &FileFault) -> Check {
    let name = match fault.role {
        Role::Cluster => CLUSTER,
        Role::User => USER,
    };
    let check = match Fault::from_id(fault.id) {
        Some(number) => Check::fail(name, number, &fault.what),
        None => Check::fail_unnumbered(name, &fault.what),
    };
    let check = check
        .fix(&fault.fix)
        .detail("file", fault.file.display().to_string());
    match &fault.raw {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

/// Whom the cluster certificate trusts, at this time in seconds since 1970.
#[must_use]
pub fn cluster(file: &str, store: &Truststore, now: i64) -> Check {
    let anchors = store.anchors();
    let names: Vec<&str> = anchors.iter().map(|one| one.subject.as_str()).collect();
    let ends = anchors.iter().filter_map(|one| one.not_after);
    let last = ends.max();
    let base = |check: Check| {
        let check = check.detail("file", file).detail("trusts", names.clone());
        match last {
            Some(last) => check.detail("notAfter", moment(last)),
            None => check,
        }
    };
    let trusts = format!("trusts {}", names.join(" and "));
    base(match last.map(|last| (last, days_until(last, now))) {
        Some((last, _)) if last < now => Check::warn(
            CLUSTER,
            format!("{trusts}, which expired {}", when(last, now)),
        )
        .fix("download the cluster certificate again from the portal"),
        Some((last, days)) if days < SOON_DAYS => Check::warn(
            CLUSTER,
            format!("{trusts}, which expires {}", when(last, now)),
        )
        .fix("download the cluster certificate again once the cluster's CA is renewed"),
        Some((last, _)) => Check::pass(CLUSTER, format!("{trusts}, until {}", date(last))),
        None => Check::pass(CLUSTER, trusts),
    })
}

/// Who the user certificate says we are, at this time in seconds since 1970.
#[must_use]
pub fn user(file: &str, store: &Keystore, now: i64) -> Check {
    let principal = store.principal();
    let (from, to) = (store.not_before(), store.not_after());
    let check = match (from, to) {
        (Some(from), _) if from > now => not_yet(&principal, from, now),
        (_, Some(to)) if to < now => expired(&principal, to, now),
        _ if !store.may_be_a_clients() => useless(&principal),
        (_, Some(to)) if days_until(to, now) < SOON_DAYS => Check::warn(
            USER,
            format!("is {principal} and expires {}", when(to, now)),
        )
        .with_fault(Fault::A11)
        .fix("download a new user certificate from the portal in time"),
        (_, Some(to)) => Check::pass(USER, format!("is {principal}, valid until {}", date(to))),
        _ => Check::pass(USER, format!("is {principal}")),
    };
    let mut check = check
        .detail("file", file)
        .detail("principal", principal)
        .detail("issuer", store.wanted_issuer());
    for (name, time) in [("notBefore", from), ("notAfter", to)] {
        if let Some(time) = time {
            check = check.detail(name, moment(time));
        }
    }
    check
}

fn not_yet(principal: &str, from: i64, now: i64) -> Check {
    let what = format!(
        "is {principal} and not valid before {}; this machine's clock says {}",
        moment(from),
        moment(now)
    );
    let fix = "set the clock; if it is right, wait or download a new user certificate";
    Check::fail(USER, Fault::A11, what).fix(fix)
}

fn expired(principal: &str, to: i64, now: i64) -> Check {
    let what = format!("is {principal} and expired {}", when(to, now));
    let fix = "download a new user certificate from the portal";
    Check::fail(USER, Fault::A11, what).fix(fix)
}

fn useless(principal: &str) -> Check {
    let what = format!(
        "is {principal} and not meant for clients: no clientAuth in its extended key usage"
    );
    let fix = "download the user certificate again, or have it issued with clientAuth";
    Check::fail(USER, Fault::A12, what).fix(fix)
}

/// The key of this file can be read by everybody on this machine.
#[must_use]
pub fn open_to_all(file: &str) -> Check {
    let what = format!("every user of this machine may read {file}, which holds the private key");
    Check::warn("key-file", what)
        .fix(format!("chmod 600 {file}"))
        .detail("file", file)
}

/// The clock against the dates of the certificates, the only times that files can tell.
#[must_use]
pub fn clock(now: i64, starts: &[i64], ends: &[i64]) -> Check {
    let check = match (starts.iter().max(), ends.iter().min()) {
        (Some(latest), _) if *latest > now => Check::warn(
            "clock",
            format!(
                "it is {} here, before a certificate of yours was made ({})",
                moment(now),
                moment(*latest)
            ),
        )
        .fix("set this machine's clock"),
        (None, None) => Check::skip(
            "clock",
            "nothing tells the time: no certificate could be read",
        ),
        _ => Check::pass(
            "clock",
            format!(
                "{}, compared only with the dates of your certificates: Kafka tells nobody the time",
                moment(now)
            ),
        ),
    };
    check.detail("now", moment(now))
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

/// A day in UTC.
fn date(seconds: i64) -> String {
    let time = moment(seconds);
    time.split_once('T')
        .map_or(time.clone(), |(day, _)| day.to_owned())
}

/// Seconds since 1970 as RFC 3339, in UTC.
#[must_use]
pub fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| format!("{seconds} s since 1970"),
        |time| time.to_string(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tls::testbed::ca::{Issued, Order};
    use crate::verify::check::Status;
    use crate::verify::check::Status::{Fail, Pass, Warn};

    const NOW: i64 = 1_770_000_000;

    fn store(days: std::ops::Range<i64>) -> (Keystore, Truststore) {
        let order = Order {
            user_days: days,
            ..Order::default()
        };
        let issued = Issued::new(&order).unwrap();
        let user = Keystore::from_bytes(&issued.user_p12, Some(&issued.user_password));
        let cluster = Truststore::from_bytes(&issued.cluster_p12, Some(&issued.cluster_password));
        (user.unwrap(), cluster.unwrap())
    }

    #[test]
    fn dates_of_the_user_certificate_are_judged() {
        let (user, _) = store(0..100);
        let start = user.not_before().unwrap();
        let check = |days: i64, status: Status, fault, words: &str| {
            let found = super::user("user.p12", &user, start + days * DAY_SECONDS + 60);
            assert_eq!((found.status, found.fault), (status, fault), "{found:?}");
            assert!(found.message.contains(words), "{}", found.message);
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
        let check = |days: i64, status, words: &str| {
            let found = super::cluster("cluster.p12", &cluster, end - days * DAY_SECONDS);
            assert_eq!(found.status, status, "{found:?}");
            assert!(found.message.contains(words), "{}", found.message);
        };
        check(100, Pass, "until 20");
        check(12, Warn, "in 12 days");
        check(-1, Warn, "one day ago");
    }

    #[test]
    fn the_clock_is_compared_with_what_there_is() {
        for (starts, ends, status, words) in [
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
                "before a certificate of yours was made",
            ),
            (vec![], vec![], Status::Skip, "no certificate"),
        ] {
            let found = clock(NOW, &starts, &ends);
            assert_eq!(found.status, status);
            assert!(found.message.contains(words), "{}", found.message);
        }
    }
}
