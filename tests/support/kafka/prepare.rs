//! Apache Kafka and its certificates, in `target`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::super::prepared::{Recipe, is_skipped_without, prepared, programs_are_there};

const RECIPE: Recipe = Recipe {
    name: "kafka-rig",
    files: &[
        include_str!("../../kafka-rig/pom.xml"),
        include_str!("../../kafka-rig/prepare.sh"),
    ],
};

/// The prepared folder (`lib`, `certs`, `storage`), or `None` if Java or Maven is missing.
pub fn kafka() -> Option<PathBuf> {
    static PREPARED: OnceLock<Option<PathBuf>> = OnceLock::new();
    PREPARED
        .get_or_init(|| {
            let is_skipped = is_skipped_without("Java 17 and Maven", tools_are_there());
            (!is_skipped).then(|| prepared(&RECIPE))
        })
        .clone()
}

fn tools_are_there() -> bool {
    programs_are_there(&["sh", "mvn", "keytool", "openssl"]) && java_version() >= Some(17)
}

/// The first number in `openjdk version "17.0.15"`.
fn java_version() -> Option<u32> {
    let text = Command::new("java").arg("-version").output().ok()?.stderr;
    let text = String::from_utf8_lossy(&text);
    let version = text.split('"').nth(1)?;
    version.split('.').next()?.parse().ok()
}
