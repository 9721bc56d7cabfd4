//! Fuzzes decoding and filtering: the filter must decide as if the whole payload had been decoded first.
//! Only a payload that is rejected early may be invalid JSON further on.

#![no_main]

use ditto_cdc::condition::Condition;
use ditto_cdc::event::decode;
use ditto_cdc::event::filter::{Filter, Verdict, FilterOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let collections = vec!["p*".to_owned(), "!people".to_owned()];
    let Ok(filter) = Filter::new(&FilterOptions { collections, ..FilterOptions::default() }) else { return };
    match (filter.verdict(Some(bytes)), decode(Some(bytes))) {
        (Verdict::Shown(shown), Ok(event)) => assert!(shown == event && filter.matches(&event)),
        (Verdict::Hidden, Ok(event)) => assert!(!filter.matches(&event)),
        (Verdict::Unreadable(one), Err(other)) => assert_eq!(one, other),
        (Verdict::Hidden, Err(_)) => {}
        (verdict, decoded) => panic!("{verdict:?} {decoded:?}"),
    }
    let Ok(condition) = Condition::parse("collection = 'a' OR changed(b) AND c[0] > 1") else { return };
    let Ok(filter) = Filter::new(&FilterOptions { conditions: vec![condition], ..FilterOptions::default() }) else { return };
    if let Ok(event) = decode(Some(bytes)) {
        assert_eq!(matches!(filter.verdict(Some(bytes)), Verdict::Shown(_)), filter.matches(&event));
    }
    if let Ok(event) = decode(Some(bytes)) {
        let _ = (event.op(), event.id());
    }
});
