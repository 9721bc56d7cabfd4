//! Redacted values in random positions of events of random shapes: none is in the output of any format.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::tests::{FORMATS, text_of};
use super::*;
use crate::diff::Options;
use crate::diff::pattern::Pattern;

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
        for format in FORMATS {
            let view = View {
                format,
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
        format: Format::Record,
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
    assert!(view.event(&record, &event, &mut out));
    let shown = String::from_utf8(out).unwrap();
    assert!(
        shown.contains("copy") && !shown.contains("s3cret"),
        "{shown}"
    );
}
