//! Skipping must end where validation ends, and report the same fields.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::tests::{json, mutated};
use super::{Visitor, value_end, visit, visit_unchecked};

/// The reported fields, and how many to report before stopping.
#[derive(Default, Debug, PartialEq)]
struct RecordingVisitor {
    fields: Vec<(&'static str, Vec<u8>, Vec<u8>)>,
    stop_after: Option<usize>,
}

impl RecordingVisitor {
    fn record(&mut self, what: &'static str, key: &[u8], value: &[u8]) -> ControlFlow<()> {
        self.fields.push((what, key.to_vec(), value.to_vec()));
        if self.stop_after == Some(self.fields.len()) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

impl<'a> Visitor<'a> for RecordingVisitor {
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        self.record("field", key, value)
    }

    fn enter(&mut self, key: &'a [u8]) -> bool {
        self.fields.push(("enter", key.to_vec(), Vec::new()));
        key.len().is_multiple_of(2)
    }

    fn inner(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        self.record("inner", key, value)
    }
}

#[test]
fn ends() {
    let check = |json: &str, expected: Option<usize>| {
        assert_eq!(value_end(json.as_bytes(), 0), expected, "{json}");
    };
    check("7,", Some(1));
    check("null}", Some(4));
    check(r#""a\"b",1"#, Some(6));
    check(r#""a\\",1"#, Some(5));
    check(r#"[1,"]",{"}":[]}],2"#, Some(16));
    check(r#"{"a":{}} "#, Some(8));
    check("]", None);
    check("[", None);
    check(r#"["]"#, None);
    check(r#""a\"#, None);
    check("", None);
    let long = format!("[{}]", r#"{"a\\":"]}"},"#.repeat(1000));
    check(&long, Some(long.len()));
    let deep = "[".repeat(1000) + &"]".repeat(1000);
    check(&deep, Some(2000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn skimming_tells_what_walking_tells(json in json(), pad in 0..70usize, stop_after: Option<u8>) {
        let padded = format!("{}{json}\n", " ".repeat(pad));
        let stop_after = stop_after.map(|count| usize::from(count % 8));
        let [mut walked, mut skimmed] = [(); 2].map(|()| RecordingVisitor { stop_after, ..RecordingVisitor::default() });
        let flow = visit(padded.as_bytes(), &mut walked).unwrap();
        let object = json.trim_start().as_bytes().first() == Some(&b'{');
        let other = visit_unchecked(padded.as_bytes(), &mut skimmed);
        prop_assert_eq!(other.is_some(), object);
        if let Some(other) = other {
            prop_assert_eq!((flow, walked), (other, skimmed));
        }
    }

    #[test]
    fn a_value_ends_where_it_ends(json in json(), pad in 0..70usize) {
        let padded = format!("{}{},{{}}", " ".repeat(pad), json.trim());
        prop_assert_eq!(value_end(padded.as_bytes(), pad), Some(pad + json.trim().len()));
    }

    #[test]
    fn nothing_panics(bytes in mutated(), at in 0..400usize) {
        let _ = visit_unchecked(&bytes, &mut RecordingVisitor::default());
        let _ = value_end(&bytes, at);
    }
}
