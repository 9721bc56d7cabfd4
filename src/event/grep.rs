//! Text search (`--grep`) in the keys and values of documents, on raw JSON.

use std::fmt;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};

use super::{Event, EventKind, decode};
use crate::json::{leaves, raw_body, unescaped};

/// The escape that can stand for every character.
const UNICODE_ESCAPE: &str = "\\u";
/// Characters that have a shorter escape, too.
const SHORT_ESCAPES: [(char, &str); 8] = [
    ('"', "\\\""),
    ('\\', "\\\\"),
    ('/', "\\/"),
    ('\u{8}', "\\b"),
    ('\u{c}', "\\f"),
    ('\n', "\\n"),
    ('\r', "\\r"),
    ('\t', "\\t"),
];

/// A text to search for. Without a capital letter it matches in any case.
#[derive(Debug, Clone)]
pub struct SearchText {
    typed: String,
    regex: Regex,
    /// The same text in any case, for a text with a capital letter.
    any_case: Option<Regex>,
    /// How the escapes start that can stand for a character of the text.
    escapes: Vec<&'static str>,
}

/// The text cannot be searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchTextError {
    /// It is empty, so that every event has it.
    Empty,
    /// It is longer than the search engine allows, which is about a million characters.
    TooLong,
}

impl fmt::Display for SearchTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SearchTextError::Empty => "the text is empty",
            SearchTextError::TooLong => "the text is too long",
        })
    }
}

impl SearchText {
    /// Compiles a text.
    ///
    /// # Errors
    /// [`SearchTextError`] for an empty or very long text.
    pub fn new(text: &str) -> Result<Self, SearchTextError> {
        if text.is_empty() {
            return Err(SearchTextError::Empty);
        }
        let regex = |ignores_case: bool| {
            RegexBuilder::new(&regex::escape(text))
                .case_insensitive(ignores_case)
                .build()
                .map_err(|_| SearchTextError::TooLong)
        };
        let has_capital = text.chars().any(char::is_uppercase);
        let short_escapes = SHORT_ESCAPES.iter();
        let short_escapes = short_escapes.filter(|(c, _)| text.contains(*c));
        let short_escapes = short_escapes.map(|(_, escape)| *escape);
        Ok(SearchText {
            typed: text.to_owned(),
            regex: regex(!has_capital)?,
            any_case: has_capital.then(|| regex(true)).transpose()?,
            escapes: short_escapes.chain([UNICODE_ESCAPE]).collect(),
        })
    }

    /// The text as typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Whether the case counts, because the text has a capital letter.
    #[must_use]
    pub fn is_case_sensitive(&self) -> bool {
        self.any_case.is_some()
    }

    /// Whether JSON might contain the text: `false` is certain. Reads the bytes at memory speed.
    #[must_use]
    pub fn may_be_in(&self, json: &[u8]) -> bool {
        self.regex.is_match(json) || self.has_escape(json)
    }

    /// Whether a key or value of the event's documents contains the text. An event of an unknown type is searched as a
    /// whole, because what it contains has no documented form.
    #[must_use]
    pub fn is_in_event(&self, event: &Event<'_>) -> bool {
        is_in_event(event, |json| self.is_in(&self.regex, json))
    }

    /// Whether a document contains the text only with other capital letters.
    #[must_use]
    pub fn is_in_event_in_other_case(&self, event: &Event<'_>) -> bool {
        let any_case = self.any_case.as_ref();
        any_case.is_some_and(|regex| {
            is_in_event(event, |json| self.is_in(regex, json)) && !self.is_in_event(event)
        })
    }

    /// Whether the JSON of an event's documents contains the text, but no key or value.
    #[must_use]
    pub fn is_in_syntax(&self, event: &Event<'_>) -> bool {
        is_in_event(event, |json| self.regex.is_match(json)) && !self.is_in_event(event)
    }

    /// Whether a name contains the text.
    #[must_use]
    pub fn is_in_name(&self, name: &str) -> bool {
        self.regex.is_match(name.as_bytes())
    }

    fn has_escape(&self, json: &[u8]) -> bool {
        let mut escapes = self.escapes.iter();
        escapes.any(|escape| memchr::memmem::find(json, escape.as_bytes()).is_some())
    }

    /// Whether a key or scalar of valid JSON contains the text.
    fn is_in(&self, regex: &Regex, json: &[u8]) -> bool {
        let first_match = regex.find(json).map(|found| found.start());
        if first_match.is_none() && !self.has_escape(json) {
            return false;
        }
        // What the text matches in the raw bytes can be a part of the syntax, or of an escape.
        leaves(json).any(|leaf| {
            if leaf.is_escaped {
                return regex.is_match(&unescaped(leaf.raw));
            }
            let may_match = first_match.is_some_and(|start| start < leaf.end);
            may_match && regex.is_match(raw_body(leaf.raw).unwrap_or(leaf.raw))
        })
    }
}

fn is_in_event(event: &Event<'_>, is_in: impl Fn(&[u8]) -> bool) -> bool {
    if matches!(event.kind, EventKind::Other(_)) {
        return is_in(event.raw);
    }
    let documents = [event.new, event.old, event.value];
    documents.into_iter().flatten().any(is_in)
}

/// Replaces an event's payload by one without what must not be found.
#[derive(Clone)]
pub struct Mask(Arc<Replace>);

type Replace = dyn Fn(&Event<'_>) -> Vec<u8> + Send + Sync;

impl Mask {
    /// A mask; the function returns the payload of an event without the hidden values.
    pub fn new(replace: impl Fn(&Event<'_>) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Mask(Arc::new(replace))
    }

    /// Whether a text is in an event without its hidden values.
    #[must_use]
    pub fn shows(&self, text: &SearchText, event: &Event<'_>) -> bool {
        let payload = (self.0)(event);
        decode(Some(&payload)).is_ok_and(|event| text.is_in_event(&event))
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn is_in_document(text: &str, document: &str) -> bool {
        let text = SearchText::new(text).unwrap();
        let found = text.is_in(&text.regex, document.as_bytes());
        assert!(!found || text.may_be_in(document.as_bytes()));
        found
    }

    #[test]
    fn texts() {
        let order = r#"{"_id":"o-1001","status":"paid","customer":{"name":"Zo\u00eb M\u00fcller"},"lines":[{"sku":"A\/7","qty":12.50}],"note":"say \"hi\"\n\\o/","ok":true,"gone":null}"#;
        for (text, expected) in [
            ("o-1001", true),
            ("paid", true),
            ("aid", true),
            ("unpaid", false),
            // Keys, at every depth.
            ("status", true),
            ("qty", true),
            // No capital letter: in any case.
            ("zoë", true),
            ("zoë müller", true),
            ("Zoë", true),
            ("ZOË", false),
            ("Paid", false),
            ("a/7", true),
            ("A/7", true),
            // Escapes are decoded, and not text themselves.
            ("say \"hi\"", true),
            ("hi\"\n\\o/", true),
            ("\n", true),
            ("u00eb", false),
            ("00eb", false),
            ("\\n", false),
            ("n\\", false),
            ("\\/", false),
            // Numbers and literals as they are spelled.
            ("12.50", true),
            ("12.5", true),
            ("12.500", false),
            ("true", true),
            ("null", true),
            // The syntax is no text, and no text reaches from one value to the next.
            ("status\":\"paid", false),
            ("\":\"", false),
            ("{", false),
            (",", false),
            ("paidcustomer", false),
            ("\"paid\"", false),
            ("\"hi\"", true),
            // A text is no pattern.
            ("p.id", false),
            ("[a-z]", false),
            ("o-1001|x", false),
        ] {
            assert_eq!(is_in_document(text, order), expected, "{text}");
        }
    }

    #[test]
    fn letters_in_any_case() {
        for (text, content, expected) in [
            ("é", "É", true),
            ("σ", "Σς", true),
            ("ж", "Ж", true),
            // The sign of Kelvin is a spelling of the letter.
            ("k", "\u{212a}", true),
            ("strasse", "Straße", false),
            ("ß", "ẞ", true),
            ("É", "é", false),
            // Signs without a case do not make a text case-sensitive.
            ("o-1001 €", "O-1001 €", true),
            ("😀", "😀", true),
        ] {
            let units = content.encode_utf16();
            let escapes: Vec<String> = units.map(|unit| format!("\\u{unit:04X}")).collect();
            let key = escapes.concat();
            for document in [format!("[\"{content}\"]"), format!("{{\"{key}\":1}}")] {
                assert_eq!(
                    is_in_document(text, &document),
                    expected,
                    "{text} {document}"
                );
            }
        }
    }

    #[test]
    fn surrogates() {
        for (text, document, expected) in [
            ("😀", r#""\ud83d\ude00""#, true),
            ("a😀b", r#""A\ud83d\uDE00B""#, true),
            ("😀", r#""\ud83d""#, false),
            ("😀", r#"["\ud83d","\ude00"]"#, false),
            ("x", r#""\ud83dx""#, true),
            ("\u{fffd}", r#""\ud83d""#, false),
            ("ud83d", r#""\ud83d""#, false),
            ("ud83d", r#""\\ud83d""#, true),
        ] {
            assert_eq!(
                is_in_document(text, document),
                expected,
                "{text} {document}"
            );
        }
    }

    #[test]
    fn the_documents_of_an_event_are_searched() {
        let is_in = |text: &str, event: &str| {
            let event = decode(Some(event.as_bytes())).unwrap();
            SearchText::new(text).unwrap().is_in_event(&event)
        };
        let update = r#"{"txnId":77,"type":"documentChanged","collection":"orders","change":{"method":"update","oldValue":{"a":"before"},"newValue":{"a":"after"}}}"#;
        let removal =
            r#"{"type":"documentChanged","change":{"method":"remove","value":{"a":"gone"}}}"#;
        let unknown = r#"{"type":"heartbeat","note":"beat","documents":[{"id":"o-1"}]}"#;
        for (text, event, expected) in [
            ("before", update, true),
            ("after", update, true),
            ("gone", removal, true),
            ("orders", update, false),
            ("update", update, false),
            ("77", update, false),
            ("newvalue", update, false),
            ("beforeafter", update, false),
            ("o-1", unknown, true),
            ("note", unknown, true),
        ] {
            assert_eq!(is_in(text, event), expected, "{text} {event}");
        }
    }

    #[test]
    fn other_case() {
        let event = |document: &str| {
            format!(r#"{{"type":"documentChanged","change":{{"newValue":{document}}}}}"#)
        };
        for (text, document, expected) in [
            ("Paid", r#"{"a":"paid"}"#, true),
            ("Paid", r#"{"a":"PA\u0049D"}"#, true),
            ("Paid", r#"{"a":"Paid","b":"paid"}"#, false),
            ("paid", r#"{"a":"PAID"}"#, false),
            ("Paid", r#"{"a":"pai"}"#, false),
        ] {
            let json = event(document);
            let event = decode(Some(json.as_bytes())).unwrap();
            let text = SearchText::new(text).unwrap();
            assert_eq!(
                text.is_in_event_in_other_case(&event),
                expected,
                "{document}"
            );
        }
    }

    #[test]
    fn texts_that_cannot_be_searched() {
        assert_eq!(SearchText::new("").err(), Some(SearchTextError::Empty));
        let long = "ab".repeat(400_000);
        assert_eq!(SearchText::new(&long).err(), Some(SearchTextError::TooLong));
        assert!(SearchText::new(&"ab".repeat(50_000)).is_ok());
    }

    /// Characters of texts and documents, each with its spellings in JSON.
    const SPELLINGS: &[(char, &[&str])] = &[
        ('a', &["a", r"\u0061"]),
        ('A', &["A", r"\u0041"]),
        ('u', &["u"]),
        ('n', &["n"]),
        ('0', &["0"]),
        ('1', &["1"]),
        ('é', &["é", r"\u00e9", r"\u00E9"]),
        ('É', &["É", r"\u00c9"]),
        ('😀', &["😀", r"\ud83d\ude00"]),
        ('"', &[r#"\""#, r"\u0022"]),
        ('\\', &[r"\\", r"\u005c"]),
        ('/', &["/", r"\/"]),
        ('\n', &[r"\n", r"\u000a"]),
        (',', &[","]),
        (':', &[":"]),
        ('{', &["{"]),
    ];

    fn character() -> impl Strategy<Value = (char, String)> {
        proptest::sample::select(SPELLINGS).prop_flat_map(|(c, spellings)| {
            proptest::sample::select(spellings).prop_map(move |spelling| (c, spelling.to_owned()))
        })
    }

    fn raw_string() -> impl Strategy<Value = String> {
        proptest::collection::vec(character(), 0..6).prop_map(|all| {
            let body: String = all.into_iter().map(|(_, spelling)| spelling).collect();
            format!("\"{body}\"")
        })
    }

    fn document() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            3 => raw_string(),
            1 => proptest::sample::select(vec!["0", "-1.10", "1e0", "true", "null"])
                .prop_map(str::to_owned),
        ];
        scalar.prop_recursive(3, 12, 4, |inner| {
            let blank = || proptest::sample::select(vec!["", " ", "\n"]);
            let array = (proptest::collection::vec(inner.clone(), 0..4), blank());
            let members = proptest::collection::vec((raw_string(), inner), 0..4);
            prop_oneof![
                array.prop_map(|(all, blank)| format!("[{}]", all.join(&format!(",{blank}")))),
                (members, blank()).prop_map(|(all, blank)| {
                    let all: Vec<String> = all
                        .into_iter()
                        .map(|(key, value)| format!("{blank}{key}:{blank}{value}"))
                        .collect();
                    format!("{{{}}}", all.join(","))
                }),
            ]
        })
    }

    /// The keys and scalars of a parsed value. Of several members with one key, all count, so that objects are read as
    /// lists.
    fn model(json: &str, holds: &mut impl FnMut(&str) -> bool) -> bool {
        use serde_json::value::RawValue;
        if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(json) {
            return elements.iter().any(|element| model(element.get(), holds));
        }
        if let Ok(Members(members)) = serde_json::from_str(json) {
            return members
                .iter()
                .any(|(key, value)| holds(key) || model(value.get(), holds));
        }
        match serde_json::from_str(json).unwrap() {
            Value::String(text) => holds(&text),
            _ => holds(json),
        }
    }

    struct Members<'a>(Vec<(String, &'a serde_json::value::RawValue)>);

    impl<'de> serde::Deserialize<'de> for Members<'de> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visit;
            impl<'de> serde::de::Visitor<'de> for Visit {
                type Value = Members<'de>;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Members<'de>, A::Error> {
                    let mut members = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        members.push(member);
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visit)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn a_text_is_found_where_a_parser_finds_it(
            document in document(),
            text in proptest::collection::vec(character(), 1..4),
        ) {
            let text: String = text.into_iter().map(|(c, _)| c).collect();
            let mut holds = |content: &str| if text.chars().any(char::is_uppercase) {
                content.contains(&text)
            } else {
                content.to_lowercase().contains(&text)
            };
            let expected = model(document.trim(), &mut holds);
            prop_assert_eq!(is_in_document(&text, &document), expected);
        }
    }
}
