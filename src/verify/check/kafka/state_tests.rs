//! The check of a state file, case by case.

use super::{StateFacts, TopicContext};
use crate::kafka::inspect::Partition;
use crate::record::incarnation::{Incarnation, Verdict};
use crate::verify::check::{Fault, Status};

const CONTEXT: TopicContext<'_> = TopicContext {
    topic: "events",
    principal: None,
};

fn partition(id: i32, low: i64, high: i64) -> Partition {
    Partition {
        id,
        has_leader: true,
        low: Some(low),
        high: Some(high),
    }
}

#[test]
fn each_state_of_a_file_has_its_finding() {
    use Status::{Fail, Pass, Warn};
    let incarnation = Incarnation {
        id: Some("A".to_owned()),
        ..Incarnation::default()
    };
    let good = StateFacts {
        file: "s.json",
        clusters: (Some("c"), Some("c")),
        topic: "events",
        incarnation: &incarnation,
        id: Some("A"),
        verdict: Verdict::Same,
        next: &[(0, 7)],
        gap: None,
    };
    for (facts, status, fault, words) in [
        (good, Pass, None, "its lag is up to 8 records"),
        (
            StateFacts {
                clusters: (Some("c"), None),
                ..good
            },
            Pass,
            None,
            "continues in events",
        ),
        (
            StateFacts {
                clusters: (Some("d"), Some("c")),
                ..good
            },
            Fail,
            None,
            "Kafka cluster d",
        ),
        (
            StateFacts {
                topic: "other",
                ..good
            },
            Fail,
            None,
            "the topic other, not of events",
        ),
        (
            StateFacts {
                id: Some("B"),
                verdict: Verdict::Replaced,
                ..good
            },
            Fail,
            Some(Fault::E11),
            "its id was A, and is B",
        ),
        (
            StateFacts {
                next: &[(0, 4)],
                ..good
            },
            Fail,
            Some(Fault::E5),
            "everything before 5",
        ),
        (
            StateFacts {
                next: &[(0, 11)],
                ..good
            },
            Fail,
            Some(Fault::E5),
            "it ends at 10",
        ),
        (
            StateFacts {
                gap: Some("an offset gap"),
                ..good
            },
            Warn,
            None,
            "remembers an offset gap",
        ),
        (
            StateFacts {
                id: None,
                verdict: Verdict::Unknown,
                ..good
            },
            Warn,
            None,
            "is unknown",
        ),
    ] {
        let check = CONTEXT.state(&facts, &[partition(0, 5, 10), partition(1, 1, 6)]);
        assert_eq!((check.status, check.fault), (status, fault), "{check:?}");
        assert!(check.message.contains(words), "{}", check.message);
        assert!(check.status == Pass || check.status == Warn || check.fix.is_some());
    }
}
