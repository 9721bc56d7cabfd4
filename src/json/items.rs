//! One level of an array or object, lazily, for JSON that was checked before; and where a value ends.
//! Other bytes give nonsense, never a panic.

/// Something in an array or object. Spans are raw JSON.
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
    let mut at = if object || json.first() == Some(&b'[') {
        1
    } else {
        json.len()
    };
    let mut next = move || {
        let start = next_start(json, at)?;
        let end = value_end(json, start)?;
        at = end;
        json.get(start..end)
    };
    std::iter::from_fn(move || {
        let key = if object { Some(next()?) } else { None };
        next().map(|value| Item { key, value })
    })
}

/// Where the next value or key begins.
fn next_start(json: &[u8], at: usize) -> Option<usize> {
    let between = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b':');
    let rest = json.get(at..)?;
    let start = at + rest.iter().position(|byte| !between(byte))?;
    (!matches!(json.get(start), Some(b']' | b'}'))).then_some(start)
}

/// Behind the value that begins at `at`.
pub(crate) fn value_end(json: &[u8], at: usize) -> Option<usize> {
    match json.get(at)? {
        b'"' => string_end(json, at),
        b'{' | b'[' => container_end(json, at),
        _ => Some(scalar_end(json, at)),
    }
}

/// Behind the string whose quote stands at `at`.
#[inline]
pub(crate) fn string_end(json: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        at = found + 2;
    }
}

/// Behind the array or object whose bracket stands at `at`.
pub(crate) fn container_end(json: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        at = match json.get(at)? {
            b'"' => string_end(json, at)?,
            b'{' | b'[' => {
                depth += 1;
                at + 1
            }
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at + 1
            }
            _ => at + 1,
        };
    }
}

/// Behind the number or literal that begins at `at`.
#[inline]
pub(crate) fn scalar_end(json: &[u8], at: usize) -> usize {
    let rest = json.get(at..).unwrap_or_default();
    let is_end = |byte: &u8| {
        matches!(
            byte,
            b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':' | b'"' | b'{' | b'['
        )
    };
    at + rest.iter().position(is_end).unwrap_or(rest.len()).max(1)
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
