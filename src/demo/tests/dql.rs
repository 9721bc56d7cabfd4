//! Statements that the parser accepts and rejects; hostile strings must not panic.

use proptest::prelude::*;

use super::*;
use crate::snapshot::read::queries::{Target, listing};

fn target(condition: Option<&str>) -> Target {
    Target::new("a`b c".to_owned(), condition.map(str::to_owned))
}

#[test]
fn every_query_of_a_collection_read_is_understood() {
    for condition in [None, Some("a = ')' AND (b > 1)")] {
        let target = target(condition);
        let mut queries = vec![
            target.census(),
            target.count(),
            target.whole(),
            target.offset(5, 7),
        ];
        for kind in IdType::ALL {
            queries.push(target.page(kind, None, 3));
            queries.push(target.page(kind, Some("1"), 3));
        }
        queries.push(listing(7));
        queries.push(target.by_id("1"));
        queries.extend(target.without_alias().map(|plain| plain.census()));
        for query in queries {
            let read = parse(&query.statement);
            assert!(read.is_ok(), "{}: {read:?}", query.statement);
            if let Ok(Statement::Select(select)) = read {
                assert_eq!(select.collection, "a`b c");
                assert_eq!(
                    select
                        .predicates
                        .iter()
                        .any(|predicate| matches!(predicate, Predicate::Condition(_))),
                    condition.is_some()
                );
            }
        }
    }
}

#[test]
fn what_is_unknown_is_refused_in_words() {
    for (text, words) in [
        ("", "Expected: SELECT, INSERT or DELETE, found: EOF"),
        ("EVICT FROM a", "found: EVICT"),
        ("SELECT * FROM a;", "Expected: end of statement, found: ;"),
        ("SELECT median(x) FROM a", "Function \"median\" not found"),
        ("SELECT * FROM a WHERE b = 1", "found: b"),
        ("SELECT * FROM a WHERE (b = )", "Invalid query"),
        ("SELECT * FROM a WHERE (b = 1", "Expected: )"),
        ("SELECT * FROM a LIMIT x", "Expected: a number, found: x"),
        ("SELECT * FROM `a", "has no closing `"),
        ("SELECT * FROM ``", "Expected: a collection"),
        ("DELETE FROM a", "Expected: WHERE, found: EOF"),
        ("INSERT INTO a DOCUMENTS (1)", "Expected: an argument"),
    ] {
        let refused = parse(text).err().unwrap_or_default();
        assert!(refused.contains(words), "{text}: {refused}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}", parts in prop::collection::vec(
        prop::sample::select(vec!["SELECT", "*", "FROM", "`", "'", "(", ")", "WHERE", "type(_id)", "=", ":é", "ORDER BY", "--", "\\", "LIMIT", "_id", ">", "AND", "é"]), 0..30)) {
        let _ = parse(&text);
        let _ = parse(&parts.join(" "));
    }
}
