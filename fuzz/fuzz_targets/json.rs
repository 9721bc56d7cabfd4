//! Fuzzes the JSON scanner: it must agree with `serde_json` on which input is valid.
//! Inputs that may exceed the recursion limit of `serde_json` are not compared.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let deep = bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() > 100;
    let text = std::str::from_utf8(bytes);
    let valid = text.is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    if !deep {
        assert_eq!(ditto_cdc::json::check(bytes).is_ok(), valid);
    }
    let _ = ditto_cdc::json::field(bytes, "_id");
    let _ = ditto_cdc::json::unquote(bytes);
    let _ = ditto_cdc::json::value_end(bytes, 0);
});
