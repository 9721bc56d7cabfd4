//! Conditions as tables: what holds for one document, and what is said of mistakes.
//! Agreement with Ditto's engine is tested in `tests/conditions.rs`.
#![allow(clippy::unwrap_used)]

use super::{Condition, Facts};

const DOCUMENT: &str =
    r#"{"_id":"a","qty":5,"name":"Zürich","tags":["x",1],"none":null,"o":{"k":[{"c":5}]}}"#;

#[test]
fn documents() {
    let check = |text: &str, expected: bool| {
        let facts = Facts {
            collection: Some("people"),
            new: Some(DOCUMENT.as_bytes()),
            ..Facts::default()
        };
        assert_eq!(
            Condition::parse(text).unwrap().holds(&facts),
            expected,
            "{text}"
        );
    };
    check("qty = 5", true);
    check("qty > 5.5", false);
    check("o.k[0].c = 5 and name ILIKE 'zÜ%'", true);
    check("collection = 'people' && !(qty = 6)", true);
}
