//! Fuzzes conditions: any text is read or refused with a place inside it, and any bytes can be asked.
//! What an envelope refutes must not hold for the whole event.

#![no_main]

use ditto_cdc::condition::{Condition, Facts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8], &[u8])| {
    let (text, old, new) = input;
    for parsed in [Condition::parse(text), Condition::changed(text)] {
        let condition = match parsed {
            Ok(condition) => condition,
            Err(mistake) => {
                assert!(mistake.column() <= text.chars().count() + 1 && !mistake.to_string().is_empty());
                continue;
            }
        };
        let seen = Facts { collection: Some("people"), txn_id: Some(7), ..Facts::default() };
        let all = Facts { method: Some("update"), op: Some("update"), old: Some(old), new: Some(new), ..seen };
        assert!(!(condition.fails_early(&seen) && condition.holds(&all)));
    }
});
