//! Fuzzes conditions and paths: any string yields a condition or an error with a position inside it, and documents may be
//! any bytes. A condition that partial evaluation rejects must not hold for the whole event.

#![no_main]

use ditto_cdc::condition::{Condition, Facts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8], &[u8])| {
    let (text, old, new) = input;
    let parsed = Condition::parse(text);
    if let Err(error) = &parsed {
        assert!(error.column() <= text.chars().count() + 1 && !error.to_string().is_empty());
    }
    let changed = Condition::changed(text);
    if let Err(error) = &changed {
        assert!(!error.to_string().is_empty());
    }
    for condition in [parsed.ok(), changed.ok()].into_iter().flatten() {
        let envelope = Facts { collection: Some("people"), txn_id: Some(7), ..Facts::default() };
        let event = Facts { method: Some("update"), op: Some("update"), old: Some(old), new: Some(new), ..envelope };
        assert!(!(condition.fails_early(&envelope) && condition.holds(&event)));
    }
});
