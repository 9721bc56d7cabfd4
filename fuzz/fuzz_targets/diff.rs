//! Fuzzes the diff: any two inputs can be compared, and the patch from one document to another is exact. A zero byte
//! separates the documents; those nested deeper than the recursion limit of `serde_json` are compared without a patch.

#![no_main]

use ditto_cdc::diff::{Diff, Options, json_patch, merge_patch, word_diff};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let middle = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len() / 2);
    let (old, new) = bytes.split_at(middle);
    let new = new.strip_prefix(&[0]).unwrap_or(new);
    let diff = Diff::between(old, new, &Options::default());
    let (mut operations, mut merged) = (Vec::new(), Vec::new());
    json_patch::push(&diff, &mut operations);
    let exact = merge_patch::push(old, new, &mut merged);
    if let (Ok(old), Ok(new)) = (std::str::from_utf8(old), std::str::from_utf8(new)) {
        let _ = word_diff::compare(old, new, 0);
    }
    let parsed = |json: &[u8]| serde_json::from_slice::<Value>(json).ok();
    if let (Some(old), Some(new)) = (parsed(old), parsed(new)) {
        let mut patched = old.clone();
        let operations: ::json_patch::Patch = serde_json::from_slice(&operations).expect("a patch is JSON");
        ::json_patch::patch(&mut patched, &operations).expect("a patch can be applied");
        assert_eq!(patched, new);
        let mut together = old;
        ::json_patch::merge(&mut together, &parsed(&merged).expect("a merge patch is JSON"));
        assert!(!exact || together == new);
    }
});
