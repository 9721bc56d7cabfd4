//! Test documents with values and ids of every type that the engine accepts.

use serde_json::{Value, json};

/// Ids of every type with unusual order and spelling.
pub fn odd_ids() -> Vec<Value> {
    let strings = [
        "",
        " ",
        "7",
        "a",
        "A",
        "é",
        "\u{2028}",
        "a\"b",
        "a\\b",
        "a/b",
        "\n\t\u{1}",
        "\u{7f}",
        "😀",
        "\u{ffff}",
        "true",
        "null",
        "{}",
        "[1]",
        "`x`",
        "'x'",
        "%",
    ];
    let mut ids: Vec<Value> = strings.iter().map(|text| json!(text)).collect();
    ids.push(json!("z".repeat(240)));
    ids.extend([json!(true), json!(false)]);
    ids.extend([0, -1, 7, i64::MAX, i64::MIN, (1 << 53) + 1].map(|number| json!(number)));
    ids.extend([
        json!([]),
        json!([1]),
        json!([1, 2]),
        json!(["1"]),
        json!([[1], {"b": 1}]),
        json!([null]),
        json!([true]),
        json!(["a\"\\/\n\u{1}\u{7f}é😀\u{2028}"]),
    ]);
    ids.extend([
        json!({}),
        json!({"a": 1}),
        json!({"b": 1}),
        json!({"a": {"x": 1}}),
        json!({"b": 2, "a": 1}),
        json!({"a": i64::MAX}),
        json!({"é": "\u{1}", "a": "\u{7f}"}),
        json!({"A": 1, "a": 1, "aa": 2}),
        json!({"k y": [1, "x"]}),
        json!({"x": "/"}),
        json!({"": ""}),
    ]);
    ids
}

/// A document with that id and values of every type.
pub fn document(id: &Value, number: usize) -> Value {
    json!({
        "_id": id,
        "n": number,
        "big": i64::MAX - i64::try_from(number).unwrap(),
        "float": 0.1 + f64::from(u32::try_from(number).unwrap()),
        "whole": 1.0,
        "null": null,
        "text": "ü \"quoted\" \\ \n \u{1} 😀 ]}",
        "deep": {"a": [1, {"b": [[], {}]}], "": true},
    })
}

/// Documents with the odd ids, and `each` ones with object, array, integer and string ids.
pub fn many(each: usize) -> Vec<Value> {
    let composite = |n: usize| json!({"store": format!("s-{}", n % 97), "till": n});
    let list = |n: usize| json!([n % 13, format!("x{n}")]);
    let mut ids = odd_ids();
    ids.extend((0..each).map(composite));
    ids.extend((0..each).map(list));
    ids.extend((0..each).map(|n| json!(n * 31 + 1000)));
    ids.extend((0..each).map(|n| json!(format!("id-{n}"))));
    ids.into_iter()
        .enumerate()
        .map(|(number, id)| document(&id, number))
        .collect()
}

/// Collection names that are not valid file names, or differ only in case.
pub const NAMES: &[&str] = &[
    "cars",
    "CARS",
    "Cars",
    "..",
    ".",
    "a/b",
    "a\\b",
    "a`b",
    "a'b\"c",
    "tab\t",
    "select",
    "ünï",
    " ",
    "-",
    "con",
    "manifest.json",
    "x y",
    "%2f",
    "😀",
    "*",
];
