//! The script of the guided tour: explanations, and the commands to show and run.

use crate::util::exit::Exit;

/// One command of the walk.
#[derive(Debug, Clone, Copy)]
pub struct TourStep {
    /// The topic of the step.
    pub heading: &'static str,
    /// Why to run the command.
    pub explanation: &'static str,
    /// The command.
    pub line: TourCommand,
    /// The expected exit code.
    pub end: Exit,
}

/// The words after the program's name, run as they are shown.
#[derive(Debug, Clone, Copy)]
pub enum TourCommand {
    /// These.
    Words(&'static [&'static str]),
    /// The command that the step before has advised.
    Advised,
    /// `tail --from` the advised folder, and these.
    Resume(&'static [&'static str]),
    /// The same with its output in a file, and then the comparison of copy and server.
    Prove(&'static [&'static str]),
}

/// File of the changes of the last step.
pub const CHANGES: &str = "changes.ndjson";

/// What was started, before the first command.
pub const OPENING: &str = "\
Two servers now run inside this program, for this machine only. A small Big Peer
holds the documents of a café whose tills write orders, and answers over HTTP to
whoever has its API key. A Kafka broker holds a topic: a list of all changes of
these documents, split into partitions, each read from an offset on. Like
Ditto's it speaks mutual TLS: it proves itself by a certificate that cluster.p12
vouches for, and lets in whoever holds user.p12. All was made a moment ago.";

/// How to use servers that keep running.
pub const INVITATION: &str = "Paste this into a second terminal:";

/// Other commands to try.
pub const OTHERS: &str = "\
Also try: ditto-cdc verify --round-trip orders
          ditto-cdc requery --output copy && ditto-cdc tail --from copy";

/// Stands above the settings, which hold passwords.
pub const THROW_AWAY: &str =
    "# Passwords of a throw-away demo: they protect nothing, so they may be seen.";

/// What servers that keep running do.
pub const TRICKLE_NOTE: &str =
    "A new change comes every second. Ctrl-C ends it all and removes the files.";

/// The commands, in their order.
pub const STEPS: [TourStep; 8] = [
    TourStep {
        heading: "Is everything right?",
        explanation: "\
Each layer is checked, from the two files over network and certificates to the
newest record, and nothing is changed. Where something is wrong, it says what
to do.",
        line: TourCommand::Words(&["verify"]),
        end: Exit::Success,
    },
    TourStep {
        heading: "Every change, a line each",
        explanation: "\
From the topic's beginning to its present end. The changes of one document come
in their order; between documents on different partitions there is none.",
        line: TourCommand::Words(&[
            "tail",
            "--format",
            "oneline",
            "--from",
            "beginning",
            "--until",
            "end",
        ]),
        end: Exit::Success,
    },
    TourStep {
        heading: "What changed in a document",
        explanation: "\
Old against new, value by value: ~ changed, + added, - removed. -c picks
collections, --op what really happened: insert, update or remove. One line is
there unasked: no filter hides a gap in the stream.",
        line: TourCommand::Words(&[
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
        ]),
        end: Exit::Success,
    },
    TourStep {
        heading: "Only what you look for",
        explanation: "\
--where takes conditions as Ditto's DQL has them; old., new. and changed(…) ask
for both sides of a change. --only narrows what is shown of it.",
        line: TourCommand::Words(&[
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
        ]),
        end: Exit::Success,
    },
    TourStep {
        heading: "What the gap means",
        explanation: "\
requeryRequired says that the stream fell behind: changes are missing, removals
too. Whoever keeps a copy of the data has to fetch all of it again and then go
on from here. With --on-gap stop a script cannot overlook it.",
        line: TourCommand::Words(&[
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
        ]),
        end: Exit::Gap,
    },
    TourStep {
        heading: "Everything again",
        explanation: "\
That is the command which tail advised. requery first notes where the stream is,
then reads every collection from the Big Peer over HTTP, at or after the gap,
counts before and after, and writes one file a collection and a manifest.",
        line: TourCommand::Advised,
        end: Exit::Success,
    },
    TourStep {
        heading: "Go on without a hole",
        explanation: "\
The café has worked on meanwhile. From the snapshot's folder tail goes on where
requery noted that the stream was, and leaves out what the snapshot contains.",
        line: TourCommand::Resume(&["--until", "end", "--format", "oneline"]),
        end: Exit::Success,
    },
    TourStep {
        heading: "Is the copy right?",
        explanation: "\
The same for a program: behind > or | tail writes JSON, each event as it was
received. A copy made of the snapshot and these events is compared with all that
the Big Peer holds.",
        line: TourCommand::Prove(&["--until", "end"]),
        end: Exit::Success,
    },
];

/// How to continue with real files, after the last command.
pub const CLOSING: &str = "\
Download cluster.p12 and user.p12 from the Ditto portal, with their passwords:

  export DITTO_CDC_BROKERS=HOST:443
  export DITTO_CDC_TOPIC=TOPIC
  export DITTO_CDC_CLUSTER_CERT=cluster.p12
  export DITTO_CDC_USER_CERT=user.p12
  ditto-cdc verify
  ditto-cdc tail

The passwords are asked for, or read from DITTO_CDC_CLUSTER_CERT_PASSWORD and
DITTO_CDC_USER_CERT_PASSWORD; requery also wants DITTO_CDC_URL and
DITTO_CDC_API_KEY. The demo's servers and files are gone now:
`ditto-cdc demo --serve` keeps them, with a new change every second.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_a_plain_terminal() {
        let said = STEPS.iter().map(|step| step.explanation);
        for line in said
            .chain([OPENING, CLOSING, OTHERS, TRICKLE_NOTE])
            .flat_map(str::lines)
        {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
