//! The commands that recover from a gap, as a person would type them with the settings of this run.
//! When they are said is decided in `follow` and `mod`.

use std::path::Path;

use crate::cli;
use crate::settings::is_secret_property;
use crate::util::shell;

/// More positions than that make a line that nobody can read.
const MOST_POSITIONS: usize = 32;

/// What a recovery of this run looks like.
#[derive(Debug, Clone, Default)]
pub(super) struct Recovery {
    /// The settings as they were typed.
    settings: Vec<String>,
    /// Whether a setting was left out, because its value is a secret.
    incomplete: bool,
    /// Whether the run reads a topic and can go on itself.
    live: bool,
}

impl Recovery {
    /// For a run with these settings.
    pub(super) fn new(typed: &cli::Connection) -> Recovery {
        let mut recovery = Recovery {
            live: true,
            ..Recovery::default()
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
        if is_secret_property(name.trim()) {
            self.incomplete = true;
        } else {
            self.settings.extend(["-X".to_owned(), property.to_owned()]);
        }
    }

    /// The command that queries everything again, at or after a transaction if one is known. From the positions on
    /// it looks for further gaps; where nobody knows them, or they are too many to be typed, at the newest records only.
    pub(super) fn requery(&self, txn_id: Option<u64>, positions: &[(i32, i64)]) -> String {
        let mut words = vec!["requery".to_owned()];
        if let Some(txn_id) = txn_id {
            words.extend(["--txn-id".to_owned(), txn_id.to_string()]);
        }
        if (1..=MOST_POSITIONS).contains(&positions.len()) {
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
        if self.incomplete {
            return format!("{line} (and the -X that holds a secret)");
        }
        line
    }

    /// What goes on afterwards.
    pub(super) fn resume(&self, txn_id: Option<u64>) -> String {
        let folder = folder(txn_id);
        if self.live {
            return format!("this command again, with --from {folder}");
        }
        shell::command_line(&["tail", "--from", &folder])
    }
}

/// A folder that another gap's requery does not have.
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
            Recovery::new(&typed).requery(Some(45), &[(0, 3), (2, 0)]),
            r"ditto-cdc requery --txn-id 45 --from 0:3,2:0 --output requery-45 --brokers host:443 --cluster-cert 'my files/cluster.p12' -X 'client.rack=it'\''s' (and the -X that holds a secret)"
        );
        assert_eq!(
            Recovery::default().requery(None, &[]),
            "ditto-cdc requery --output requery"
        );
    }
}
