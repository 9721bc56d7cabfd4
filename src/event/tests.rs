//! Tables of valid events and invalid payloads; properties that filter and decoder agree.

#![allow(clippy::unwrap_used)]

use crate::condition::Condition;
use proptest::prelude::*;

use super::filter::{Filter, FilterOptions, Verdict};
use super::filter_stats::FilterStats;
use super::grep::{Mask, SearchText};
use super::{Event, EventKind, Op, TxnId, Unreadable, decode, is_gap};

fn event(json: &str) -> Event<'_> {
    decode(Some(json.as_bytes())).unwrap()
}

const INSERT: &str = r#"{"txnId":552789,"type":"documentChanged","collection":"people","change":{"method":"upsert","oldValue":null,"newValue":{"_id":"a","n":1}}}"#;
const UPDATE: &str = r#"{"txnId":552790,"type":"documentChanged","collection":"people","change":{"method":"update","oldValue":{"_id":"a","n":1},"newValue":{"n":2,"_id":"a"}}}"#;
const REMOVE: &str = r#"{"txnId":701251,"type":"documentChanged","collection":"cars","change":{"method":"remove","value":{"_id":{"b":2,"a":1}}}}"#;
const REQUERY: &str = r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#;
const OLD_REQUERY: &str = r#"{"txnID":"45","type":"RequeryRequired"}"#;
const UNKNOWN: &str = r#"{"type":"heartbeat","version":2}"#;

#[test]
fn a_whole_event() {
    let expected = Event {
        raw: INSERT.as_bytes(),
        kind: EventKind::DocumentChanged,
        txn_id: Some(TxnId(552_789)),
        collection: Some("people".into()),
        method: Some("upsert".into()),
        old: Some(b"null"),
        new: Some(br#"{"_id":"a","n":1}"#),
        value: None,
    };
    assert_eq!(event(INSERT), expected);
}

#[test]
fn kinds() {
    assert_eq!(event(REQUERY).kind, EventKind::RequeryRequired);
    assert_eq!(event(OLD_REQUERY).kind, EventKind::RequeryRequired);
    assert_eq!(event(UNKNOWN).kind, EventKind::Other("heartbeat".into()));
    assert_eq!(
        event(r#"{"type":"document\u0043hanged"}"#).kind,
        EventKind::DocumentChanged
    );
}

#[test]
fn operations_are_told_by_values() {
    let check = |change: &str, expected: Op| {
        let json = format!(r#"{{"type":"documentChanged","change":{change}}}"#);
        assert_eq!(event(&json).op(), expected, "{change}");
    };
    check(
        r#"{"method":"update","oldValue":null,"newValue":{}}"#,
        Op::Insert,
    );
    check(r#"{"method":"remove","newValue":{}}"#, Op::Insert);
    check(
        r#"{"method":"upsert","oldValue":{},"newValue":{}}"#,
        Op::Update,
    );
    check(r#"{"method":"evict","value":{}}"#, Op::Remove);
    check(
        r#"{"method":"upsert","oldValue":{},"newValue":null}"#,
        Op::Remove,
    );
    check(r#"{"oldValue":{}}"#, Op::Remove);
    check(r#"{"method":"remove","value":null}"#, Op::Other);
    check(r#"{"method":"remove"}"#, Op::Other);
    check("null", Op::Other);
    check("[]", Op::Other);
    assert_eq!(event(REQUERY).op(), Op::Other);
    assert_eq!(
        event(r#"{"type":"heartbeat","change":{"newValue":{}}}"#).op(),
        Op::Other
    );
}

#[test]
fn transactions() {
    let check = |fields: &str, expected: Option<u64>| {
        let json = format!(r#"{{{fields}"type":"x"}}"#);
        assert_eq!(event(&json).txn_id, expected.map(TxnId), "{fields}");
    };
    check(r#""txnId":18446744073709551615,"#, Some(u64::MAX));
    check(r#""txnID":"18446744073709551615","#, Some(u64::MAX));
    check(r#""txnId":18446744073709551616,"#, None);
    check(r#""txnId":"4\u0035","#, Some(45));
    check(r#""txnId":-1,"#, None);
    check(r#""txnId":1.0,"#, None);
    check(r#""txnId":1e3,"#, None);
    check(r#""txnId":"+1","#, None);
    check(r#""txnId":"","#, None);
    check(r#""txnId":null,"#, None);
    check(r#""txnid":7,"#, None);
    check("", None);
}

#[test]
fn ids() {
    let check = |json: &str, expected: Option<&str>| {
        assert_eq!(event(json).id(), expected.map(str::as_bytes), "{json}");
    };
    check(INSERT, Some(r#""a""#));
    check(UPDATE, Some(r#""a""#));
    check(REMOVE, Some(r#"{"b":2,"a":1}"#));
    check(REQUERY, None);
    check(
        r#"{"type":"documentChanged","change":{"oldValue":{"_id":7},"newValue":null}}"#,
        Some("7"),
    );
    check(
        r#"{"type":"documentChanged","change":{"oldValue":{"_id":7},"newValue":{"x":{"_id":8}}}}"#,
        Some("7"),
    );
}

#[test]
fn odd_spellings() {
    let check = |json: &str| {
        let event = event(json);
        let found = (
            event.collection.as_deref(),
            event.method.as_deref(),
            event.new,
            event.txn_id,
        );
        assert_eq!(
            found,
            (Some("c"), Some("m"), Some(&b"[1]"[..]), Some(TxnId(1))),
            "{json}"
        );
    };
    check(r#"{"change":{"newValue":[1],"method":"m"},"collection":"c","type":"t","txnID":1}"#);
    check(
        "\t{ \"type\" :\r\n\"t\" , \"change\" : { \"method\" : \"m\" , \"newValue\" : [1] } , \"collection\" : \"c\" , \"txnId\":1 }\r\n",
    );
    check(
        r#"{"typ\u0065":"t","colle\u0063tion":"c","\u0063hange":{"meth\u006fd":"m","\u006eewValue":[1]},"t\u0078nId":"1"}"#,
    );
    // The first of two keys counts, whatever its value.
    check(
        r#"{"type":"t","collection":"c","collection":"d","txnId":1,"txnID":2,"type":7,"change":{"method":"m","method":"n","newValue":[1],"newValue":null},"change":{"value":1,"method":"o"}}"#,
    );
    let shadowed = event(
        r#"{"type":"t","change":null,"change":{"method":"m"},"collection":null,"collection":"c"}"#,
    );
    assert_eq!((shadowed.method, shadowed.collection), (None, None));
    // A nested envelope, or a string that contains one, is not the envelope.
    let nested = event(
        r#"{"a":{"collection":"x"},"b":"\"collection\":\"y\"","c":[{"method":"z"}],"type":"t","change":{"d":{"method":"z"}}}"#,
    );
    assert_eq!((nested.method, nested.collection), (None, None));
    assert_eq!(
        event(r#"{"type":"t","collection":"\ud800x"}"#)
            .collection
            .as_deref(),
        Some("\\ud800x")
    );
}

#[test]
fn unreadable() {
    let check = |payload: Option<&[u8]>, expected: Unreadable| {
        assert_eq!(decode(payload), Err(expected));
        let all = FilterOptions {
            collections: vec!["nothing".into()],
            ids: vec!["x".into()],
            ..FilterOptions::default()
        };
        let verdict = Filter::new(&all).unwrap().verdict(payload);
        assert_eq!(verdict, Verdict::Unreadable(expected));
    };
    check(None, Unreadable::Empty);
    check(Some(b""), Unreadable::NotJson { at: 0 });
    check(Some(b"hello"), Unreadable::NotJson { at: 0 });
    check(
        Some(b"{\"type\":\"t\"\xff}"),
        Unreadable::NotUtf8 { at: 11 },
    );
    check(
        Some(br#"{"type":"t","collection":"c","change":{"#),
        Unreadable::NotJson { at: 39 },
    );
    check(Some(b"7"), Unreadable::NotAnEvent);
    check(Some(br#"["type"]"#), Unreadable::NotAnEvent);
    check(Some(br#"{"Type":"t"}"#), Unreadable::NotAnEvent);
    check(
        Some(br#"{"type":7,"type":"t","collection":"c"}"#),
        Unreadable::NotAnEvent,
    );
}

#[test]
fn wishes() {
    let names = |all: &[&str]| {
        all.iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let check = |options: &FilterOptions, expected: &[&str]| {
        let filter = Filter::new(options).unwrap();
        let shown =
            |json: &&&str| matches!(filter.verdict(Some(json.as_bytes())), Verdict::Shown(_));
        let all = [INSERT, UPDATE, REMOVE, REQUERY, OLD_REQUERY, UNKNOWN];
        let found: Vec<_> = all.iter().filter(shown).copied().collect();
        assert_eq!(found, expected, "{options:?}");
    };
    let collections = |globs: &[&str]| FilterOptions {
        collections: names(globs),
        ..FilterOptions::default()
    };
    let ids = |all: &[&str]| FilterOptions {
        ids: names(all),
        ..FilterOptions::default()
    };
    let all = [INSERT, UPDATE, REMOVE, REQUERY, OLD_REQUERY, UNKNOWN];
    check(&FilterOptions::default(), &all);
    check(
        &collections(&["people"]),
        &[INSERT, UPDATE, REQUERY, OLD_REQUERY],
    );
    check(&collections(&["People"]), &[REQUERY, OLD_REQUERY]);
    check(&collections(&["c*", "x"]), &[REMOVE, REQUERY, OLD_REQUERY]);
    check(
        &collections(&["!people"]),
        &[REMOVE, REQUERY, OLD_REQUERY, UNKNOWN],
    );
    check(
        &collections(&["*", "!c?rs"]),
        &[INSERT, UPDATE, REQUERY, OLD_REQUERY],
    );
    check(
        &FilterOptions {
            methods: names(&["update", "remove"]),
            ..FilterOptions::default()
        },
        &[UPDATE, REMOVE, REQUERY, OLD_REQUERY],
    );
    check(
        &FilterOptions {
            ops: vec![Op::Insert],
            ..FilterOptions::default()
        },
        &[INSERT, REQUERY, OLD_REQUERY],
    );
    check(&ids(&["a"]), &[INSERT, UPDATE, REQUERY, OLD_REQUERY]);
    check(&ids(&[r#"{"a":1,"b":2}"#]), &[REMOVE, REQUERY, OLD_REQUERY]);
    let in_range = |after_txn: Option<u64>, until_txn: Option<u64>| FilterOptions {
        after_txn,
        until_txn,
        ..FilterOptions::default()
    };
    let number = |json: &str| super::txn_id(json.as_bytes()).map(|txn| txn.0);
    let numbers: Vec<_> = all.iter().filter_map(|json| number(json)).collect();
    for limit in numbers.iter().flat_map(|number| [number - 1, *number]) {
        let (late, early): (Vec<&str>, Vec<&str>) = all
            .iter()
            .partition(|json| number(json).is_none_or(|number| number > limit));
        check(&in_range(Some(limit), None), &late);
        let unnumbered = all.iter().filter(|json| number(json).is_none());
        let mut early: Vec<&str> = early.into_iter().chain(unnumbered.copied()).collect();
        early.sort_by_key(|json| all.iter().position(|one| one == json));
        check(&in_range(None, Some(limit)), &early);
    }
    check(
        &FilterOptions {
            no_control: true,
            ..FilterOptions::default()
        },
        &[INSERT, UPDATE, REMOVE, UNKNOWN],
    );
    check(
        &FilterOptions {
            no_control: true,
            ..collections(&["cars"])
        },
        &[REMOVE],
    );
}

#[test]
fn globs() {
    let check = |glob: &str, name: &str, expected: bool| {
        let options = FilterOptions {
            collections: vec![glob.into()],
            ..FilterOptions::default()
        };
        let json = format!(
            r#"{{"type":"t","collection":{}}}"#,
            serde_json::Value::from(name)
        );
        let verdict = Filter::new(&options)
            .unwrap()
            .verdict(Some(json.as_bytes()));
        assert_eq!(
            matches!(verdict, Verdict::Shown(_)),
            expected,
            "{glob} {name}"
        );
    };
    check("a*", "a/b", true);
    check("*", "..", true);
    check("*", "a\nb", true);
    check("a/b", "a/b", true);
    check("{a,b}c", "bc", true);
    check("[!a]x", "bx", true);
    check(r"a\*", "a*", true);
    check(r"a\*", "ab", false);
    check(r"\!a", "!a", true);
    check("ü*", "üß", true);
    let bad = FilterOptions {
        collections: vec!["![a".into()],
        ..FilterOptions::default()
    };
    assert_eq!(
        Filter::new(&bad).err().map(|error| error.glob),
        Some("![a".into())
    );
}

fn meeting(condition: &str) -> FilterOptions {
    FilterOptions {
        conditions: vec![Condition::parse(condition).unwrap()],
        ..FilterOptions::default()
    }
}

fn containing(text: &str) -> FilterOptions {
    FilterOptions {
        texts: vec![SearchText::new(text).unwrap()],
        ..FilterOptions::default()
    }
}

#[test]
fn every_text_must_be_found_and_what_a_mask_hides_is_not() {
    let check = |texts: &[&str], mask: Option<&'static str>, expected: &[&str]| {
        let options = FilterOptions {
            texts: texts
                .iter()
                .map(|text| SearchText::new(text).unwrap())
                .collect(),
            mask: mask.map(|payload| Mask::new(|_| payload.as_bytes().to_vec())),
            ..FilterOptions::default()
        };
        let filter = Filter::new(&options).unwrap();
        let all = [INSERT, UPDATE, REMOVE, REQUERY, OLD_REQUERY, UNKNOWN];
        let shown = |json: &&&str| {
            let payload = Some(json.as_bytes());
            let mut stats = FilterStats::new(&filter);
            stats.add(&filter, &event(json));
            let is_shown = matches!(filter.verdict(payload), Verdict::Shown(_));
            assert_eq!(stats.passed == 1, is_shown && !json.contains("equeryReq"));
            is_shown
        };
        let found: Vec<_> = all.iter().filter(shown).copied().collect();
        assert_eq!(found, expected, "{texts:?} {mask:?}");
    };
    check(
        &["_id"],
        None,
        &[INSERT, UPDATE, REMOVE, REQUERY, OLD_REQUERY],
    );
    check(
        &["a", "1"],
        None,
        &[INSERT, UPDATE, REMOVE, REQUERY, OLD_REQUERY],
    );
    check(&["n", "2"], None, &[UPDATE, REQUERY, OLD_REQUERY, UNKNOWN]);
    check(&["upsert"], None, &[REQUERY, OLD_REQUERY]);
    check(&["heartbeat"], None, &[REQUERY, OLD_REQUERY, UNKNOWN]);
    check(&["n"], Some(REMOVE), &[REQUERY, OLD_REQUERY]);
    check(
        &["b"],
        Some(REMOVE),
        &[REMOVE, REQUERY, OLD_REQUERY, UNKNOWN],
    );
}

/// A rejected payload is not read to its end.
#[test]
fn hidden_by_its_envelope() {
    let options = FilterOptions {
        collections: vec!["cars".into()],
        ..FilterOptions::default()
    };
    let filter = Filter::new(&options).unwrap();
    let check = |json: &str, hidden: bool| {
        assert_eq!(
            filter.verdict(Some(json.as_bytes())) == Verdict::Hidden,
            hidden,
            "{json}"
        );
    };
    let gap = " ".repeat(64);
    check(
        &format!(r#"{{"type":"t","collection":"people","change":{gap}nonsense}}"#),
        true,
    );
    check(
        &format!(r#"{{"type":"t","collection":"people","change":{gap}nonsense"#),
        false,
    );
    check(
        &format!(r#"{{"type":"t","collection":"cars","change":{gap}nonsense}}"#),
        false,
    );
    check(
        &format!(r#"{{"collection":"people","change":{gap}nonsense,"type":"t"}}"#),
        false,
    );
    let filter = Filter::new(&containing("cars")).unwrap();
    let is_hidden = |json: &str| filter.verdict(Some(json.as_bytes())) == Verdict::Hidden;
    assert!(is_hidden(&format!(
        r#"{{"type":"t","change":{gap}nonsense}}"#
    )));
    assert!(!is_hidden(&format!(
        r#"{{"type":"t","cars":{gap}nonsense}}"#
    )));
    assert!(!is_hidden(&format!(
        r#"{{"type":"requeryRequired","change":{gap}nonsense}}"#
    )));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// For any bytes, the filter decides as if everything had been decoded first.
    #[test]
    fn judge_agrees_with_decode(change in crate::json::tests::json(), order in 0..6u8, pick in 0..14u8, txn in 4..8u64) {
        let (kind, collection) = (r#""type":"documentChanged""#, r#""collection":"people""#);
        let json = match order {
            0 => format!(r#"{{{kind},{collection},"change":{change}}}"#),
            1 => format!(r#"{{{collection},"change":{change},{kind}}}"#),
            2 => format!(r#"{{"change":{{"method":{change},"newValue":{change}}},{collection},{kind}}}"#),
            3 => format!(r#"{{{kind},"change":{{"value":{change},"method":"x"}}}}"#),
            4 => format!(r#"{{"txnId":{txn},{kind},{collection},"change":{{"value":{change}}}}}"#),
            _ => format!(r#"{{"change":{change},"type":"requeryRequired","txnID":"{txn}"}}"#),
        };
        let options = match pick {
            0 => FilterOptions { collections: vec!["people".into()], ..FilterOptions::default() },
            1 => FilterOptions { collections: vec!["!p*".into()], ..FilterOptions::default() },
            2 => FilterOptions { methods: vec!["x".into()], ..FilterOptions::default() },
            3 => meeting("collection = 'people' AND method IS MISSING"),
            4 => meeting("a IS NOT MISSING OR b[0] IS NOT MISSING OR NOT method = 'y'"),
            5 => meeting("type(new) = 'object' AND op = 'insert'"),
            6 => meeting("collection != 'people' OR changed(a)"),
            7 => FilterOptions { after_txn: Some(5), collections: vec!["p*".into()], ..FilterOptions::default() },
            9 => containing("a"),
            10 => FilterOptions { collections: vec!["people".into()], no_control: true, ..containing("É") },
            11 => FilterOptions { conditions: vec![Condition::parse("op = 'insert'").unwrap()], ..containing("0") },
            12 => FilterOptions { mask: Some(Mask::new(|event| event.raw.to_vec())), ..containing("a") },
            8 => FilterOptions { after_txn: Some(4), until_txn: Some(6), ..meeting("collection = 'people'") },
            _ => FilterOptions { ops: vec![Op::Remove], no_control: true, ..FilterOptions::default() },
        };
        if let Ok(event) = decode(Some(json.as_bytes())) {
            prop_assert_eq!(is_gap(json.as_bytes()), event.kind == EventKind::RequeryRequired);
        }
        let filter = Filter::new(&options).unwrap();
        let expected = match decode(Some(json.as_bytes())) {
            Ok(event) if filter.matches(&event) => Verdict::Shown(event),
            Ok(_) => Verdict::Hidden,
            Err(unreadable) => Verdict::Unreadable(unreadable),
        };
        let rejects_early = filter.rejects_early(Some(json.as_bytes()));
        prop_assert!(!rejects_early || expected == Verdict::Hidden);
        prop_assert_eq!(filter.verdict(Some(json.as_bytes())), expected);
        let payload = Some(json.as_bytes());
        let mut whole = FilterStats::new(&filter);
        whole.add_payload(&filter, payload);
        if let (Some(why), 1) = (filter.early_rejection(payload), whole.events) {
            let mut early = FilterStats::new(&filter);
            early.add_rejected(&filter, payload, &why);
            prop_assert_eq!(early, whole);
        }
    }

    #[test]
    fn noise_is_never_hidden(bytes in crate::json::tests::mutated()) {
        let options = FilterOptions { collections: vec!["nothing".into()], ..FilterOptions::default() };
        let filter = Filter::new(&options).unwrap();
        let verdict = filter.verdict(Some(&bytes));
        prop_assert!(!filter.rejects_early(Some(&bytes)) || verdict == Verdict::Hidden);
        match decode(Some(&bytes)) {
            Ok(_) => prop_assert_eq!(verdict, Verdict::Hidden),
            Err(unreadable) => prop_assert_eq!(verdict, Verdict::Unreadable(unreadable)),
        }
    }
}
