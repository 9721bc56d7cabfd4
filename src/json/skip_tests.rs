//! Passing over values must end where checking them ends, and report what checking reports.
//! What is JSON at all is tested in `tests`.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::tests::{json, mutated};
use super::{Watch, skim, value_end, walk};

/// Everything that was heard, and when to stop listening.
#[derive(Default, Debug, PartialEq)]
struct Heard {
    told: Vec<(&'static str, Vec<u8>, Vec<u8>)>,
    stop_after: Option<usize>,
}

impl Heard {
    fn hear(&mut self, what: &'static str, key: &[u8], value: &[u8]) -> ControlFlow<()> {
        self.told.push((what, key.to_vec(), value.to_vec()));
        if self.stop_after == Some(self.told.len()) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

impl<'a> Watch<'a> for Heard {
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        self.hear("field", key, value)
    }

    fn enter(&mut self, key: &'a [u8]) -> bool {
        self.told.push(("enter", key.to_vec(), Vec::new()));
        key.len().is_multiple_of(2)
    }

    fn inner(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        self.hear("inner", key, value)
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
        let [mut walked, mut skimmed] = [(); 2].map(|()| Heard { stop_after, ..Heard::default() });
        let flow = walk(padded.as_bytes(), &mut walked).unwrap();
        let object = json.trim_start().as_bytes().first() == Some(&b'{');
        let other = skim(padded.as_bytes(), &mut skimmed);
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
        let _ = skim(&bytes, &mut Heard::default());
        let _ = value_end(&bytes, at);
    }
}
