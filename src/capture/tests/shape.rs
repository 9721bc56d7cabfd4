//! The shape of captures, told by their first bytes.

use super::{Shape, detect, has_object_key};

#[test]
fn first_bytes() {
    let check = |head: &str, expected: Option<Shape>| {
        assert_eq!(detect(head.as_bytes(), false), expected, "{head}");
    };
    let (lines, values) = (Some(Shape::Lines), Some(Shape::Values));
    check("{}\n", lines);
    check("{}", None);
    check("{\"a\":1", None);
    check("{\"a\":1}\r\n{", lines);
    // Indented.
    check("{\n", None);
    check("{\n  \"a\"", values);
    check("{\r\n\t\"a\"", values);
    check("{\"a\": 1,\n \"b\"", values);
    check("{\n}", values);
    // Without indentation, as by json.dumps(indent=0).
    check("{\n\"a\"", values);
    // Cut off, so that the next line is another record.
    check("{\"a\":\n{\"b\":1}\n", lines);
    check("{\"a\":\nCreateTime:1\t{}\n", lines);
    // Arrays.
    check("[", None);
    check("[{", values);
    check("[\n  {", values);
    check("[ ]", values);
    check("[1]", lines);
    check("[\"a\"]\t{}\n", lines);
    // One after the other.
    check("{\"txnId\":1}{", values);
    check("{\"a\":1}{\"a\":2}\n", lines);
    check("{\"txnId\":1} {\"txnId\":2}", values);
    check("{\"txnId\":1}, {\"txnId\":2}", values);
    check("{\"type\":\"t\"},\n", values);
    check("{\"topic\":\"t\",\"offset\":1} {", values);
    // An object as the key.
    check("{\"_id\":1} {\"txnId\":2}\n", lines);
    check("{\"_id\":1},{\"txnId\":2}\n", lines);
    check("{\"_id\":1}: {\"txnId\":2}\n", lines);
    check("{\"_id\":1}\t{\"txnId\":2}\n", lines);
    check("{\"_id\":1}\tnull\n", lines);
    check("{\"_id\":1}\tnu", None);
    check("k\t{", lines);
}

#[test]
fn at_the_end_everything_is_decided() {
    for (head, expected) in [
        ("{", Shape::Lines),
        ("[", Shape::Lines),
        ("{}", Shape::Lines),
        ("{\n", Shape::Lines),
        ("{\"type\":\"t\"}{", Shape::Values),
        ("{\"a\":1},", Shape::Values),
        ("{\"a\":1} x", Shape::Lines),
    ] {
        assert_eq!(detect(head.as_bytes(), true), Some(expected), "{head}");
    }
}

#[test]
fn keys() {
    for (line, expected) in [
        ("{\"_id\":1}\t{\"a\":2}", true),
        ("{\"_id\":1}: {\"a\":2}", true),
        ("{\"_id\":1}|null", true),
        ("{\"_id\":1}", false),
        ("{\"_id\":1}{\"a\":2}", false),
        ("{\"_id\":1} x {\"a\":2}", false),
        ("{\"_id\":1", false),
        ("k\t{\"a\":2}", false),
        ("", false),
    ] {
        assert_eq!(has_object_key(line.as_bytes()), expected, "{line}");
    }
}
