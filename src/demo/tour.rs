//! The script of the guided tour: explanations, and the commands to show and run.

use crate::util::exit::Exit;

/// One step of the tour.
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
    /// What happens after the command, in this order.
    pub then: &'static [Then],
}

/// The words after the program's name, run as they are shown.
#[derive(Debug, Clone, Copy)]
pub enum TourCommand {
    /// These words.
    Words(&'static [&'static str]),
    /// The command that the previous step suggested.
    Suggested,
    /// `tail --from` with the suggested folder, and these words.
    Resume(&'static [&'static str]),
}

/// What happens after a command.
#[derive(Debug, Clone, Copy)]
pub enum Then {
    /// The status is shown, and what a copy from the stream alone would lack. The next step runs the suggested command.
    Loss,
    /// The stream continues.
    Afternoon,
    /// The mirror is asked.
    Query,
    /// The stream continues, with a gap.
    Evening,
}

/// The mirror's file.
pub const MIRROR: &str = "shop.db";

/// A query of the mirror, as one types it between double quotes.
pub const QUERY: &str = "\
SELECT doc ->> '$.status', count(*),
  sum(doc ->> '$.totalCents') FROM orders GROUP BY 1";

/// Introduction, printed before the first command.
pub const OPENING: &str = "\
Two servers now run inside this program. Only this machine can reach them.
A small Big Peer stores the documents of a café and answers HTTP requests that
have its API key. A Kafka broker has a topic with all changes of these
documents. The topic is split into partitions; in a partition, each record has
an offset. As with Ditto, the connection uses mutual TLS: cluster.p12 verifies
the broker, and user.p12 identifies you to the broker.";

/// How to use servers that keep running.
pub const INVITATION: &str = "Paste this into a second terminal:";

/// Other commands to try.
pub const OTHERS: &str = "\
Also try: ditto-cdc verify --round-trip orders
          ditto-cdc requery --output copy && ditto-cdc tail --from copy
          ditto-cdc tail --from @-1m --until end
          ditto-cdc mirror shop.db";

/// Comment above the settings, which contain passwords.
pub const THROW_AWAY: &str = "# These passwords are only for this demo and protect nothing.";

/// What the running servers do.
pub const EVENTS_NOTE: &str = "A new change is written every second.";
/// How to stop servers in the foreground.
pub const STOP_NOTE: &str = "Ctrl-C stops it and removes the files.";

/// The steps, in order.
pub const STEPS: [TourStep; 12] = [
    TourStep {
        heading: "Is everything right?",
        explanation: "\
verify checks each layer: the two files, the network, the certificates, the
topic and its newest record. It changes nothing. If a check fails, it prints how
to fix the problem.",
        line: TourCommand::Words(&["verify"]),
        end: Exit::Success,
        then: &[],
    },
    TourStep {
        heading: "Every change, one per line",
        explanation: "\
This reads the topic from the beginning to its current end. The changes of one
document are in order; events of several partitions are in order of time.",
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
        then: &[],
    },
    TourStep {
        heading: "How much, when, and of which documents",
        explanation: "\
stats counts the events of the topic: by operation and collection, over time, by
document and by partition. --paths also counts which fields change.",
        line: TourCommand::Words(&["stats", "--top", "3", "--paths"]),
        end: Exit::Success,
        then: &[],
    },
    TourStep {
        heading: "What changed in a document",
        explanation: "\
Each changed value, old and new: ~ changed, + added, - removed. -c selects
collections, --op selects insert, update or remove.
One extra line appears: filters never hide a gap.",
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
        then: &[],
    },
    TourStep {
        heading: "Only the changes you need",
        explanation: "\
--where takes a condition in the syntax of Ditto's DQL. old. and new. are the
document before and after the change. --only limits the changes that are shown.",
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
        then: &[],
    },
    TourStep {
        heading: "What happened to one document",
        explanation: "\
The versions of one document, oldest first; a missing change is marked. --at
prints the document as it was at a time, and --blame names the version that last
changed each field.",
        line: TourCommand::Words(&["history", "orders", "o-1001"]),
        end: Exit::Success,
        then: &[],
    },
    TourStep {
        heading: "What the gap means",
        explanation: "\
The event requeryRequired means that changes are missing from the stream,
including removals. If you keep a copy of the data, fetch all documents again
and then continue after the gap. With --on-gap stop, a script cannot miss it.",
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
        then: &[Then::Loss],
    },
    TourStep {
        heading: "Fetch all documents again",
        explanation: "\
This is the command that tail suggested. requery records the current offsets,
then reads every collection over HTTP, in a state after the gap. It counts the
documents before and after, and writes one file per collection and a manifest.",
        line: TourCommand::Suggested,
        end: Exit::Success,
        then: &[Then::Afternoon],
    },
    TourStep {
        heading: "Continue without a gap",
        explanation: "\
Meanwhile, the café kept working. tail --from with the snapshot's folder starts
at the recorded offsets and skips events that the snapshot already contains.",
        line: TourCommand::Resume(&["--until", "end", "--format", "oneline"]),
        end: Exit::Success,
        then: &[],
    },
    TourStep {
        heading: "A copy in SQL",
        explanation: "\
mirror does all of this by itself: it loads a snapshot into a SQLite file and
then applies the stream. --until end stops at the end of the stream; without it,
mirror keeps running. Any program can read the file, such as sqlite3 (the demo
answers the query itself, in case sqlite3 is not installed):",
        line: TourCommand::Words(&["mirror", MIRROR, "--until", "end"]),
        end: Exit::Success,
        then: &[Then::Query, Then::Evening],
    },
    TourStep {
        heading: "The copy survives a gap",
        explanation: "\
Meanwhile, the café kept working, and the stream has another gap. mirror applies
the changes up to the gap, takes a new snapshot and replaces the copy in one
transaction. Readers see the old copy until then.",
        line: TourCommand::Words(&["mirror", MIRROR, "--until", "end"]),
        end: Exit::Success,
        then: &[Then::Query],
    },
    TourStep {
        heading: "Is the copy correct?",
        explanation: "\
audit compares each document of the copy with the Big Peer, also while both
change.",
        line: TourCommand::Words(&["audit", MIRROR]),
        end: Exit::Success,
        then: &[],
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

ditto-cdc asks for the passwords, or reads DITTO_CDC_CLUSTER_CERT_PASSWORD and
DITTO_CDC_USER_CERT_PASSWORD. requery, mirror and audit also need DITTO_CDC_URL
and DITTO_CDC_API_KEY. The demo's servers and files are now removed.
`ditto-cdc demo --serve` keeps them running, with a new change every second.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_a_plain_terminal() {
        let explanations = STEPS.iter().map(|step| step.explanation);
        let query = format!("$ sqlite3 {MIRROR} \"{QUERY}\"");
        for line in explanations
            .chain([&query, OPENING, CLOSING, OTHERS, EVENTS_NOTE, STOP_NOTE])
            .flat_map(str::lines)
        {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
