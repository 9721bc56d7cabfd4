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
