//! Every format on the same events: exact in a pipe, safe on a terminal, redacted.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::sync::Arc;

use super::*;
use crate::diff::Options;
use crate::diff::pattern::Pattern;
use crate::record::{Clock, Place, Timestamp};

const UPDATE: &str = "{\"txnId\":553361,\"type\":\"documentChanged\",\"collection\":\"people\",\
    \"change\":{\"method\":\"upsert\",\"oldValue\":{\"_id\":\"a\u{1b}[2J\"},\"newValue\":{\"_id\":\"a\u{9b}1\",\"n\":1.0}}}";

fn render(format: Format, terminal: bool, payload: &str) -> String {
    render_with(format, terminal, payload, Options::default())
}

fn render_with(format: Format, terminal: bool, payload: &str, diff: Options) -> String {
    let view = View {
        format: format.into(),
        styles: Styles::new(false),
        coloured: false,
        terminal,
        width: Some(100),
        clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
        diff,
    };
    text_of(&view, Some(b"id-s3cret"), payload)
}

/// Every format, and a template with every column.
pub(super) fn all_formats() -> Vec<OutputFormat> {
    let template = "%T %c %i %O %m %x %s %t %p %o %k %{.} %{old} %{_id} %-9.9{a} %{pin}";
    let template = OutputFormat::Template(Arc::new(Template::parse(template).unwrap()));
    let named = FORMATS.into_iter().map(OutputFormat::from);
    named.chain([template]).collect()
}

/// Every format with a name.
pub(super) const FORMATS: [Format; 11] = [
    Format::Diff,
    Format::Oneline,
    Format::Json,
    Format::Pretty,
    Format::Record,
    Format::Raw,
    Format::Patch,
    Format::Merge,
    Format::Changes,
    Format::Debezium,
    Format::DebeziumPlain,
];

/// The output of a view for a record with this payload, event or not.
pub(super) fn text_of(view: &View, key: Option<&[u8]>, payload: &str) -> String {
    let record = Record {
        place: Place::Offset {
            topic: "t",
            partition: 3,
            offset: 18234,
        },
        time: Some(Timestamp {
            millis: 1_769_860_921_220,
            clock: Clock::Create,
        }),
        leader_epoch: None,
        key: key.map(Cow::Borrowed),
        headers: Vec::new(),
        payload: Some(Cow::Borrowed(payload.as_bytes())),
    };
    let mut out = Vec::new();
    match crate::event::decode(record.payload.as_deref()) {
        Ok(event) => {
            let _ = view.event(&record, &event, &mut out);
        }
        Err(why) => view.unreadable(&record, why, &mut out),
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn formats_for_programs_are_exact_in_a_pipe_and_safe_on_a_terminal() {
    // JSON strings hold no raw control characters, but they may hold C1 controls.
    let update = &UPDATE.replace('\u{1b}', "");
    let line = format!("{update}\n");
    for (format, terminal, payload, expected) in [
        (Format::Json, false, update.as_str(), line.clone()),
        (
            Format::Json,
            true,
            update,
            line.replace('\u{9b}', "\\u009b"),
        ),
        (Format::Raw, false, "\u{1b}[2J", "\u{1b}[2J\n".into()),
        (Format::Raw, true, "\u{1b}[2J", "\\u{1b}[2J\n".into()),
        (
            Format::Json,
            false,
            "{\n \"type\":\r\n\"x\"}\n",
            "{ \"type\":\"x\"}\n".into(),
        ),
        (Format::Json, false, "no event", String::new()),
    ] {
        assert_eq!(
            render(format, terminal, payload),
            expected,
            "{format:?} {terminal}"
        );
    }
}

/// What follows the change in the formats for programs.
const PLACE: &str = r#","time":"2026-01-31T12:02:01.220Z","partition":3,"offset":18234"#;

#[test]
fn what_changed_for_programs() {
    let event = |change: &str| {
        format!(
            r#"{{"txnId":9007199254740993,"type":"documentChanged","collection":"c\"d","change":{{{change}}}}}"#
        )
    };
    let head = |op: &str| {
        format!(r#"{{"txnId":9007199254740993,"collection":"c\"d","id":{{"k":1}},"op":"{op}""#)
    };
    let insert = event("\"oldValue\":null,\"newValue\":{\"_id\":{\"k\":1},\n\"a\":null}");
    let remove = event(r#""value":{"_id":{"k":1},"x y":1.0}"#);
    let update = event(
        r#""oldValue":{"_id":{"k":1},"a":1,"b":[1,2,3],"c":1},"newValue":{"_id":{"k":1},"b":[3,1.0,2],"c":2,"d.e":{}}"#,
    );
    let gap = r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#.to_owned();
    for (format, payload, op, rest) in [
        (
            Format::Patch,
            &insert,
            "insert",
            r#","patch":[{"op":"add","path":"","value":{"_id":{"k":1},"a":null}}]}"#,
        ),
        (
            Format::Merge,
            &insert,
            "insert",
            r#","merge":{"_id":{"k":1},"a":null},"mergeExact":false}"#,
        ),
        (
            Format::Changes,
            &insert,
            "insert",
            r#","changed":[],"added":["_id","a"],"removed":[]}"#,
        ),
        (
            Format::Patch,
            &remove,
            "remove",
            r#","patch":[{"op":"remove","path":""}]}"#,
        ),
        (
            Format::Merge,
            &remove,
            "remove",
            r#","merge":null,"mergeExact":true}"#,
        ),
        (
            Format::Changes,
            &remove,
            "remove",
            r#","changed":[],"added":[],"removed":["_id","[\"x y\"]"]}"#,
        ),
        (
            Format::Patch,
            &update,
            "update",
            concat!(
                r#","patch":[{"op":"add","path":"/d.e","value":{}},{"op":"replace","path":"/c","value":2},"#,
                r#"{"op":"remove","path":"/b/2"},{"op":"replace","path":"/b/0","value":1.0},"#,
                r#"{"op":"add","path":"/b/0","value":3},{"op":"remove","path":"/a"}]}"#
            ),
        ),
        (
            Format::Merge,
            &update,
            "update",
            r#","merge":{"a":null,"b":[3,1.0,2],"c":2,"d.e":{}},"mergeExact":true}"#,
        ),
        (
            Format::Changes,
            &update,
            "update",
            r#","changed":["c"],"added":["[\"d.e\"]"],"removed":["a"],"moved":["b[0]"]}"#,
        ),
    ] {
        assert_eq!(
            render(format, false, payload),
            format!("{}{}{PLACE}}}\n", head(op), rest.strip_suffix('}').unwrap())
        );
    }
    for format in [Format::Patch, Format::Merge, Format::Changes] {
        assert_eq!(render(format, false, &gap), format!("{gap}\n"));
    }
}

const ORDER: &str = r#"{"txnId":553361,"type":"documentChanged","collection":"orders","change":{"method":"update",
    "oldValue":{"_id":"6213e9c90012e4af0017cb9f","status":"open","total":1,"paid":false,"note":"a b"},
    "newValue":{"_id":"6213e9c90012e4af0017cb9f","status":"paid","total":1.5,"paid":"false","tags":["x y", 2]}}}"#;

#[test]
fn one_line_says_what_happened_to_which_document() {
    let removed = r#"{"txnId":"7","type":"documentChanged","collection":"c","change":{"method":"remove","value":{"_id":{"a":1},"b":"c"}}}"#;
    let gap = r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#;
    let changes = r#"status: open → paid, total: 1 → 1.5, paid: false → "false", -note: "a b", +tags: ["x y",2]"#;
    let id = "orders/6213e9c90012e4af0017cb9f";
    let full = Options {
        full: true,
        ..Options::default()
    };
    for (width, payload, diff, expected) in [
        // Everything, in a pipe and with `--full`.
        (None, ORDER, Options::default(), format!("2026-01-31T12:02:01.220Z  update   {id}   p3@18234    txn 553361    {changes}\n")),
        (Some(40), ORDER, full, format!("2026-01-31 12:02:01.220  update   {id}   p3@18234    txn 553361    {changes}\n")),
        (Some(140), ORDER, Options::default(), format!("2026-01-31 12:02:01.220  update   {id}   p3@18234    txn 553361    status: open → paid, total: 1 → 1.5, ~paid, …2\n")),
        (Some(110), ORDER, Options::default(), format!("2026-01-31 12:02:01.220  update   {id}   p3@18234    status: open → paid, … 4 more\n")),
        (Some(80), ORDER, Options::default(), "2026-01-31 12:02:01.220  update   orders/6213e9c…7cb9f  status: open → paid, …4\n".into()),
        (Some(40), ORDER, Options::default(), "update   orders/62…7cb9f  ~status, …4\n".into()),
        (Some(80), removed, Options::default(), "2026-01-31 12:02:01.220  remove   c/{\"a\":1}             b: c\n".into()),
        (Some(80), gap, Options::default(), "2026-01-31 12:02:01.220  requery  the stream has a gap: requery everything\n".into()),
        (None, gap, Options::default(), "2026-01-31T12:02:01.220Z  requery  the stream has a gap: requery everything, then resume  p3@18234    txn 45\n".into()),
        (Some(80), r#"{"type":"heartbeat"}"#, Options::default(), "2026-01-31 12:02:01.220  heartbeat\n".into()),
        (None, "no event", Options::default(), "2026-01-31T12:02:01.220Z  unreadable  the payload is not valid JSON (about byte 0)  p3@18234    no event\n".into()),
    ] {
        let view = View {
            format: Format::Oneline.into(),
            styles: Styles::new(false),
            coloured: false,
            terminal: width.is_some(),
            width,
            clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
            diff,
        };
        assert_eq!(text_of(&view, None, payload), expected, "{width:?}");
    }
}

#[test]
fn what_is_redacted_reaches_no_format() {
    let documents = r#""oldValue":{"_id":"id-s3cret","pin":"s3cret","l":[{"pin":"s3cret"}]},"newValue":{"_id":"id-s3cret","pin":"S3CRET","l":[]}"#;
    let update = format!(
        r#"{{"txnId":1,"type":"documentChanged","collection":"c","change":{{"method":"update",{documents},"value":{{"pin":"s3cret"}}}}}}"#
    );
    let unknown = r#"{"type":"odd","documents":[{"pin":"s3cret"}]}"#.to_owned();
    let patterns = ["_id", "pin", "l[*].pin"];
    let options = Options {
        redact: patterns.map(|text| Pattern::parse(text).unwrap()).to_vec(),
        ..Options::default()
    };
    for format in FORMATS {
        for payload in [&update, &unknown, &"{\"pin\":\"s3cret".to_owned()] {
            let shown = render_with(format, true, payload, options.clone());
            assert!(
                !shown.to_lowercase().contains("s3cret"),
                "{format:?} {shown}"
            );
            let is_marked =
                *payload != update || format == Format::Changes || shown.contains("redacted");
            assert!(is_marked, "{format:?} {shown}");
        }
    }
    let shown = render_with(Format::Diff, true, &update, options.clone());
    assert_eq!(shown.lines().nth(1), Some("  ~ pin   (redacted, changed)"));
    let shown = render_with(Format::Patch, true, &update, options);
    assert!(
        shown.contains(r#"{"op":"replace","path":"/pin","value":"(redacted, changed)"}"#),
        "{shown}"
    );
}

#[test]
fn what_is_not_known_of_a_record_is_absent() {
    let payload = br#"{"type":"documentChanged","collection":"c","change":{"newValue":{"_id":1}}}"#;
    for format in [Format::Patch, Format::Merge, Format::Changes] {
        let record = Record {
            place: Place::line("f", 1),
            time: None,
            leader_epoch: None,
            key: None,
            headers: Vec::new(),
            payload: Some(Cow::Borrowed(payload)),
        };
        let view = View {
            format: format.into(),
            styles: Styles::new(false),
            coloured: false,
            terminal: false,
            width: None,
            clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
            diff: Options::default(),
        };
        let event = crate::event::decode(record.payload.as_deref()).unwrap();
        let mut out = Vec::new();
        assert_eq!(view.event(&record, &event, &mut out), EventOutput::Shown);
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        for key in ["time", "partition", "offset"] {
            assert_eq!(json.get(key), None, "{json}");
        }
    }
}

#[test]
fn times_are_unambiguous_outside_a_terminal_and_their_zone_has_a_name_on_one() {
    for format in FORMATS {
        let is_for_people = matches!(format, Format::Diff | Format::Oneline);
        let view = |terminal| View {
            format: format.into(),
            styles: Styles::new(false),
            coloured: false,
            terminal,
            width: None,
            clock: WallClock::new("2026-01-31T12:00:00+01:00[Europe/Zurich]".parse().unwrap()),
            diff: Options::default(),
        };
        let (terminal, pipe) = (view(true), view(false));
        let zone = is_for_people.then(|| "Europe/Zurich (UTC+01:00)".to_owned());
        assert_eq!(terminal.unnamed_zone(), zone);
        assert_eq!(pipe.unnamed_zone(), None);
        let event =
            r#"{"type":"documentChanged","collection":"c","change":{"newValue":{"_id":1}}}"#;
        // Also records that are no events.
        for payload in [event, "not json"] {
            let shown = text_of(&pipe, None, payload);
            let time = "2026-01-31T13:02:01.220+01:00";
            assert_eq!(shown.contains(time), is_for_people, "{shown}");
            let shown = text_of(&terminal, None, payload);
            let time = "2026-01-31 13:02:01.220";
            assert_eq!(shown.contains(time), is_for_people, "{shown}");
            assert!(!shown.contains("+01:00"), "{shown}");
        }
    }
}
