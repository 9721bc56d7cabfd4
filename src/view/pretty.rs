//! Indented and coloured JSON, with every digit and key as received.

use std::io;

use colored_json::{Color, ColorMode, ColoredFormatter, Style, Styler};
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::value::RawValue;

use super::escape;
use super::escape::EscapeStyle;
use super::styles::palette;

/// Deeper values are printed on one line, which limits the recursion.
const MAX_DEPTH: usize = 100;

/// Appends indented JSON, coloured if requested.
pub(super) fn push(json: &[u8], coloured: bool, out: &mut Vec<u8>) {
    let mode = if coloured {
        ColorMode::On
    } else {
        ColorMode::Off
    };
    let before = out.len();
    let written = serde_json::from_slice::<&RawValue>(json).and_then(|raw| {
        let formatter = ColoredFormatter::with_styler(Safe::default(), styler());
        formatter.write_colored_json(&Node { raw, depth: 0 }, out, mode)
    });
    if written.is_err() {
        // JSON that cannot be indented is printed as it is: the event must not be lost.
        out.truncate(before);
        escape::push(json, EscapeStyle::Json, out);
    }
    out.push(b'\n');
}

/// Names are bold and strings green; the rest has the colour of the terminal's text.
fn styler() -> Styler {
    Styler {
        key: Style::new().bold(),
        string_value: Color::Fixed(palette::GREEN).foreground(),
        nil_value: Color::Fixed(palette::GREY).foreground(),
        ..Styler::default()
    }
}

/// A value that is parsed one level at a time: a tree would merge duplicate keys.
#[derive(Clone, Copy)]
struct Node<'a> {
    raw: &'a RawValue,
    depth: usize,
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.raw.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if self.depth < MAX_DEPTH => self.serialize_container(serializer),
            Some(b'"') => match serde_json::from_str::<String>(text) {
                Ok(string) => serializer.serialize_str(&string),
                Err(_) => self.raw.serialize(serializer),
            },
            Some(b't') => serializer.serialize_bool(true),
            Some(b'f') => serializer.serialize_bool(false),
            Some(b'n') => serializer.serialize_unit(),
            // Numbers keep their digits.
            _ => self.raw.serialize(serializer),
        }
    }
}

impl Node<'_> {
    fn serialize_container<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(self.raw.get());
        match deserializer.deserialize_any(Members) {
            Ok(Container::Object(members)) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, raw) in members {
                    map.serialize_entry(&key, &self.child(raw))?;
                }
                map.end()
            }
            Ok(Container::Array(elements)) => {
                let mut seq = serializer.serialize_seq(Some(elements.len()))?;
                for raw in elements {
                    seq.serialize_element(&self.child(raw))?;
                }
                seq.end()
            }
            // A key with a lone surrogate is legal JSON, but not a Rust string.
            Err(_) => self.raw.serialize(serializer),
        }
    }

    fn child<'b>(&self, raw: &'b RawValue) -> Node<'b> {
        Node {
            raw,
            depth: self.depth + 1,
        }
    }
}

/// One level of an object or array.
enum Container<'a> {
    Object(Vec<(String, &'a RawValue)>),
    Array(Vec<&'a RawValue>),
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Container<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Container::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Container::Array(elements))
    }
}

/// Two-space indentation, with dangerous characters in strings escaped.
#[derive(Clone, Default)]
struct Safe {
    inner: PrettyFormatter<'static>,
}

impl Safe {
    fn push<W: ?Sized + io::Write>(writer: &mut W, text: &str) -> io::Result<()> {
        let mut safe = Vec::with_capacity(text.len());
        escape::push_str(text, EscapeStyle::Json, &mut safe);
        writer.write_all(&safe)
    }
}

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        Safe::push(writer, fragment)
    }

    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        Safe::push(writer, fragment)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.inner.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.inner.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pretty(json: &str, coloured: bool) -> String {
        let mut out = Vec::new();
        push(json.as_bytes(), coloured, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn nothing_is_lost_and_nothing_dangerous_gets_through() {
        let deep = format!("{}1{}", "[".repeat(400), "]".repeat(400));
        for (json, expected) in [
            ("{}", "{}\n"),
            (
                r#"{"b":1,"a":[true,null]}"#,
                "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    null\n  ]\n}\n",
            ),
            (
                r#"{"n":9007199254740993,"f":1.0,"x":1e400}"#,
                "{\n  \"n\": 9007199254740993,\n  \"f\": 1.0,\n  \"x\": 1e400\n}\n",
            ),
            (r#"{"a":1,"a":2}"#, "{\n  \"a\": 1,\n  \"a\": 2\n}\n"),
            ("\"\u{1b}\"", "\"\\u001b\"\n"),
            (r#""\u001b[2J""#, "\"\\u001b[2J\"\n"),
            ("\"a\u{202e}b\"", "\"a\\u202eb\"\n"),
            (r#""\ud800""#, "\"\\ud800\"\n"),
            (r#""a\"b\n""#, "\"a\\\"b\\n\"\n"),
        ] {
            assert_eq!(pretty(json, false), expected, "{json}");
        }
        assert_eq!(
            pretty(&deep, false).split_whitespace().collect::<String>(),
            deep
        );
    }

    #[test]
    fn colour_changes_no_character() {
        let json = r#"{"a":[1,"x\u202ey",{"b":null}],"c":false}"#;
        let plain = pretty(json, false);
        let coloured = pretty(json, true);
        assert!(coloured.contains("\u{1b}[38;5;29m"), "{coloured}");
        // Colours that the terminal chooses may be hard to read.
        for chosen in ["\u{1b}[3", "\u{1b}[9", ";3", ";9"] {
            let mut rest = coloured.split(chosen).skip(1);
            assert!(rest.all(|rest| rest.starts_with("8;5;")), "{coloured}");
        }
        let mut stripped = String::new();
        let mut rest = coloured.as_str();
        while let Some(at) = rest.find('\u{1b}') {
            stripped.push_str(&rest[..at]);
            rest = rest[at..].split_once('m').map_or("", |(_, rest)| rest);
        }
        stripped.push_str(rest);
        assert_eq!(stripped, plain);
    }
}
