//! The guided walk as data: what is said, and which commands are shown and run.
//! Starting the broker and running the commands is left to `cmd::demo`.

use crate::exit::Exit;

/// One command of the walk.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What it is about.
    pub heading: &'static str,
    /// Why somebody would type it.
    pub explanation: &'static str,
    /// The words after the program's name, run as they are shown.
    pub arguments: &'static [&'static str],
    /// How it ends where all is well.
    pub end: Exit,
}

/// What was started, before the first command.
pub const OPENING: &str = "\
A small Kafka broker now runs inside this program, for this machine only. Like
Ditto's it speaks mutual TLS: it proves itself by a certificate that cluster.p12
vouches for, and lets in whoever holds user.p12. Both were made a moment ago.
Its topic tells some minutes in the life of a café whose tills write orders.";

/// What to do with a broker that keeps running.
pub const INVITATION: &str = "Paste this into a second terminal:";

/// Stands above the settings, which hold passwords.
pub const THROW_AWAY: &str =
    "# Passwords of a throw-away demo: they protect nothing, so they may be seen.";

/// What a broker that keeps running does.
pub const TRICKLE: &str =
    "A new change comes every second. Ctrl-C ends it all and removes the files.";

/// The commands, in their order.
pub const STEPS: [Step; 6] = [
    Step {
        heading: "Is everything right?",
        explanation: "\
Each layer is checked, from the two files over network and certificates to the
newest record, and nothing is changed. Where something is wrong, it says what
to do.",
        arguments: &["verify"],
        end: Exit::Fine,
    },
    Step {
        heading: "Every change, a line each",
        explanation: "\
From the topic's beginning to its present end. The changes of one document come
in their order; between documents on different partitions there is none.",
        arguments: &[
            "tail",
            "--format",
            "oneline",
            "--from",
            "beginning",
            "--until",
            "end",
        ],
        end: Exit::Fine,
    },
    Step {
        heading: "What changed in a document",
        explanation: "\
Old against new, value by value: ~ changed, + added, - removed. -c picks
collections, --op what really happened: insert, update or remove. One line is
there unasked: no filter hides a gap in the stream.",
        arguments: &[
            "tail",
            "-c",
            "orders",
            "--op",
            "update",
            "--format",
            "diff",
            "--from",
            "beginning",
            "--until",
            "end",
        ],
        end: Exit::Fine,
    },
    Step {
        heading: "Only what you look for",
        explanation: "\
--where takes conditions as Ditto's DQL has them; old., new. and changed(…) ask
for both sides of a change. --only narrows what is shown of it.",
        arguments: &[
            "tail",
            "--where",
            "changed(status) AND new.status = \"paid\"",
            "--format",
            "diff",
            "--only",
            "status",
            "--from",
            "beginning",
            "--until",
            "end",
        ],
        end: Exit::Fine,
    },
    Step {
        heading: "What the gap means",
        explanation: "\
requeryRequired says that the stream fell behind: changes are missing, removals
too. Whoever keeps a copy of the data has to fetch all of it again and then go
on from here. With --on-gap stop a script cannot overlook it.",
        arguments: &[
            "tail",
            "-c",
            "devices",
            "--op",
            "remove",
            "--format",
            "oneline",
            "--on-gap",
            "stop",
            "--from",
            "beginning",
            "--until",
            "end",
        ],
        end: Exit::Gap,
    },
    Step {
        heading: "JSON for programs",
        explanation: "\
Each event exactly as it was received, on one line, with every digit: what tail
writes into a pipe, for jq and the like. -n counts what the filters let through.",
        arguments: &[
            "tail",
            "-c",
            "devices",
            "--op",
            "update",
            "--format",
            "json",
            "--from",
            "beginning",
            "--until",
            "end",
            "-n",
            "1",
        ],
        end: Exit::Fine,
    },
];

/// What to do with real files, after the last command.
pub const CLOSING: &str = "\
Download cluster.p12 and user.p12 from the Ditto portal, with their passwords:

  export DITTO_CDC_BROKERS=HOST:443
  export DITTO_CDC_TOPIC=TOPIC
  export DITTO_CDC_CLUSTER_CERT=cluster.p12
  export DITTO_CDC_USER_CERT=user.p12
  ditto-cdc verify
  ditto-cdc tail

The passwords are asked for, or read from DITTO_CDC_CLUSTER_CERT_PASSWORD and
DITTO_CDC_USER_CERT_PASSWORD. The demo's broker and files are gone now;
`ditto-cdc demo --serve` keeps them, with a new change every second.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_a_plain_terminal() {
        let said = STEPS.iter().map(|step| step.explanation);
        for line in said.chain([OPENING, CLOSING]).flat_map(str::lines) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
