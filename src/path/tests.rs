//! Every path that is printed can be typed again, and what other languages spell is understood or refused.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{Path, Printed, Segment, Side, Step, push_index, push_key};

fn key(name: &str) -> Segment {
    Segment::One(Step::Key(name.as_bytes().to_vec()))
}

fn index(at: usize) -> Segment {
    Segment::One(Step::Index(at))
}

#[test]
fn a_path_can_choose_a_document() {
    for (text, side, steps) in [
        ("a.b", None, &[key("a"), key("b")][..]),
        ("old.a", Some(Side::Old), &[key("a")]),
        ("$.new.a[0]", Some(Side::New), &[key("a"), index(0)]),
        ("new", Some(Side::New), &[]),
        (".", None, &[]),
        (r#"["old"].a"#, None, &[key("old"), key("a")]),
    ] {
        let (found, found_steps) = Path::parse(text).and_then(Path::one_in_side).unwrap();
        let segments: Vec<Segment> = found_steps.into_iter().map(Segment::One).collect();
        assert_eq!((found, &*segments), (side, steps), "{text}");
    }
    assert!(Path::parse("old.a[*]").and_then(Path::one_in_side).is_err());
}

#[test]
fn spellings() {
    let check = |text: &str, expected: &[Segment]| {
        let segments = Path::parse(text).and_then(Path::in_both).unwrap();
        assert_eq!(segments, expected, "{text}");
    };
    check(".", &[]);
    check("$", &[]);
    let city = [key("a"), key("b"), index(2), key("c")];
    for text in [
        "a.b[2].c",
        ".a.b[2].c",
        "$.a.b[2].c",
        "$['a']['b'][2]['c']",
        ".a.b.[2].c",
        "`a`.`b`[2].`c`",
        r#"["a"]["b"][2]["c"]"#,
        r#".["\u0061"].b[2]["c"]"#,
    ] {
        check(text, &city);
    }
    check(r#"["it's"]"#, &[key("it's")]);
    check(r#"['it\'s "it"']"#, &[key("it's \"it\"")]);
    check("`a``b.c`", &[key("a`b.c")]);
    check("``", &[key("")]);
    check("user name.é-ü", &[key("user name"), key("é-ü")]);
    check("$oid", &[key("$oid")]);
    check(r#"["*"].*"#, &[key("*"), Segment::Any]);
    check("**.x[]", &[Segment::Deep, key("x"), Segment::AnyIndex]);
    check(r#"["old"].x"#, &[key("old"), key("x")]);
    check("`new`", &[key("new")]);
    let token = |name: &str, at| Segment::One(Step::Token(name.as_bytes().to_vec(), at));
    check("/", &[token("", None)]);
    check(
        "/a~1b/0/01/m~0n",
        &[
            token("a/b", None),
            token("0", Some(0)),
            token("01", None),
            token("m~n", None),
        ],
    );
}

#[test]
fn mistakes_come_with_the_right_spelling() {
    let check = |text: &str, expected: &str| {
        let error = Path::parse(text).and_then(Path::one_in_both).unwrap_err();
        assert!(error.why.contains(expected), "{text}: {}", error.why);
    };
    check("", "it is empty");
    check("a.", "it ends with a dot");
    check("$.", "a name is missing");
    check("a..b", "a name is missing (any depth is **.name)");
    check("a[1", "a bracket is not closed");
    check("a[\"1]", "a quote is missing");
    check("a[x]", r#"write the name of a field as ["x"]"#);
    check("a[-1]", "an index counts from the beginning");
    check("a[1]b", "a dot is missing after the bracket");
    check("`a", "a backtick is missing");
    check(r#"["\q"]"#, "is not a valid JSON string");
    check("l.0.p", r#"write [0] for an element of an array, ["0"]"#);
    check("\"name\"", r#"write ["name"]"#);
    check("a.'b'", r#"write ["b"]"#);
    check(
        "name,other",
        r#"once for each path, or write ["name,other"]"#,
    );
    check("a/b", r#"write a.b, or ["a/b"]"#);
    check("name ", r#"write ["name "]"#);
    check(r"caf\u00e9", "this name needs quotes");
    check("/~2", "write ~ as ~0");
    check(
        "old.a.b",
        r#"write a.b; for a field old, write ["old"].a.b"#,
    );
    check("new", r#"write . for the document, ["new"] for a field"#);
    check("l[*].p", "--only 'l[*].p'");
}

#[test]
fn what_is_hidden_is_everything_that_can_be_meant() {
    let check = |text: &str, expected: &[&str]| {
        let readings = Path::parse(text).and_then(Path::readings).unwrap();
        let printed: Vec<_> = readings
            .iter()
            .map(|one| Printed(one).to_string())
            .collect();
        assert_eq!(printed, expected, "{text}");
    };
    check("name", &["name"]);
    check("old.name", &[r#"["old"].name"#, "name"]);
    check(r#"["old"].name"#, &[r#"["old"].name"#]);
    check("$.new.a", &[r#"["new"].a"#, "a", r#"["$"].new.a"#]);
    check("/a/b", &["a.b", r#"["/a/b"]"#]);
    check("newValue", &["newValue"]);
    check("change.newValue", &["change.newValue", "."]);
    check(
        "/change/oldValue/a",
        &["change.oldValue.a", "a", r#"["/change/oldValue/a"]"#],
    );
    assert!(Path::parse("old").and_then(Path::readings).is_err());
}

proptest! {
    #[test]
    fn a_printed_path_can_be_typed(names in proptest::collection::vec((prop_oneof![".{0,6}", "[a-z]{1,3}", Just("old".to_owned())], 0..3_usize), 0..5)) {
        let (mut printed, mut expected) = (Vec::new(), Vec::new());
        for (name, at) in names {
            let raw = serde_json::to_string(&name).unwrap();
            push_key(raw.as_bytes(), printed.is_empty(), &mut printed);
            expected.push(key(&name));
            if at > 0 {
                push_index(at, &mut printed);
                expected.push(index(at));
            }
        }
        let printed = String::from_utf8(printed).unwrap();
        let text = if printed.is_empty() { "." } else { &printed };
        prop_assert_eq!(&Path::parse(text).and_then(Path::in_both).unwrap(), &expected);
        prop_assert_eq!(Printed(&expected).to_string(), text);
    }

    #[test]
    fn nothing_panics(text in ".*") {
        if let Ok(path) = Path::parse(&text) {
            let _ = (path.clone().in_both(), path.clone().one_in_both());
            let _ = (path.clone().one_in_side(), path.readings());
        }
    }
}
