//! The two certificate files: read once, each judged by itself and both together.
//! What is said about them stands in `check::files`.

use std::path::Path;

use super::Run;
use crate::commands::connect;
use crate::settings::{Protocol, Settings};
use crate::tls::{self, FileFault, Keystore, Role, StoreFile, Truststore};
use crate::verify::check::{Check, files};

/// What the files gave, and whether one of them cannot be used.
pub(super) struct Opened {
    pub truststore: Option<Truststore>,
    pub keystore: Option<Keystore>,
    /// One of the files that are set could not be used.
    pub broken: bool,
}

impl Run<'_, '_> {
    /// Reads and judges both files, and the clock by their dates.
    pub(super) fn files(&mut self, settings: &Settings, protocol: Protocol) -> Opened {
        let now = self.now();
        let (cluster, user) = connect::files(settings.stores(protocol));
        let faults = match tls::load(cluster.as_ref(), user.as_ref()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults,
        };
        let about = |role: Role| faults.iter().find(|fault| fault.role == role);
        let alone = |cluster, user| tls::load(cluster, user).ok();
        let truststore = cluster.as_ref().filter(|_| about(Role::Cluster).is_none());
        let truststore = truststore.and_then(|file| alone(Some(file), None)?.truststore);
        let keystore = user.as_ref().filter(|_| about(Role::User).is_none());
        let keystore = keystore.and_then(|file| alone(None, Some(file))?.keystore);

        self.add(file_check(
            files::CLUSTER,
            cluster.as_ref(),
            about(Role::Cluster),
            protocol,
            |file| Some(files::cluster(file, truststore.as_ref()?, now)),
        ));
        self.add(file_check(
            files::USER,
            user.as_ref(),
            about(Role::User),
            protocol,
            |file| Some(files::user(file, keystore.as_ref()?, now)),
        ));
        let key = user.as_ref().filter(|_| keystore.is_some());
        if let Some(file) = key.filter(|file| open_to_all(&file.path)) {
            self.add(files::open_to_all(&file.path.display().to_string()));
        }
        if cluster.is_some() && user.is_some() {
            self.add(in_place(
                &faults,
                truststore.is_some() && keystore.is_some(),
            ));
        }
        let opened = Opened {
            truststore,
            keystore,
            broken: !faults.is_empty(),
        };
        self.add(clock(&opened, now));
        opened
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.context.env.now.timestamp().as_second()
    }
}

fn file_check(
    name: &'static str,
    file: Option<&StoreFile>,
    fault: Option<&FileFault>,
    protocol: Protocol,
    judge: impl Fn(&str) -> Option<Check>,
) -> Check {
    if let Some(fault) = fault {
        return files::faulty(fault);
    }
    let Some(file) = file else {
        let why = if protocol.is_tls() {
            "no file is set"
        } else {
            "the protocol needs none"
        };
        return Check::skip(name, why);
    };
    let judged = judge(&file.path.display().to_string());
    judged.unwrap_or_else(|| Check::skip(name, "the two files look exchanged"))
}

/// Both files are what they are meant to be.
fn in_place(faults: &[FileFault], both: bool) -> Check {
    const NAME: &str = "certificate-files";
    if both {
        Check::pass(
            NAME,
            "each is what it is meant to be; they are not exchanged",
        )
    } else if faults.iter().any(|fault| fault.id == "A9") {
        Check::skip(NAME, "a file that is not in its place was named above")
    } else {
        Check::skip(NAME, "not both files could be read")
    }
}

fn clock(opened: &Opened, now: i64) -> Check {
    let anchors = opened.truststore.iter().flat_map(Truststore::anchors);
    let mut starts: Vec<i64> = anchors.clone().filter_map(|one| one.not_before).collect();
    let mut ends: Vec<i64> = anchors.filter_map(|one| one.not_after).collect();
    if let Some(keystore) = &opened.keystore {
        starts.extend(keystore.not_before());
        ends.extend(keystore.not_after());
    }
    files::clock(now, &starts, &ends)
}

#[cfg(unix)]
fn open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let read_by_others = |file: std::fs::Metadata| file.permissions().mode() & 0o004 != 0;
    std::fs::metadata(path).is_ok_and(read_by_others)
}

#[cfg(not(unix))]
fn open_to_all(_: &Path) -> bool {
    false
}
