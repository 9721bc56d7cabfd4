//! Checks of the two certificate files, each alone and both together.

use std::path::Path;

use super::run::VerifyRun;
use crate::commands::stores::{Stores, choose_key};
use crate::settings::{Protocol, Settings};
use crate::tls::{self, FileFault, Keystore, Material, Role, StoreFile, Truststore};
use crate::util::time::now_seconds;
use crate::verify::check::{Check, files};

/// The opened certificate files.
pub(super) struct CertificateFiles {
    pub truststore: Option<Truststore>,
    pub keystore: Option<Keystore>,
    /// Whether a configured file cannot be used.
    pub has_faults: bool,
    /// How messages name the cluster certificate; empty if none is configured.
    pub cluster_name: String,
    /// How messages name the user certificate; empty if none is configured.
    pub user_name: String,
    /// The properties for the Kafka library, without those that became a store.
    pub properties: Vec<(String, String)>,
}

impl VerifyRun<'_, '_> {
    /// Reads and checks both files, and compares the clock with their dates.
    pub(super) fn files(&mut self, settings: &Settings, protocol: Protocol) -> CertificateFiles {
        let now = now_seconds();
        let stores = Stores::new(settings.stores(protocol), &settings.extra);
        let (truststore, keystore) = tls::load_each(stores.cluster.as_ref(), stores.user.as_ref());
        let faults: Vec<FileFault> = [truststore.as_ref().err(), keystore.as_ref().err()]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let mut material = Material {
            truststore: truststore.ok().flatten(),
            keystore: keystore.ok().flatten(),
        };
        let brokers = settings
            .brokers
            .as_ref()
            .map(|brokers| brokers.value.as_str());
        let choice = choose_key(&mut material, brokers, &stores.properties, now);
        let fault_of = |role: Role| faults.iter().find(|fault| fault.role == role);
        self.add(file_check(
            files::CLUSTER_CHECK,
            stores.cluster.as_ref(),
            fault_of(Role::Cluster),
            protocol,
            |file| Some(files::cluster(file, material.truststore.as_ref()?, now)),
        ));
        self.add(file_check(
            files::USER_CHECK,
            stores.user.as_ref(),
            fault_of(Role::User),
            protocol,
            |file| Some(files::user(file, material.keystore.as_ref()?, now)),
        ));
        let name_of = |store: Option<&StoreFile>| {
            store.map_or_else(String::new, |store| store.source.to_string())
        };
        let user_name = name_of(stores.user.as_ref());
        self.add_all(choice.map(|choice| files::key_choice(&user_name, &choice)));
        let with_key = stores.user.as_ref().filter(|_| material.keystore.is_some());
        let key_file = with_key.and_then(|store| store.source.file());
        if let Some(file) = key_file.filter(|file| world_readable(file)) {
            self.add(files::world_readable(&file.display().to_string()));
        }
        if stores.cluster.is_some() && stores.user.is_some() {
            let both = material.truststore.is_some() && material.keystore.is_some();
            self.add(swap_check(&faults, both));
        }
        let files = CertificateFiles {
            truststore: material.truststore,
            keystore: material.keystore,
            has_faults: !faults.is_empty(),
            cluster_name: name_of(stores.cluster.as_ref()),
            user_name,
            properties: stores.properties,
        };
        self.add(clock(&files, now));
        files
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
    let judged = judge(&file.source.to_string());
    judged.unwrap_or_else(|| {
        Check::skip(
            name,
            "the two files look swapped or are the same, see the other one",
        )
    })
}

/// Checks that the two files are not swapped.
fn swap_check(faults: &[FileFault], both: bool) -> Check {
    const NAME: &str = "certificate-files";
    if both {
        Check::pass(NAME, "both files are correct, and they are not swapped")
    } else if faults.iter().any(|fault| fault.id == "A9") {
        Check::skip(NAME, "the files look swapped or are the same, see above")
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
