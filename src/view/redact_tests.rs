//! Redacted values in random positions of events of random shapes: none is in the output of any format.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::tests::{FORMATS, all_formats, text_of};
use super::*;
use crate::diff::pattern::Pattern;
use crate::diff::{ChangeKind, Diff, Options};
use crate::event::filter::{Filter, FilterOptions, Verdict};
use crate::event::grep::{Mask, SearchText};

/// A value that contains the secret, in several types and depths.
const SECRETS: &[&str] = &[
    r#""s3cret""#,
    r#"{"s3cret":"s3cret"}"#,
    r#"["s3cret",{"a":"s3cret"}]"#,
    r#""\u0073\u0033cret s3cret""#,
];

fn plain() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "null",
        "7",
        "true",
        r#""word""#,
        r#"{"_id":"1"}"#,
        "[1,{}]",
    ])
    .prop_map(str::to_owned)
}

/// A document with the secret in `pin`, whose key may be escaped.
fn document() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["pin", r"\u0070in"]);
    let secret = prop::sample::select(SECRETS.to_vec());
    (key, secret, plain(), any::<bool>()).prop_map(|(key, secret, other, first)| {
        let (pin, other) = (
            format!(r#""{key}":{secret}"#),
            format!(r#""_id":"1","other":{other}"#),
        );
        let (one, two) = if first { (pin, other) } else { (other, pin) };
        format!("{{{one},{two}}}")
    })
}

/// Documents, or containers of documents.
fn anything() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![plain(), document()];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let object = vec(inner.clone(), 1..3).prop_map(|values| {
            let named = values.iter().zip(["a", "pin", "documents"]);
            let members: Vec<String> = named
                .map(|(value, name)| format!(r#""{name}":{value}"#))
                .collect();
            format!("{{{}}}", members.join(","))
        });
        let array = vec(inner, 0..3).prop_map(|all| format!("[{}]", all.join(",")));
        prop_oneof![object, array]
    })
}

/// A document, or an array of anything, or no document.
fn document_value() -> impl Strategy<Value = String> {
    let array = vec(anything(), 0..3).prop_map(|all| format!("[{}]", all.join(",")));
    prop_oneof![4 => document(), 1 => array, 1 => plain()]
}

fn members(
    names: &'static [&'static str],
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    vec((prop::sample::select(names.to_vec()), value), 0..4).prop_map(|all| {
        let members: Vec<String> = all
            .iter()
            .map(|(name, value)| format!(r#""{name}":{value}"#))
            .collect();
        members.join(",")
    })
}

fn change() -> impl Strategy<Value = String> {
    let documents = members(
        &["oldValue", "newValue", "value", r"\u006eewValue"],
        document_value(),
    );
    // An object under the name of a scalar is not a scalar.
    let others = members(&["method", "extra", "old", "pin"], anything());
    let object = (documents, others).prop_map(|(documents, others)| {
        let comma = if documents.is_empty() || others.is_empty() {
            ""
        } else {
            ","
        };
        format!("{{{documents}{comma}{others}}}")
    });
    let array = vec(anything(), 0..3).prop_map(|all| format!("[{}]", all.join(",")));
    prop_oneof![4 => object, 1 => array]
}

fn event() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["documentChanged", "requeryRequired", "odd"]);
    let names = &["collection", "documents", "txnID", "value", "pin", "type"];
    (kind, vec(change(), 0..3), members(names, anything())).prop_map(|(kind, changes, others)| {
        let mut parts = vec![format!(r#""txnId":7,"type":"{kind}","collection":"c""#)];
        parts.extend(changes.iter().map(|change| format!(r#""change":{change}"#)));
        parts.extend(Some(others).filter(|others| !others.is_empty()));
        format!("{{{}}}", parts.join(","))
    })
}

proptest! {
    #[test]
    fn a_redacted_value_is_in_no_output(event in event(), anchored in any::<bool>(), full in any::<bool>()) {
        let pattern = if anchored { "pin" } else { "**.pin" };
        for format in all_formats() {
            let view = View {
                format: format.clone(),
                styles: Styles::new(false),
                coloured: false,
                terminal: full,
                width: Some(400),
                clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
                diff: Options {
                    redact: vec![Pattern::parse(pattern).unwrap()],
                    full,
                    ..Options::default()
                },
            };
            let shown = text_of(&view, None, &event);
            prop_assert!(!shown.contains("s3cret"), "{:?} of {} shows {}", format, event, shown);
            prop_assert!(!shown.contains("\\u0073\\u0033cret"), "{:?} of {} shows {}", format, event, shown);
        }
    }
}

proptest! {
    /// That an event is shown does not tell that a redacted value contains a text.
    #[test]
    fn no_text_is_found_in_a_redacted_value(event in event(), text in "(?i)s3cret|3c|redacted|s3") {
        let patterns = [Pattern::parse("**.pin").unwrap()];
        let filter = Filter::new(&FilterOptions {
            texts: vec![SearchText::new(&text).unwrap()],
            mask: Some(Mask::new(move |event| redact::emptied(event, &patterns))),
            no_control: true,
            ..FilterOptions::default()
        });
        let verdict = filter.unwrap().verdict(Some(event.as_bytes()));
        let is_shown = matches!(verdict, Verdict::Shown(_));
        prop_assert!(!is_shown, "{} is found in {}", text, event);
    }
}

#[test]
fn the_values_of_headers_have_no_path() {
    use crate::record::{Header, Place};
    let payload = r#"{"type":"documentChanged","change":{"value":{"pin":"s3cret"}}}"#;
    let record = Record {
        place: Place::line("f", 1),
        time: None,
        leader_epoch: None,
        key: None,
        headers: vec![Header {
            name: "copy".into(),
            value: Some(payload.as_bytes().into()),
        }],
        payload: Some(payload.as_bytes().into()),
    };
    let view = View {
        format: Format::Record.into(),
        styles: Styles::new(false),
        coloured: false,
        terminal: false,
        width: None,
        clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
        diff: Options {
            redact: vec![Pattern::parse("pin").unwrap()],
            ..Options::default()
        },
    };
    let event = crate::event::decode(record.payload.as_deref()).unwrap();
    let mut out = Vec::new();
    assert_eq!(view.event(&record, &event, &mut out), EventOutput::Shown);
    let shown = String::from_utf8(out).unwrap();
    assert!(
        shown.contains("copy") && !shown.contains("s3cret"),
        "{shown}"
    );
}

/// Patterns of `--redact`, from one field to everything.
const PATTERNS: &[&str] = &[
    "**", "*", "_id", "**._id", "_id.a", "a", "a[*].b", "**.b", "a.b", "change", "",
];

/// Values of few kinds, so that two of them are often equal, also with another spelling.
fn small_value() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "1.0",
        "2",
        r#""a""#,
        r#""\u0061""#,
        "null",
        "true",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(3, 12, 3, |inner| {
            let member = (
                prop::sample::select(vec!["_id", "a", "b", r"\u0061"]),
                inner.clone(),
            );
            let object = vec(member, 0..4).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!(r#""{name}":{value}"#))
                    .collect();
                format!("{{{}}}", members.join(","))
            });
            let array = vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(",")));
            prop_oneof![3 => object, 1 => array]
        })
}

/// The members of a `change`; each may be missing, null, a document or another value.
fn small_change() -> impl Strategy<Value = String> {
    let member = |name: &'static str| {
        prop::option::weighted(
            0.8,
            small_value().prop_map(move |value| format!(r#""{name}":{value}"#)),
        )
    };
    (member("oldValue"), member("newValue"), member("value")).prop_map(|(old, new, value)| {
        let members: Vec<String> = [old, new, value].into_iter().flatten().collect();
        members.join(",")
    })
}

fn wrap(kind: &str, change: &str) -> String {
    format!(r#"{{"txnId":7,"type":"{kind}","collection":"c","change":{{"method":"m",{change}}}}}"#)
        .replace(",}", "}")
}

/// What redaction must not change: the operation, which documents there are, and whether they differ.
fn facts(payload: &[u8]) -> impl PartialEq + std::fmt::Debug {
    let event = crate::event::decode(Some(payload)).unwrap();
    let presence = |value: Option<&[u8]>| value.map(|json| json == b"null");
    let diff = Diff::from_event(&event, &Options::default());
    let is_change =
        |kind: ChangeKind| !matches!(kind, ChangeKind::Respelled | ChangeKind::MovedAway);
    (
        format!("{:?} {:?}", event.kind, event.op()),
        [event.old, event.new, event.value].map(presence),
        event.id().is_some(),
        diff.changes.iter().any(|change| is_change(change.kind)),
    )
}

fn redacted_payload(payload: &str, pattern: &str) -> Vec<u8> {
    let event = crate::event::decode(Some(payload.as_bytes())).unwrap();
    redact::payload(&event, &Pattern::parse_hidden(pattern).unwrap_or_default())
}

fn small_id() -> impl Strategy<Value = String> {
    small_value().prop_filter("a name twice", |value| has_unique_names(value))
}

/// Whether no object has a name twice: such a document has no defined meaning, and Ditto writes none.
fn has_unique_names(json: &str) -> bool {
    fn count(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Object(members) => {
                members.len() + members.values().map(count).sum::<usize>()
            }
            serde_json::Value::Array(all) => all.iter().map(count).sum(),
            _ => 0,
        }
    }
    json.matches("\":").count() == count(&serde_json::from_str(json).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn redaction_keeps_the_operation_and_whether_something_changed(
        change in small_change(),
        kind in prop::sample::select(vec!["documentChanged", "requeryRequired", "odd"]),
        pattern in prop::sample::select(PATTERNS.to_vec()),
    ) {
        let payload = wrap(kind, &change);
        let redacted = redacted_payload(&payload, pattern);
        prop_assert_eq!(
            format!("{:?}", facts(payload.as_bytes())),
            format!("{:?}", facts(&redacted)),
            "{} redacted by {} is {}", payload, pattern, String::from_utf8_lossy(&redacted)
        );
    }

    #[test]
    fn redacted_ids_are_equal_exactly_if_the_ids_are(
        one in small_id(),
        other in small_id(),
        pattern in prop::sample::select(vec!["**", "*", "_id"]),
    ) {
        let id = |id: &str| {
            let payload = wrap("documentChanged", &format!(r#""newValue":{{"_id":{id}}}"#));
            let redacted = redacted_payload(&payload, pattern);
            let event = crate::event::decode(Some(&redacted)).unwrap();
            String::from_utf8(event.id().unwrap().to_vec()).unwrap()
        };
        let same = !Diff::between(one.as_bytes(), other.as_bytes(), &Options::default())
            .changes
            .iter()
            .any(|change| change.kind != ChangeKind::Respelled);
        prop_assert_eq!(id(&one) == id(&other), same, "{} {}", one, other);
        prop_assert!(id(&one).starts_with("\"(redacted "));
    }
}

#[test]
fn every_format_shows_the_operation_of_redacted_events() {
    let cases = [
        (
            r#""oldValue":null,"newValue":{"_id":"1","a":1}"#,
            "insert",
            true,
        ),
        (r#""newValue":{"_id":"1","a":1}"#, "insert", true),
        (
            r#""oldValue":{"_id":"1","a":1},"newValue":{"_id":"1","a":"x"}"#,
            "update",
            true,
        ),
        (
            r#""oldValue":{"_id":"1","a":null},"newValue":{"_id":"1","a":null}"#,
            "update",
            false,
        ),
        (r#""value":{"_id":"1","a":1}"#, "remove", true),
        (r#""oldValue":{"_id":"1"},"newValue":null"#, "remove", true),
        (r#""oldValue":null,"newValue":null"#, "m", false),
    ];
    for (change, op, changes) in cases {
        let payload = wrap("documentChanged", change);
        for format in FORMATS {
            let view = View {
                format: format.into(),
                styles: Styles::new(false),
                coloured: false,
                terminal: false,
                width: None,
                clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
                diff: Options {
                    redact: Pattern::parse_hidden("**").unwrap(),
                    ..Options::default()
                },
            };
            let shown = text_of(&view, Some(b"1"), &payload);
            let says = |text: &str| shown.contains(text);
            let is_right = match format {
                Format::Diff => shown.starts_with(op) && (op != "update" || says("~ a") == changes),
                Format::Oneline => {
                    says(op) && says("nothing changed") == (op == "update" && !changes)
                }
                Format::Patch | Format::Merge | Format::Changes if op != "m" => {
                    says(&format!(r#""op":"{op}""#))
                }
                Format::Debezium | Format::DebeziumPlain => match op {
                    "insert" => says(r#""op":"c""#),
                    "update" => says(r#""op":"u""#),
                    "remove" => says(r#""op":"d""#),
                    _ => shown.is_empty(),
                },
                _ => says("null") == change.contains("e\":null"),
            };
            assert!(is_right, "{format:?} of {payload} shows {shown}");
            assert!(!says(r#""a":1"#) && !says("\"1\""), "{format:?}: {shown}");
        }
    }
}
