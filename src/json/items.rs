//! Lazy iteration over one level of an array or object. For valid JSON; the result for other bytes is undefined, but
//! never a panic.

use super::skip::{separators, value_end};

/// A member of an object or an element of an array. Spans are raw JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// The key with its quotes; `None` in arrays.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: &'a [u8],
}

/// The members of an object or the elements of an array; nothing for other values.
pub fn items(json: &[u8]) -> impl Iterator<Item = Item<'_>> {
    let json = json.trim_ascii();
    let object = json.first() == Some(&b'{');
    let container = object || json.first() == Some(&b'[');
    let mut level = Level::new(if container { json } else { b"" });
    std::iter::from_fn(move || {
        let key = if object { Some(level.next()?) } else { None };
        level.next().map(|value| Item { key, value })
    })
}

/// The elements of an array.
pub fn elements(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut level = Level::new(array);
    std::iter::from_fn(move || level.next())
}

/// The fields of an object, with raw keys.
pub fn fields(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut level = Level::new(object);
    std::iter::from_fn(move || Some((level.next()?, level.next()?)))
}

/// Keys and values of one level, one after the other.
struct Level<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> Level<'a> {
    fn new(json: &'a [u8]) -> Self {
        Level { json, at: 1 }
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = separators(self.json, self.at);
        self.at = value_end(self.json, start)?;
        self.json.get(start..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::items;

    #[test]
    fn one_level() {
        let check = |json: &str, expected: &[&str]| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let found: Vec<String> = items(json.as_bytes())
                .map(|item| item.key.map_or_else(String::new, text) + &text(item.value))
                .collect();
            assert_eq!(found, expected, "{json}");
        };
        check("[]", &[]);
        check("{ }", &[]);
        check("7", &[]);
        check("", &[]);
        check(
            " [1 , \"a,]\\\"\",[2,{}], null]",
            &["1", "\"a,]\\\"\"", "[2,{}]", "null"],
        );
        check(
            "{\"a\" : {\"b\":[1]},\n\"}\":2}",
            &["\"a\"{\"b\":[1]}", "\"}\"2"],
        );
        check("{\"a\"", &[]);
        check("[[", &[]);
    }
}
