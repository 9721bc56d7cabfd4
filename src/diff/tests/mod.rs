//! Tests of changes, JSON patches and merge patches, as tables.
#![allow(clippy::unwrap_used)]

mod exact;

use super::path::push_jq;
use super::*;

/// One line per change (sign, path, note), and the number of unchanged values.
fn lines(old: &str, new: &str, options: &Options) -> Vec<String> {
    let diff = Diff::between(old.as_bytes(), new.as_bytes(), options);
    let line = |change| {
        let mut steps = Vec::new();
        diff.path(change, &mut steps);
        let mut path = Vec::new();
        push_jq(&steps, &mut path);
        let path = String::from_utf8(path).unwrap();
        let note = match change.note {
            Note::None => "",
            Note::TypeChanged => " type",
            Note::KeyTwice => " twice",
            Note::TooLarge => " large",
            Note::TooLong => " long",
        };
        let sign = match change.kind {
            ChangeKind::Added => "+".to_owned(),
            ChangeKind::Removed => "-".to_owned(),
            ChangeKind::Changed => "~".to_owned(),
            ChangeKind::Respelled => "=".to_owned(),
            ChangeKind::Moved { from } => format!("{from}>"),
            ChangeKind::MovedAway => return None,
        };
        Some(format!("{sign} {path}{note}"))
    };
    let mut lines: Vec<String> = diff.changes.iter().filter_map(line).collect();
    lines.push(diff.unchanged.to_string());
    lines
}

#[test]
fn what_changed() {
    let check = |old: &str, new: &str, expected: &[&str]| {
        assert_eq!(
            lines(old, new, &Options::default()),
            expected,
            "{old} {new}"
        );
    };
    check("{}", "{}", &["1"]);
    check(r#"{"a":1,"b":2}"#, r#"{ "b":2,"a":1 }"#, &["1"]);
    check(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":3}"#, &["~ a", "1"]);
    check(r#"{"a":1}"#, r#"{"a":1.0}"#, &["= a", "0"]);
    check(r#"{"a":"\u0061"}"#, r#"{"\u0061":"a"}"#, &["= a", "0"]);
    check(r#"{"a":null}"#, "{}", &["- a", "0"]);
    check("{}", r#"{"a":null}"#, &["+ a", "0"]);
    check(r#"{"a":null}"#, r#"{"a":{}}"#, &["~ a type", "0"]);
    check(r#"{"a":true}"#, r#"{"a":false}"#, &["~ a", "0"]);
    check(
        r#"{"a":{"b":{"c":1,"d":2}},"e":{"f":[ ]}}"#,
        r#"{"a":{"b":{"c":2,"d":2}},"e":{"f":[]}}"#,
        &["~ a.b.c", "2"],
    );
    check(
        r#"{"a":{"x":1,"x":2},"b":1}"#,
        r#"{"a":{"x":1,"x":3},"b":1}"#,
        &["~ a twice", "1"],
    );
    check(r#"{"a":{"x":1,"x":2}}"#, r#"{"a":{"x":1, "x":2}}"#, &["1"]);
    check("7", r#"{"a":1}"#, &["~ . type", "0"]);
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(5000), "]".repeat(5000));
    let line = format!("~ {} large", "[0]".repeat(MAX_DEPTH));
    let all = lines(&deep("1"), &deep("2"), &Options::default());
    assert!(all == [line.as_str(), "0"], "{} lines", all.len());
}

#[test]
fn arrays() {
    let check = |old: &str, new: &str, expected: &[&str]| {
        assert_eq!(
            lines(old, new, &Options::default()),
            expected,
            "{old} {new}"
        );
    };
    check("[1,2,3]", "[0,1,2,3]", &["+ [0]", "3"]);
    check("[1,2,3]", "[1,2]", &["- [2]", "2"]);
    check("[1,2,3]", "[1,9,3]", &["~ [1]", "2"]);
    check("[1,2,3]", "[1.0,2,3,4]", &["= [0]", "+ [3]", "2"]);
    check(r#"["a","b","eu"]"#, r#"["eu","a","b"]"#, &["2> [0]", "2"]);
    check(r#"["a","b"]"#, r#"["b","a"]"#, &["1> [0]", "1"]);
    check(
        r#"["a","b","c","d"]"#,
        r#"["d","b","c","a"]"#,
        &["3> [0]", "0> [3]", "2"],
    );
    check("[1,5,6,2]", "[2,5,6,1]", &["3> [0]", "0> [3]", "2"]);
    // Chains: with a deletion or an insertion at an end, moves are as few changes as replacements.
    check("[1,5,6,2]", "[2,5,6]", &["- [0]", "3> [0]", "2"]);
    check("[1,5,6]", "[2,5,6,1]", &["+ [0]", "0> [3]", "2"]);
    check("[1,5,6,2]", "[2,5,6,3]", &["~ [0]", "~ [3]", "2"]);
    check("[5,6,2]", "[2,5,6,3]", &["2> [0]", "+ [3]", "2"]);
    check(
        r#"[{"a":1,"b":2},7,8,{"a":1,"b":3}]"#,
        r#"[{"a":1,"b":3},7,8,{"a":1,"b":2}]"#,
        &["3> [0]", "0> [3]", "2"],
    );
    check("[[1],7,8,[2]]", "[[2],7,8,[1]]", &["3> [0]", "0> [3]", "2"]);
    // Objects of one field, and nested ones.
    check(r#"[{"n":1}]"#, r#"[{"n":2}]"#, &["~ [0].n", "0"]);
    check(
        r#"[{"n":1},{"n":5}]"#,
        r#"[{"n":2},{"n":6}]"#,
        &["~ [0].n", "~ [1].n", "0"],
    );
    check(
        r#"[{"a":{"b":1,"c":2}}]"#,
        r#"[{"a":{"b":1,"c":3}}]"#,
        &["~ [0].a.c", "1"],
    );
    check(
        r#"[{"n":1},{"n":2},{"n":3}]"#,
        r#"[{"n":3},{"n":2},{"n":1}]"#,
        &["2> [0]", "1> [1]", "1"],
    );
    check(r#"[{"n":1}]"#, r#"[{"m":1}]"#, &["- [0]", "+ [0]", "0"]);
    check(r#"[{"id":1}]"#, r#"[{"id":2}]"#, &["- [0]", "+ [0]", "0"]);
    check(
        r#"[{"n":1}]"#,
        r#"[{"n":2},{"n":3}]"#,
        &["- [0]", "+ [0]", "+ [1]", "0"],
    );
    check("[8.5417,47.3]", "[8.5391,47.3]", &["~ [0]", "1"]);
    check("[[1,2],[3,4]]", "[[1,2],[3,5]]", &["~ [1][1]", "2"]);
    check("[1,2]", "[]", &["- [0]", "- [1]", "0"]);
    check(
        r#"[{"id":1,"n":1,"m":1},{"id":2,"n":2,"m":2}]"#,
        r#"[{"id":3,"n":1,"m":1},{"id":2,"n":7,"m":8}]"#,
        &["- [0]", "+ [0]", "~ [1].n", "~ [1].m", "1"],
    );
    check(
        r#"[{"id":1,"n":1},{"id":2,"n":2}]"#,
        r#"[{"id":2,"n":3},{"id":1,"n":4}]"#,
        &["+ [0]", "~ [1].n", "- [1]", "1"],
    );
    check(
        r#"[{"a":1,"b":2},{"a":5,"b":6}]"#,
        r#"[{"a":1,"b":3},{"a":7,"b":8}]"#,
        &["~ [0].b", "- [1]", "+ [1]", "1"],
    );
    check(
        r#"[{"id":null,"a":1,"b":1},7]"#,
        r#"[{"id":null,"a":1,"b":2},{"x":1}]"#,
        &["~ [0].b", "- [1]", "+ [1]", "2"],
    );
}

#[test]
fn long_arrays() {
    let array = |change: &dyn Fn(usize) -> usize, count: usize| {
        let all: Vec<String> = (0..count).map(|at| change(at).to_string()).collect();
        format!("[{}]", all.join(","))
    };
    let old = array(&|at| at, 120_000);
    let check = |new: &str, expected: &[&str], by_position: usize| {
        assert!(lines(&old, new, &Options::default()) == expected);
        let diff = Diff::between(old.as_bytes(), new.as_bytes(), &Options::default());
        assert_eq!(diff.by_position, by_position);
    };
    let two_changes = array(&|at| at + usize::from(at % 119_999 == 0), 120_000);
    check(&two_changes, &["~ [0]", "~ [119999]", "119998"], 1);
    let shifted = ["- [0]", "+ [119999]", "+ [120000]", "119999"];
    check(&array(&|at| at + 1, 120_001), &shifted, 0);
    check(&array(&|at| at + 2, 120_001), &["~ . long", "0"], 0);
    check(&array(&|at| at + 200_000, 120_000), &["~ . long", "0"], 0);
    check(&array(&|at| at, 120_001), &["+ [120000]", "120000"], 0);
}

#[test]
fn keys_of_arrays() {
    let old = r#"{"lines":[{"sku":"a","qty":1},{"sku":"b","qty":2}]}"#;
    let new = r#"{"lines":[{"sku":"b","qty":3},{"sku":"c","qty":1}]}"#;
    let with = |keys: &[&str]| Options {
        array_keys: keys
            .iter()
            .map(|key| ArrayKey::parse(key).unwrap())
            .collect(),
        ..Options::default()
    };
    let check = |keys: &[&str], expected: &[&str]| {
        assert_eq!(lines(old, new, &with(keys)), expected);
    };
    check(
        &["lines=sku"],
        &["- lines[0]", "~ lines[0].qty", "+ lines[1]", "1"],
    );
    check(
        &["other=sku"],
        &["- lines[0]", "+ lines[0]", "- lines[1]", "+ lines[1]", "0"],
    );
    check(
        &["**=sku"],
        &["- lines[0]", "~ lines[0].qty", "+ lines[1]", "1"],
    );
    assert!(ArrayKey::parse("lines").is_err() && ArrayKey::parse("lines=").is_err());
}

#[test]
fn patches() {
    let check = |old: &str, new: &str, expected: &str| {
        let diff = Diff::between(old.as_bytes(), new.as_bytes(), &Options::default());
        let mut out = Vec::new();
        json_patch::push(&diff, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    };
    check("{}", "{}", "[]");
    check("1", "1.0", r#"[{"op":"replace","path":"","value":1.0}]"#);
    check(r#""a""#, r#""\u0061""#, "[]");
    check(
        r#"{"a":1,"b/~":2,"c":[1,2,3]}"#,
        "{\"a\":{\"x\":\n1e400},\"c\":[0,1,3]}",
        concat!(
            r#"[{"op":"remove","path":"/c/1"},{"op":"add","path":"/c/0","value":0},"#,
            r#"{"op":"remove","path":"/b~1~0"},{"op":"replace","path":"/a","value":{"x":1e400}}]"#
        ),
    );
}

#[test]
fn merges() {
    let check = |old: &str, new: &str, expected: &str, exact: bool| {
        let mut out = Vec::new();
        let found = merge_patch::push(old.as_bytes(), new.as_bytes(), &mut out);
        assert_eq!(
            (String::from_utf8(out).unwrap().as_str(), found),
            (expected, exact)
        );
    };
    check("{}", "{}", "{}", true);
    check(
        r#"{"a":1,"b":{"c":1,"d":2},"e":[1,null]}"#,
        r#"{"b":{"c":1.0,"d":2},"e":[null],"f":{}}"#,
        r#"{"a":null,"b":{"c":1.0},"e":[null],"f":{}}"#,
        true,
    );
    check(r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":null}"#, false);
    check(
        r#"{"a":null,"b":1}"#,
        r#"{"a":null}"#,
        r#"{"b":null}"#,
        true,
    );
    check("{}", r#"{"a":{"b":null}}"#, r#"{"a":{"b":null}}"#, false);
    check(r#"{"a":1}"#, "null", "null", true);
    check(
        r#"{"a":{"x":1,"x":2}}"#,
        r#"{"a":{"x":3}}"#,
        r#"{"a":{"x":3}}"#,
        false,
    );
}

/// For any keys: the printed path of a change matches this place in every option, and no neighbour.
mod printed_paths {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::condition::{Condition, Facts};
    use crate::diff::path::{Step, push_jq, push_pointer};
    use crate::diff::pattern::{Pattern, Relation};
    use crate::diff::{Diff, Options};
    use crate::json::unquote;

    /// One value inside objects and arrays, beside another field at each level.
    fn nested(steps: &[(String, bool)], leaf: i32) -> Value {
        let Some(((name, in_array), rest)) = steps.split_first() else {
            return json!(leaf);
        };
        let inside = nested(rest, leaf);
        let value = if *in_array {
            json!([7, inside])
        } else {
            inside
        };
        let beside = format!("{name}x");
        json!({ name.as_str(): value, beside: 7 })
    }

    fn names() -> impl Strategy<Value = Vec<(String, bool)>> {
        let odd = [
            "",
            "a.b",
            "x[0]",
            "q\"q",
            "`",
            " ",
            "*",
            "**",
            "é",
            "~",
            "a/b",
            "/",
            "$",
            "old",
            "new",
            "op",
            "in",
            "NULL",
            "0",
            "name,other",
            "'",
            "\\",
            "\\u00e9",
            "😀",
            "\u{200b}",
            "a'b",
            "]",
            "old.x",
            "change",
        ];
        let name = prop_oneof![
            proptest::sample::select(odd.to_vec()).prop_map(str::to_owned),
            ".{0,5}",
            "[a-z_]{1,4}",
        ];
        // Objects in arrays that differ in such a field are two elements.
        let name = name.prop_filter("an identity", |name| {
            !["_id", "id", "key", "uuid"].contains(&name.as_str())
        });
        proptest::collection::vec((name, any::<bool>()), 1..4)
    }

    fn exact(patterns: &[Pattern], steps: &[Step<'_>]) -> bool {
        patterns
            .iter()
            .any(|pattern| pattern.relation(steps) == Relation::Exact)
    }

    proptest! {
        #[test]
        fn go_back_in(names in names(), escaped: bool) {
            let spell = |leaf| {
                let json = nested(&names, leaf).to_string();
                if !escaped {
                    return json;
                }
                let mut ascii = String::new();
                for c in json.chars() {
                    if c.is_ascii() {
                        ascii.push(c);
                        continue;
                    }
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        write!(ascii, "\\u{unit:04x}").unwrap();
                    }
                }
                ascii
            };
            let (old, new) = (spell(1), spell(2));
            let diff = Diff::between(old.as_bytes(), new.as_bytes(), &Options::default());
            prop_assert_eq!(diff.changes.len(), 1);
            let (mut steps, mut jq, mut pointer) = (Vec::new(), Vec::new(), b"\"".to_vec());
            diff.path(&diff.changes[0], &mut steps);
            push_jq(&steps, &mut jq);
            push_pointer(&steps, &mut pointer);
            pointer.push(b'"');
            let beside = serde_json::to_string(&format!("{}x", names[names.len() - 1].0)).unwrap();
            let mut neighbour = steps.clone();
            let last = neighbour.iter().rposition(|step| matches!(step, Step::Key(_))).unwrap();
            neighbour.truncate(last);
            neighbour.push(Step::Key(beside.as_bytes()));
            let jq = String::from_utf8(jq).unwrap();
            for path in [jq.clone(), unquote(&pointer).unwrap().into_owned()] {
                for patterns in [vec![Pattern::parse(&path).unwrap()], Pattern::parse_hidden(&path).unwrap()] {
                    prop_assert!(exact(&patterns, &steps), "{}", path);
                    prop_assert!(!exact(&patterns, &neighbour), "{}", path);
                }
                check(&Condition::changed(&path).unwrap(), &old, &new)?;
            }
            for condition in [
                format!("changed({jq})"),
                format!("{jq} = 2"),
                format!("{jq} IN (2)"),
                format!("NOT {jq} = 1 AND type({jq}) = 'integer'"),
                format!("zzzzzzz IS MISSING AND {jq} > 1"),
            ] {
                check(&Condition::parse(&condition).unwrap(), &old, &new)?;
            }
        }
    }

    fn check(condition: &Condition, old: &str, new: &str) -> Result<(), TestCaseError> {
        let (old, new) = (Some(old.as_bytes()), Some(new.as_bytes()));
        let facts = |old, new| Facts {
            old,
            new,
            ..Facts::default()
        };
        prop_assert!(condition.holds(&facts(old, new)), "{:?}", condition);
        prop_assert!(!condition.holds(&facts(old, old)), "{:?}", condition);
        Ok(())
    }
}
