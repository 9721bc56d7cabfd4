//! The `diff` format: every example of the specification, every limit, and control characters.
#![allow(clippy::unwrap_used)]

use crate::diff::pattern::Pattern;
use crate::diff::{ArrayKey, Options};
use crate::view::tests::text_of;
use crate::view::{Format, Styles, View, WallClock};

fn format(payload: &str, width: usize, options: Options, coloured: bool) -> String {
    let view = View {
        format: Format::Diff.into(),
        styles: Styles::new(coloured),
        coloured,
        terminal: true,
        width: Some(width),
        clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
        diff: options,
    };
    text_of(&view, None, payload)
}

fn event(collection: &str, txn: u64, change: &str) -> String {
    format!(
        r#"{{"txnId":{txn},"type":"documentChanged","collection":"{collection}","change":{{"method":"upsert",{change}}}}}"#
    )
}

fn update(old: &str, new: &str) -> String {
    event("c", 7, &format!(r#""oldValue":{old},"newValue":{new}"#))
}

/// The lines below the header.
fn lines(old: &str, new: &str, options: Options) -> String {
    let shown = format(&update(old, new), 80, options, false);
    let (header, lines) = shown.split_once('\n').unwrap();
    assert_eq!(
        header,
        "update c/1  txn 7  p3@18234 2026-01-31 12:02:01.220"
    );
    lines.to_owned()
}

const OLD: &str = concat!(
    r#"{"_id":"6213e9c90012e4af0017cb9f","date":1645472312,"name":"Susan","manager":null,"#,
    r#""address":{"street":"12 Main St","city":"Zürich","geo":{"lon":8.5417,"lat":47.3769}},"active":true,"size":1,"#,
    r#""notes":"Susan asks all of us for the offline-first demo next week, bring the two tablets and the router"}"#
);

#[test]
fn an_update() {
    let new = OLD
        .replace("\"Susan\"", "\"Frank\"")
        .replace("\"manager\":null", r#""manager":{"_id":"99","name":"Wei"}"#)
        .replace("8.5417", "8.5391")
        .replace("\"size\":1", "\"size\":1.0")
        .replace("next week", "on Friday")
        .replace("two", "three")
        .replace(r#"router"}"#, r#"router","ownedCars":0}"#);
    let payload = event(
        "people",
        553_361,
        &format!(r#""oldValue":{OLD},"newValue":{new}"#),
    );
    assert_eq!(
        format(&payload, 80, Options::default(), false),
        r#"update people/6213e9c90012e4af0017cb9f  txn 553361  p3@18234 2026-01-31 12:02:01.220
  ~ name             "Susan" → "Frank"
  ~ manager          null → {"_id":"99","name":"Wei"}  (type changed)
  ~ address.geo.lon  8.5417 → 8.5391
  ~ notes            "…ffline-first demo [-next-]{+on+} [-week-]{+Friday+}, bring the [-two-]{+three+} tablets and the router"
  + ownedCars        0
  · 6 unchanged, 1 same value written differently
"#
    );
}

#[test]
fn an_insert_a_remove_a_gap() {
    let insert = format!(
        r#""oldValue":null,"newValue":{}"#,
        r#"{"_id":"6213e9c90012e4af0017cb9f","date":1645472312,"name":"Susan","address":{"street":"12 Main St","city":"Zürich","geo":{"lon":8.5417,"lat":47.3769}}}"#
    );
    let check = |payload: &str, expected: &str| {
        assert_eq!(format(payload, 80, Options::default(), false), expected);
    };
    check(
        &event("people", 553_358, &insert),
        r#"insert people/6213e9c90012e4af0017cb9f  txn 553358  p3@18234 2026-01-31 12:02:01.220
  + date     1645472312
  + name     "Susan"
  + address  { street: "12 Main St", city: "Zürich", … 1 more key } (75 B)
"#,
    );
    check(
        &event(
            "people",
            553_370,
            r#""value":{"_id":"6213","name":"Frank","ownedCars":0}"#,
        ),
        r#"remove people/6213  txn 553370  p3@18234 2026-01-31 12:02:01.220
  - name       "Frank"
  - ownedCars  0
"#,
    );
    check(
        r#"{"txnID":552784,"type":"requeryRequired","documents":[]}"#,
        "requery  txn 552784  the stream has a gap: requery everything, then resume  p3@18234 2026-01-31 12:02:01.220\n",
    );
    check(
        r#"{"type":"heartbeat","v":1}"#,
        "heartbeat  p3@18234 2026-01-31 12:02:01.220\n  {\"type\":\"heartbeat\",\"v\":1}\n",
    );
    check(
        "gar\u{1b}bage",
        "unreadable  the payload is not valid JSON (about byte 3)  p3@18234 2026-01-31 12:02:01.220\n  gar\\u{1b}bage\n",
    );
}

#[test]
fn arrays() {
    let old = r#"{"_id":"o-1001","lines":[{"sku":"SKU-000001","qty":1,"price":1.0},{"sku":"SKU-000002","qty":2,"price":3.0},{"sku":"SKU-000003","qty":5,"price":4.0}],"tags":["us","new","eu"]}"#;
    let new = r#"{"_id":"o-1001","lines":[{"sku":"SKU-000000","qty":1,"price":1.0},{"sku":"SKU-000001","qty":1,"price":1.0},{"sku":"SKU-000003","qty":6,"price":4.0}],"tags":["eu","us","new"]}"#;
    let options = Options {
        array_keys: vec![ArrayKey::parse("lines=sku").unwrap()],
        ..Options::default()
    };
    let payload = event(
        "orders",
        553_364,
        &format!(r#""oldValue":{old},"newValue":{new}"#),
    );
    assert_eq!(
        format(&payload, 80, options, false),
        r#"update orders/o-1001  txn 553364  p3@18234 2026-01-31 12:02:01.220
  + lines[0]      {"sku":"SKU-000000","qty":1,"price":1.0}
  - lines[1]      {"sku":"SKU-000002","qty":2,"price":3.0}
  ~ lines[2].qty  5 → 6
  > tags[0]       moved from [2]  "eu"
  · 6 unchanged
"#
    );
}

#[test]
fn an_element_and_its_replacement_look_different() {
    let element = |end: &str| {
        format!(
            r#"{{"sku":"SKU-000001","text":"{}","x":{end}}}"#,
            "and so on, ".repeat(9)
        )
    };
    let doc = |end: &str| format!(r#"{{"_id":1,"l":[[{}]]}}"#, element(end));
    let nested = |end: &str| format!(r#"{{"_id":1,"l":[["{}{end}"]]}}"#, "aGVsbG8g".repeat(20));
    for (old, new) in [(doc("1"), doc("2")), (nested("a"), nested("b"))] {
        for width in [40, 80, 160] {
            let shown = format(&update(&old, &new), width, Options::default(), false);
            let lines: Vec<&str> = shown
                .lines()
                .skip(1)
                .map(|line| line.trim_start_matches(['+', '-', ' ']))
                .collect();
            let unique: std::collections::HashSet<&&str> = lines.iter().collect();
            assert_eq!(unique.len(), lines.len(), "{shown}");
        }
    }
}

#[test]
fn wishes() {
    let (old, new) = (
        r#"{"_id":1,"a":1,"b":{"c":1,"d":2},"n":1}"#,
        r#"{"_id":1,"a":2,"b":{"c":2,"d":3},"n":1.0}"#,
    );
    let patterns = |text: &str| vec![Pattern::parse(text).unwrap()];
    let check = |options: Options, expected: &str| assert_eq!(lines(old, new, options), expected);
    let plain = Options::default;
    check(
        Options {
            strict: true,
            ..plain()
        },
        "  ~ a    1 → 2\n  ~ b.c  1 → 2\n  ~ b.d  2 → 3\n  ~ n    1 → 1.0  (same value, written differently)\n  · 1 unchanged\n",
    );
    check(
        Options {
            max_changes: Some(1),
            ..plain()
        },
        "  ~ a  1 → 2\n  … 2 more changes (--max-changes)\n  · 1 unchanged, 1 same value written differently\n",
    );
    check(
        Options {
            only: patterns("b"),
            ..plain()
        },
        "  ~ b.c  1 → 2\n  ~ b.d  2 → 3\n  · 1 unchanged, 1 same value written differently, 1 other change hidden by --only/--ignore\n",
    );
    check(
        Options {
            ignore: patterns("b.*"),
            ..plain()
        },
        "  ~ a  1 → 2\n  · 1 unchanged, 1 same value written differently, 2 other changes hidden by --only/--ignore\n",
    );
    let old = r#"{"_id":1,"l":[{"id":"x","q":1,"p":1},{"id":"y","q":1,"p":1}]}"#;
    let new = old.replace(r#""y","q":1"#, r#""y","q":2"#);
    assert_eq!(
        lines(
            old,
            &new,
            Options {
                context: true,
                ..plain()
            }
        ),
        "  ~ l[1].q  1 → 2  in id \"y\"\n  · 4 unchanged\n"
    );
}

#[test]
fn limits() {
    let numbers = |from: usize| {
        (from..from + 60)
            .map(|n| format!("\"k{n}\":{n}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let (old, new) = (
        format!(r#"{{"_id":1,{}}}"#, numbers(0)),
        format!(r#"{{"_id":1,{}}}"#, numbers(60)),
    );
    let shown = lines(&old, &new, Options::default());
    assert_eq!(shown.lines().count(), 52);
    assert!(
        shown.ends_with("  … 70 more changes (--max-changes)\n  · 1 unchanged\n"),
        "{shown}"
    );
    let full = lines(
        &old,
        &new,
        Options {
            full: true,
            ..Options::default()
        },
    );
    assert_eq!(full.lines().count(), 121);
    let text = |word: &str| {
        format!(
            r#"{{"_id":1,"t":"{}"}}"#,
            format!("{word} and so on {word} ").repeat(100)
        )
    };
    let shown = lines(&text("one"), &text("two"), Options::default());
    assert!(
        shown.chars().count() < 900 && shown.contains("…\" (1.8 kB → 1.8 kB)\n"),
        "{shown}"
    );
}

#[test]
fn nothing_dangerous_reaches_a_terminal() {
    let evil = "\u{9b}2J\u{202e}\u{200b}";
    let long = "a word and another word, and then some more of them, all the same ".repeat(2);
    for (old, new) in [
        (
            format!(r#"{{"_id":1,"k{evil}":"{evil}"}}"#),
            r#"{"_id":1}"#.to_owned(),
        ),
        (
            format!(r#"{{"_id":1,"k":["{evil}"]}}"#),
            r#"{"_id":1,"k":[2,"a"]}"#.to_owned(),
        ),
        (
            format!(r#"{{"_id":1,"k":"{long}{evil}"}}"#),
            format!(r#"{{"_id":1,"k":"{long}"}}"#),
        ),
        (
            format!(r#"{{"_id":1,"k":{{"{evil}":"{long}{evil}"}}}}"#),
            r#"{"_id":1,"k":7}"#.to_owned(),
        ),
    ] {
        let shown = lines(&old, &new, Options::default());
        let bad = |c: char| c != '\n' && crate::view::escape::is_dangerous(c);
        assert!(!shown.contains(bad) && shown.contains("u009b"), "{shown}");
    }
}

#[test]
fn lost_offsets_have_a_place() {
    use crate::record::{GapReason, OffsetGap};
    for format in [Format::Diff, Format::Oneline] {
        let view = View {
            format: format.into(),
            styles: Styles::new(false),
            coloured: false,
            terminal: true,
            width: Some(80),
            clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
            diff: Options::default(),
        };
        let lost = OffsetGap {
            topic: "t".to_owned(),
            partition: 2,
            wanted: 5,
            resumed: 9,
            why: GapReason::Retention,
        };
        let mut out = Vec::new();
        view.offset_gap(&lost, &mut out);
        let shown = String::from_utf8(out).unwrap();
        assert!(
            shown.starts_with("lost ") && shown.ends_with("  p2@5\n"),
            "{shown}"
        );
    }
}

#[test]
fn colour_only_repeats() {
    let new = OLD
        .replace("Susan", "Frank")
        .replace("next", "last")
        .replace("true", "[1]");
    let payload = event(
        "people",
        1,
        &format!(r#""oldValue":{OLD},"newValue":{new}"#),
    );
    let plain = format(&payload, 80, Options::default(), false);
    let coloured = format(&payload, 80, Options::default(), true);
    let mut stripped = String::new();
    for (at, part) in coloured.split('\u{1b}').enumerate() {
        let text = if at == 0 {
            part
        } else {
            part.split_once('m').unwrap().1
        };
        stripped.push_str(text);
    }
    assert_eq!(stripped, plain);
    assert!(coloured.len() > plain.len());
}
