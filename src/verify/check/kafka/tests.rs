//! Tables of broker responses and the checks that follow from them.

use super::*;
use crate::verify::check::Status::{Fail, Pass, Warn};

const SCOPE: TopicContext<'static> = TopicContext {
    topic: "ditto.app.main",
    principal: Some("CN=user"),
};

fn parts(ends: &[(i64, i64)]) -> Vec<Partition> {
    let part = |(id, (low, high)): (i32, &(i64, i64))| Partition {
        id,
        has_leader: true,
        low: Some(*low),
        high: Some(*high),
    };
    (0..).zip(ends).map(part).collect()
}

fn refusal(why: QueryErrorKind) -> QueryError {
    QueryError {
        kind: why,
        raw: "Broker: words".to_owned(),
    }
}

fn sample(payload: &[u8]) -> Sample {
    Sample {
        partition: 3,
        offset: 7,
        timestamp_ms: Some(0),
        payload: Some(payload.to_vec()),
    }
}

#[test]
fn refusals_of_the_topic_have_their_numbers_and_near_names() {
    let visible = ["ditto.app.min".to_owned(), "other".to_owned()];
    for (why, fault, words, fix) in [
        (
            QueryErrorKind::TopicForbidden,
            Some(Fault::E2),
            "(CN=user) may not read the topic ditto.app.main",
            "did you mean ditto.app.min?",
        ),
        (
            QueryErrorKind::TopicUnknown,
            Some(Fault::E3),
            "have no topic ditto.app.main",
            "hide topics",
        ),
        (
            QueryErrorKind::TopicInvalid,
            Some(Fault::E3),
            "not a valid topic name",
            "portal",
        ),
        (QueryErrorKind::Timeout, None, "failed", "try again"),
    ] {
        let check = SCOPE.query_failed("topic", &refusal(why), &visible);
        assert_eq!((check.status, check.fault), (Fail, fault));
        assert!(check.message.contains(words), "{}", check.message);
        assert!(
            check.fix.as_ref().is_some_and(|text| text.contains(fix)),
            "{check:?}"
        );
        assert_eq!(check.raw.as_deref(), Some("Broker: words"));
    }
}

#[test]
fn a_partition_without_a_leader_is_named() {
    let mut partitions = parts(&[(0, 1), (0, 1), (0, 1)]);
    assert_eq!(SCOPE.topic(&partitions).status, Pass);
    partitions[1].has_leader = false;
    let check = SCOPE.topic(&partitions);
    assert_eq!((check.status, check.fault), (Fail, Some(Fault::E6)));
    assert!(
        check.message.contains("leads partition 1 of 3"),
        "{}",
        check.message
    );
    assert_eq!(SCOPE.topic(&[]).fault, Some(Fault::E6));
}

#[test]
fn a_topic_without_events_is_a_warning() {
    let empty = SCOPE.records(&parts(&[(5, 5), (0, 0)]), None, None, 0);
    assert_eq!((empty.status, empty.fault), (Warn, Some(Fault::E7)));
    let one = sample(b"{}");
    let check = SCOPE.records(&parts(&[(5, 7)]), Some(&one), Some(&one), 7_200_000);
    assert_eq!(check.status, Pass);
    assert_eq!(
        check.message,
        "up to 2 records, the oldest 2 h ago, the newest 2 h ago"
    );
}

#[test]
fn a_record_is_named_or_quoted() {
    let event = br#"{"txnId":5,"type":"documentChanged","collection":"cars","change":{"method":"upsert","oldValue":null,"newValue":{"_id":"a1"}}}"#;
    for (payload, status, words) in [
        (
            &event[..],
            Pass,
            "insert cars/a1 txn 5 at ditto.app.main p3@7",
        ),
        (
            br#"{"txnID":45,"type":"requeryRequired","documents":[]}"#,
            Pass,
            "a requeryRequired event txn 45",
        ),
        (br#"{"type":"heartbeat"}"#, Pass, "of the type heartbeat"),
        (
            b"<html>",
            Fail,
            "not valid JSON (about byte 0); it starts with \"<html>\"",
        ),
        (b"[]", Fail, "not an event"),
    ] {
        let check = SCOPE.decoded(&sample(payload));
        assert_eq!(check.status, status, "{check:?}");
        assert!(check.message.contains(words), "{}", check.message);
        let fault = (status == Fail).then_some(Fault::E8);
        assert_eq!(check.fault, fault);
    }
}

#[test]
fn positions_of_a_group_are_compared_with_the_log() {
    let partitions = parts(&[(10, 20), (0, 5)]);
    for (committed, status, fault, words) in [
        (vec![], Pass, None, "no committed offset yet"),
        (vec![(0, 15), (1, 5)], Pass, None, "lag is up to 5 records"),
        (vec![(0, 10)], Pass, None, "lag is up to 15 records"),
        (
            vec![(0, 4)],
            Fail,
            Some(Fault::E5),
            "missed up to 6 records",
        ),
        (vec![(1, 9)], Fail, Some(Fault::E5), "re-created"),
    ] {
        let check = SCOPE.group("team-a", &Ok(committed), &partitions);
        assert_eq!((check.status, check.fault), (status, fault), "{check:?}");
        assert!(check.message.contains(words), "{}", check.message);
    }
    let check = SCOPE.group(
        "team-a",
        &Err(refusal(QueryErrorKind::GroupForbidden)),
        &partitions,
    );
    assert_eq!(check.fault, Some(Fault::E1));
    assert!(check.fix.is_some_and(|fix| fix.contains("prefix")));
    let old = TopicContext {
        topic: "user-consumable-1234",
        principal: None,
    };
    let check = old.group("x", &Err(refusal(QueryErrorKind::GroupForbidden)), &[]);
    assert!(
        check
            .fix
            .is_some_and(|fix| fix.contains("probably user-consumable-1234"))
    );
}

#[test]
fn partitions_without_a_position_count_as_lag() {
    let partitions = parts(&[(0, 10), (5, 20), (2, 4)]);
    for (committed, behind, without, words) in [
        (
            vec![(0, 10)],
            17,
            vec![1, 2],
            "partitions 1, 2 have no position yet",
        ),
        (
            vec![(0, 9), (2, 4)],
            16,
            vec![1],
            "partition 1 has no position yet",
        ),
        (
            vec![(0, 9), (1, 20), (2, 4)],
            1,
            vec![],
            "its lag is up to 1 record (not joined)",
        ),
        // The group is new: where it starts is up to its first member.
        (vec![], 0, vec![], "no committed offset yet"),
    ] {
        let check = SCOPE.group("team-a", &Ok(committed), &partitions);
        assert_eq!(check.status, Pass, "{}", check.message);
        assert!(check.message.contains(words), "{}", check.message);
        assert_eq!(check.details["behind"], behind, "{}", check.message);
        assert_eq!(check.details["withoutPosition"], serde_json::json!(without));
    }
}

#[test]
fn groups_of_other_types_are_named() {
    for group_type in ["share", "streams", "connect"] {
        let check = SCOPE.group_of_other_type("team-a", Some(group_type));
        let check = check.expect("a fault");
        assert_eq!((check.status, check.fault), (Fail, Some(Fault::E9)));
        let words = format!("team-a is a {group_type} group");
        assert!(check.message.contains(&words), "{}", check.message);
    }
    for group_type in [None, Some(""), Some("consumer")] {
        assert!(SCOPE.group_of_other_type("team-a", group_type).is_none());
    }
}
