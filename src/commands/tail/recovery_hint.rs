//! The commands that recover from a gap, with the settings of this run.

use std::path::Path;

use crate::cli;
use crate::settings::is_secret_property;
use crate::util::shell;

/// More positions make the command line unreadable.
const MAX_POSITIONS: usize = 32;

/// Builds the commands that recover this run from a gap.
#[derive(Debug, Clone, Default)]
pub(in crate::commands) struct RecoveryHint {
    /// The settings as typed.
    settings: Vec<String>,
    /// Whether a setting is missing, because its value is a secret.
    has_secret: bool,
    /// Whether the run reads a topic, and can resume itself.
    reads_topic: bool,
}

impl RecoveryHint {
    /// For a run with these settings.
    pub(in crate::commands) fn new(typed: &cli::Connection) -> RecoveryHint {
        let mut recovery = RecoveryHint {
            reads_topic: true,
            ..RecoveryHint::default()
        };
        let text = |text: &Option<String>| text.clone();
        let path = |path: &Option<std::path::PathBuf>| path.as_deref().map(shown);
        for (flag, value) in [
            ("--brokers", text(&typed.brokers)),
            ("--topic", text(&typed.topic)),
            ("--cluster-cert", path(&typed.cluster_cert)),
            (
                "--cluster-cert-password-file",
                path(&typed.cluster_cert_password_file),
            ),
            ("--user-cert", path(&typed.user_cert)),
            (
                "--user-cert-password-file",
                path(&typed.user_cert_password_file),
            ),
            ("--properties", path(&typed.properties)),
            ("--env-file", path(&typed.env_file)),
        ] {
            let words = value.into_iter().flat_map(|value| [flag.to_owned(), value]);
            recovery.settings.extend(words);
        }
        for property in &typed.extra {
            recovery.add_property(property);
        }
        recovery
    }

    fn add_property(&mut self, property: &str) {
        let name = property.split('=').next().unwrap_or_default();
        if name.trim().starts_with("to.") {
            // Of the target of a relay.
            return;
        }
        if is_secret_property(name.trim()) {
            self.has_secret = true;
        } else {
            self.settings.extend(["-X".to_owned(), property.to_owned()]);
        }
    }

    /// The `requery` command, at or after a transaction if one is known. It looks for further gaps from the positions on;
    /// without positions, or with too many to type, in the newest records only.
    pub(in crate::commands) fn requery(
        &self,
        txn_id: Option<u64>,
        positions: &[(i32, i64)],
    ) -> String {
        let mut words = vec!["requery".to_owned()];
        if let Some(txn_id) = txn_id {
            words.extend(["--txn-id".to_owned(), txn_id.to_string()]);
        }
        if (1..=MAX_POSITIONS).contains(&positions.len()) {
            let pairs = positions
                .iter()
                .map(|(partition, next)| format!("{partition}:{next}"));
            let pairs: Vec<String> = pairs.collect();
            words.extend(["--from".to_owned(), pairs.join(",")]);
        }
        words.extend(["--output".to_owned(), folder(txn_id)]);
        words.extend(self.settings.iter().cloned());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let line = shell::command_line(&words);
        if self.has_secret {
            return format!("{line} (and the -X with the secret)");
        }
        line
    }

    /// The command that resumes after the requery.
    pub(in crate::commands) fn resume(&self, txn_id: Option<u64>) -> String {
        let folder = folder(txn_id);
        if self.reads_topic {
            return format!("this command again, with --from {folder}");
        }
        shell::command_line(&["tail", "--from", &folder])
    }
}

/// A folder name of its own for each gap.
fn folder(txn_id: Option<u64>) -> String {
    txn_id.map_or_else(|| "requery".to_owned(), |txn| format!("requery-{txn}"))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_repeated_as_typed_and_secrets_are_not() {
        let typed = cli::Connection {
            brokers: Some("host:443".into()),
            cluster_cert: Some("my files/cluster.p12".into()),
            extra: vec![
                "client.rack=it's".into(),
                "ssl.key.password=hunter2".into(),
                "SASL.password = hunter2".into(),
            ],
            ..cli::Connection::default()
        };
        assert_eq!(
            RecoveryHint::new(&typed).requery(Some(45), &[(0, 3), (2, 0)]),
            r"ditto-cdc requery --txn-id 45 --from 0:3,2:0 --output requery-45 --brokers host:443 --cluster-cert 'my files/cluster.p12' -X 'client.rack=it'\''s' (and the -X with the secret)"
        );
        assert_eq!(
            RecoveryHint::default().requery(None, &[]),
            "ditto-cdc requery --output requery"
        );
    }
}
