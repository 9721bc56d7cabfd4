//! Tables of templates, and that no value is more than its column.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;

use super::{Format, OutputFormat, Styles, Template, View, WallClock};
use crate::diff::Options;
use crate::diff::pattern::Pattern;
use crate::event::decode;
use crate::record::{Clock, Place, Record, Timestamp};

const UPDATE: &str = r#"{"txnId":77,"type":"documentChanged","collection":"orders","change":{"method":"upsert","oldValue":{"_id":"o-1","status":"open","note":"a","lines":[{"qty":1}]},"newValue":{"_id":"o-1","status":"paid","note":"tab\there\nZoë \"x\"","n":1.50,"empty":"","gone":null,"old":{"b":true},"a}b":7,"lines":[{"qty":2, "x":[1]}]}}}"#;
const REMOVE: &str = r#"{"type":"documentChanged","collection":"devices","change":{"method":"remove","value":{"_id":{"till":2},"status":"off"}}}"#;
const UNKNOWN: &str = r#"{"type":"heartbeat","v":1}"#;
const GAP: &str = r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#;

const TOPIC: Place<'_> = Place::Offset {
    topic: "cdc",
    partition: 2,
    offset: 5,
};

fn record<'a>(place: Place<'a>, key: Option<&'a [u8]>) -> Record<'a> {
    Record {
        place,
        time: Some(Timestamp {
            millis: 1_769_860_869_870,
            clock: Clock::Create,
        }),
        leader_epoch: None,
        key: key.map(Into::into),
        headers: Vec::new(),
        payload: None,
    }
}

fn view(template: &str, terminal: bool, diff: Options) -> View {
    View {
        format: OutputFormat::Template(Arc::new(Template::parse(template).unwrap())),
        styles: Styles::new(false),
        coloured: false,
        terminal,
        width: terminal.then_some(20),
        clock: WallClock::new("2026-01-31T13:00:00+01:00[Europe/Zurich]".parse().unwrap()),
        diff,
    }
}

fn render_record(view: &View, record: &Record<'_>, payload: &str) -> String {
    let event = decode(Some(payload.as_bytes())).unwrap();
    let mut out = Vec::new();
    assert_eq!(
        view.event(record, &event, &mut out),
        crate::view::EventOutput::Shown
    );
    String::from_utf8(out).unwrap()
}

fn render(template: &str, payload: &str) -> String {
    let view = view(template, false, Options::default());
    render_record(&view, &record(TOPIC, Some(b"orders/o-1")), payload)
}

#[test]
fn columns() {
    for (template, payload, expected) in [
        (
            "%T %c %i",
            UPDATE,
            "2026-01-31T13:01:09.870+01:00 orders o-1\n",
        ),
        ("%t %p@%o %k", UPDATE, "cdc 2@5 orders/o-1\n"),
        ("%O/%m %x", UPDATE, "update/upsert 77\n"),
        ("%O/%m %x %i", REMOVE, "remove/remove - {\"till\":2}\n"),
        ("%O %c %i %m %x %s", UNKNOWN, "heartbeat - - - - -\n"),
        // Fields.
        ("%{status}", UPDATE, "paid\n"),
        ("%{old.status} → %{new.status}", UPDATE, "open → paid\n"),
        (
            "%{status} %{old.status} %{new.status}",
            REMOVE,
            "off off -\n",
        ),
        (
            "%{n} %{gone} %{nope} <%{empty}>",
            UPDATE,
            "1.50 null - <>\n",
        ),
        ("%{note}", UPDATE, "tab\\there\\nZoë \"x\"\n"),
        (
            "%{lines[0].qty} %{lines}",
            UPDATE,
            "2 [{\"qty\":2,\"x\":[1]}]\n",
        ),
        (
            "%{[\"old\"].b} %{[\"a}b\"]} %{/lines/0/qty} %{`a}b`}",
            UPDATE,
            "true 7 2 7\n",
        ),
        ("%{_id}", REMOVE, "{\"till\":2}\n"),
        (
            "%{.} %{old} %{new}",
            REMOVE,
            "{\"_id\":{\"till\":2},\"status\":\"off\"} {\"_id\":{\"till\":2},\"status\":\"off\"} -\n",
        ),
        // Text, and line ends.
        ("100%% %c\\t%i", UPDATE, "100% orders\to-1\n"),
        ("%c%n%i", UPDATE, "orders\no-1\n"),
        ("%c\\n", UPDATE, "orders\n"),
        ("%c%n%n", UPDATE, "orders\n\n"),
        ("%%\\\\n", UPDATE, "%\\n\n"),
        // Widths.
        ("%-10c|%10c|%3c|", UPDATE, "orders    |    orders|orders|\n"),
        (
            "%.4c|%-8.4c|%8.4c|%.9c|",
            UPDATE,
            "ord…|ord…    |    ord…|orders|\n",
        ),
        (
            "%-8{status}|%5{n}|%-3{nope}|",
            UPDATE,
            "paid    | 1.50|-  |\n",
        ),
    ] {
        assert_eq!(render(template, payload), expected, "{template}");
    }
}

#[test]
fn the_summary_is_that_of_oneline() {
    for payload in [UPDATE, REMOVE] {
        let oneline = View {
            format: Format::Oneline.into(),
            width: Some(1_000),
            ..view("%s", false, Options::default())
        };
        let oneline = render_record(&oneline, &record(TOPIC, None), payload);
        let summary = render("%s", payload);
        assert!(
            summary.len() > 10 && oneline.ends_with(&summary),
            "{summary} {oneline}"
        );
    }
}

#[test]
fn a_record_without_position_time_and_key() {
    let view = view("%T %t %p %o %k", false, Options::default());
    let mut line = record(Place::line("file", 3), None);
    line.time = None;
    assert_eq!(render_record(&view, &line, UPDATE), "- - - - -\n");
}

#[test]
fn a_gap_has_no_columns() {
    assert_eq!(render("%O %c", GAP), "");
}

#[test]
fn a_redacted_value_is_in_no_column() {
    for (path, template, hidden) in [
        ("status", "%{status} %{old.status} %s", "open paid"),
        ("_id", "%i %k %{_id}", "o-1"),
    ] {
        let options = Options {
            redact: Pattern::parse_hidden(path).unwrap(),
            ..Options::default()
        };
        let view = view(template, false, options);
        let line = render_record(&view, &record(TOPIC, Some(b"orders/o-1")), UPDATE);
        assert!(line.starts_with("(redacted"), "{line}");
        let shows = |word: &str| line.contains(word);
        assert!(!hidden.split(' ').any(shows), "{line}");
    }
}

#[test]
fn a_long_value_of_a_summary_is_cut_unless_it_is_wanted_whole() {
    let long = UPDATE.replace("paid", &"n".repeat(3_000));
    assert!(render("%s", &long).len() < 2_000);
    assert!(render("%.40s", &long).chars().count() <= 41);
    let full = Options {
        full: true,
        ..Options::default()
    };
    let whole = render_record(&view("%s", false, full), &record(TOPIC, None), &long);
    assert!(whole.contains(&"n".repeat(3_000)), "{whole}");
}

#[test]
fn a_terminal_shows_every_character() {
    let document =
        r#"{"_id":"a\u001b[2J","t":"x\u200dy\u202e","o":{"k":"RTL\u001b"},"raw":["RTL DEL"]}"#;
    let document = document
        .replace("RTL", "\u{202e}")
        .replace(" DEL", "\u{7f}");
    let payload = format!(
        r#"{{"type":"documentChanged","collection":"c\n","change":{{"newValue":{document}}}}}"#
    );
    let template = "%i %c %{t} %{o} %{raw} %k";
    let key = record(TOPIC, Some(b"k\xff\n"));
    let pipe = view(template, false, Options::default());
    assert_eq!(
        render_record(&pipe, &key, &payload),
        "a\\u{1b}[2J c\\n x\u{200d}y\u{202e} {\"k\":\"\u{202e}\\u001b\"} [\"\u{202e}\\u007f\"] k\\xff\\n\n"
    );
    let terminal = view(template, true, Options::default());
    assert_eq!(
        render_record(&terminal, &key, &payload),
        "a\\u{1b}[2J c\\n x\\u{200d}y\\u{202e} {\"k\":\"\\u202e\\u001b\"} [\"\\u202e\\u007f\"] k\\xff\\n\n"
    );
}

#[test]
fn mistakes() {
    let unknown = "write %T time, %c collection, %i id, %O operation, %m method, %x txnId, %s summary, %t topic, %p partition, %o offset, %k record key, %{PATH} a field of the document, %n line end, or %% for a percent sign";
    for (template, expected) in [
        (
            "%T %q",
            format!("column 4: '%q' is not known; {unknown}\n  %T %q\n     ^"),
        ),
        ("a%", format!("column 2: '%' is not known; {unknown}\n  a%\n   ^")),
        (
            "%-5",
            format!("column 1: '%-5' is not known; {unknown}\n  %-5\n  ^"),
        ),
        (
            "é\\x%c",
            "column 2: a backslash stands before n (line end), t (tab) or another backslash\n  é\\x%c\n   ^".to_owned(),
        ),
        (
            "%c %{a",
            "column 4: a path in braces, such as %{status} or %{old.lines[0].qty}, has no '}'\n  %c %{a\n     ^".to_owned(),
        ),
        (
            "%1001c",
            "column 2: a width is at most 1000\n  %1001c\n   ^".to_owned(),
        ),
        (
            "%{lines[*].qty}",
            "column 3: 'lines[*].qty': * names several values, and here a path names one: use an index such as [0]\n  %{lines[*].qty}\n    ^".to_owned(),
        ),
    ] {
        let wrong = Template::parse(template).err().map(|wrong| wrong.to_string());
        assert_eq!(wrong, Some(expected), "{template}");
    }
    assert!(Template::parse("%{}").is_err());
}

proptest! {
    /// Whatever an event contains, it is one line with as many tabs as the template has.
    #[test]
    fn a_value_is_neither_a_line_nor_a_column(
        document in crate::json::tests::json(),
        name in "\\PC{0,5}[\\x00-\\x1f\\x7f-\\x9f]?",
        terminal in any::<bool>(),
    ) {
        let name = serde_json::Value::from(name);
        let payload = format!(
            r#"{{"type":"documentChanged","collection":{name},"change":{{"method":{name},"oldValue":{{"_id":{name},"a":{document}}},"newValue":{{"_id":{name},"a":{document},"b":{name}}}}}}}"#
        );
        let view = view("%c\t%i\t%m\t%k\t%{b}\t%{a}\t%s", terminal, Options::default());
        let key = name.to_string();
        let line = render_record(&view, &record(TOPIC, Some(key.as_bytes())), &payload);
        let controls: String = line.chars().filter(|c| c.is_control()).collect();
        prop_assert_eq!(controls, "\t\t\t\t\t\t\n", "{:?}", line);
    }

    #[test]
    fn any_template_is_parsed_or_refused(template in "[%{}\\\\a-z.\"0-9-]{0,12}") {
        if let Ok(template) = Template::parse(&template) {
            let view = View {
                format: OutputFormat::Template(Arc::new(template)),
                ..view("%c", false, Options::default())
            };
            prop_assert!(render_record(&view, &record(TOPIC, None), UPDATE).ends_with('\n'));
        }
    }
}
