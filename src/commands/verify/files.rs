//! Checks of the two certificate files, each alone and both together.

use std::path::Path;

use super::run::VerifyRun;
use crate::commands::connect;
use crate::settings::{Protocol, Settings};
use crate::tls::{self, FileFault, Keystore, Role, StoreFile, Truststore};
use crate::verify::check::{Check, files};

/// The opened certificate files.
pub(super) struct CertificateFiles {
    pub truststore: Option<Truststore>,
    pub keystore: Option<Keystore>,
    /// Whether a configured file cannot be used.
    pub has_faults: bool,
}

impl VerifyRun<'_, '_> {
    /// Reads and checks both files, and compares the clock with their dates.
    pub(super) fn files(&mut self, settings: &Settings, protocol: Protocol) -> CertificateFiles {
        let now = self.now();
        let (cluster, user) = connect::store_files(settings.stores(protocol));
        let faults = match tls::load(cluster.as_ref(), user.as_ref()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults,
        };
        let fault_of = |role: Role| faults.iter().find(|fault| fault.role == role);
        let load_one = |cluster, user| tls::load(cluster, user).ok();
        let truststore = cluster
            .as_ref()
            .filter(|_| fault_of(Role::Cluster).is_none());
        let truststore = truststore.and_then(|file| load_one(Some(file), None)?.truststore);
        let keystore = user.as_ref().filter(|_| fault_of(Role::User).is_none());
        let keystore = keystore.and_then(|file| load_one(None, Some(file))?.keystore);

        self.add(file_check(
            files::CLUSTER_CHECK,
            cluster.as_ref(),
            fault_of(Role::Cluster),
            protocol,
            |file| Some(files::cluster(file, truststore.as_ref()?, now)),
        ));
        self.add(file_check(
            files::USER_CHECK,
            user.as_ref(),
            fault_of(Role::User),
            protocol,
            |file| Some(files::user(file, keystore.as_ref()?, now)),
        ));
        let key = user.as_ref().filter(|_| keystore.is_some());
        if let Some(file) = key.filter(|file| world_readable(&file.path)) {
            self.add(files::world_readable(&file.path.display().to_string()));
        }
        if cluster.is_some() && user.is_some() {
            self.add(swap_check(
                &faults,
                truststore.is_some() && keystore.is_some(),
            ));
        }
        let files = CertificateFiles {
            truststore,
            keystore,
            has_faults: !faults.is_empty(),
        };
        self.add(clock(&files, now));
        files
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
        return files::from_fault(fault);
    }
    let Some(file) = file else {
        let why = if protocol.is_tls() {
            "no file is set"
        } else {
            "the protocol does not need it"
        };
        return Check::skip(name, why);
    };
    let judged = judge(&file.path.display().to_string());
    judged.unwrap_or_else(|| Check::skip(name, "the two files look swapped"))
}

/// Checks that the two files are not swapped.
fn swap_check(faults: &[FileFault], both: bool) -> Check {
    const NAME: &str = "certificate-files";
    if both {
        Check::pass(NAME, "both files are correct, and they are not swapped")
    } else if faults.iter().any(|fault| fault.id == "A9") {
        Check::skip(NAME, "the files look swapped, see above")
    } else {
        Check::skip(NAME, "only possible if both files can be read")
    }
}

fn clock(files: &CertificateFiles, now: i64) -> Check {
    let anchors = files.truststore.iter().flat_map(Truststore::anchors);
    let mut starts: Vec<i64> = anchors.clone().filter_map(|one| one.not_before).collect();
    let mut ends: Vec<i64> = anchors.filter_map(|one| one.not_after).collect();
    if let Some(keystore) = &files.keystore {
        starts.extend(keystore.not_before());
        ends.extend(keystore.not_after());
    }
    files::clock(now, &starts, &ends)
}

#[cfg(unix)]
fn world_readable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let read_by_others = |file: std::fs::Metadata| file.permissions().mode() & 0o004 != 0;
    std::fs::metadata(path).is_ok_and(read_by_others)
}

#[cfg(not(unix))]
fn world_readable(_: &Path) -> bool {
    false
}
