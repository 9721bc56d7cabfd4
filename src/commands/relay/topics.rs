//! Topic and key of an outgoing record.

use std::fmt::Write as _;

use crate::event::Event;
use crate::json::compact;
use crate::snapshot::document_id::DocumentId;

/// Stands for the collection.
const COLLECTION: &str = "{collection}";
/// The longest name of a topic.
const MAX_TOPIC_BYTES: usize = 249;

/// The names of the topics that a relay writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicTemplate {
    text: String,
}

impl TopicTemplate {
    /// Parses `--to-topic`.
    ///
    /// # Errors
    /// What is wrong, for a usage error.
    pub fn parse(text: &str) -> Result<TopicTemplate, String> {
        let fixed = text.replace(COLLECTION, "");
        if let Some(wrong) = fixed.chars().find(|c| !is_legal(*c)) {
            let hint = if wrong == '{' || wrong == '}' {
                format!("; the only placeholder is {COLLECTION}")
            } else {
                String::new()
            };
            return Err(format!(
                "--to-topic: a topic's name cannot contain '{}'{hint}",
                wrong.escape_debug()
            ));
        }
        let is_dots = text == "." || text == "..";
        if text.is_empty() || is_dots || fixed.len() > MAX_TOPIC_BYTES {
            return Err(format!(
                "--to-topic: a topic's name has 1 to {MAX_TOPIC_BYTES} letters, digits, dots, hyphens and underscores"
            ));
        }
        Ok(TopicTemplate {
            text: text.to_owned(),
        })
    }

    /// The name, if it is the same for all collections.
    pub fn fixed(&self) -> Option<&str> {
        (!self.text.contains(COLLECTION)).then_some(&self.text)
    }

    /// Replaces `topic` with the topic of a collection.
    ///
    /// # Errors
    /// What is wrong, for a message, if there can be no such topic.
    pub fn write(&self, collection: &str, topic: &mut String) -> Result<(), String> {
        topic.clear();
        let mut parts = self.text.split(COLLECTION);
        topic.push_str(parts.next().unwrap_or_default());
        for part in parts {
            push_legal(collection, topic);
            topic.push_str(part);
        }
        if topic.is_empty() || *topic == "." || *topic == ".." || topic.len() > MAX_TOPIC_BYTES {
            return Err(format!(
                "the collection {collection:?} gives no name for a topic ({} bytes of at most {MAX_TOPIC_BYTES})",
                topic.len()
            ));
        }
        Ok(())
    }
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn push_legal(name: &str, topic: &mut String) {
    for c in name.chars() {
        if is_legal(c) {
            topic.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to memory cannot fail.
            let _ = write!(topic, "_x{byte:02X}");
        }
    }
}

/// What identifies the document of an event.
pub(super) struct DocumentKey<'e> {
    pub collection: &'e str,
    raw_id: &'e [u8],
}

impl<'e> DocumentKey<'e> {
    /// The document of a change.
    ///
    /// # Errors
    /// What the event lacks, for a message.
    pub fn of(event: &'e Event<'_>) -> Result<DocumentKey<'e>, &'static str> {
        let collection = event.collection.as_deref();
        Ok(DocumentKey {
            collection: collection.ok_or("the event has no collection")?,
            raw_id: event.id().ok_or("the event has no _id")?,
        })
    }

    /// Replaces `key` with the key of the record: one document always has the same.
    pub fn write(&self, key: &mut Vec<u8>) {
        key.clear();
        key.extend_from_slice(b"{\"collection\":");
        // Serializing a string to memory cannot fail.
        let _ = serde_json::to_writer(&mut *key, self.collection);
        key.extend_from_slice(b",\"_id\":");
        match DocumentId::parse(self.raw_id) {
            Some(id) => key.extend_from_slice(id.json().as_bytes()),
            None => key.extend_from_slice(&compact(self.raw_id, usize::MAX)),
        }
        key.push(b'}');
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_template_gives_the_topic_of_each_collection() {
        for (text, collection, expected) in [
            ("ditto", "orders", "ditto"),
            ("ditto.{collection}", "orders", "ditto.orders"),
            ("{collection}-{collection}", "a.b", "a.b-a.b"),
            (
                "d.{collection}",
                "Käse und/Brot",
                "d.K_xC3_xA4se_x20und_x2FBrot",
            ),
            ("d.{collection}", "..", "d..."),
        ] {
            let template = TopicTemplate::parse(text).unwrap();
            let mut topic = "rest".to_owned();
            template.write(collection, &mut topic).unwrap();
            assert_eq!(topic, expected);
            assert_eq!(template.fixed().is_some(), !text.contains('{'));
        }
    }

    #[test]
    fn what_is_no_topic_is_refused() {
        let long = "x".repeat(MAX_TOPIC_BYTES + 1);
        for (text, words) in [
            ("", "1 to 249"),
            ("..", "1 to 249"),
            (&long, "1 to 249"),
            ("a b", "' '"),
            ("a.{table}", "the only placeholder is {collection}"),
            ("a\n", "'\\n'"),
        ] {
            let why = TopicTemplate::parse(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
        let template = TopicTemplate::parse("{collection}").unwrap();
        for collection in ["", ".", "..", &long] {
            assert!(template.write(collection, &mut String::new()).is_err());
        }
    }

    #[test]
    fn spellings_of_one_id_have_one_key() {
        let key = |raw_id: &str| {
            let mut key = b"rest".to_vec();
            let raw_id = raw_id.as_bytes();
            DocumentKey {
                collection: "a\"b",
                raw_id,
            }
            .write(&mut key);
            String::from_utf8(key).unwrap()
        };
        assert_eq!(key("\"x\""), r#"{"collection":"a\"b","_id":"x"}"#);
        assert_eq!(key("\"\\u0078\""), key("\"x\""));
        assert_eq!(key(r#"{"b":2, "a":1}"#), key(r#"{"a":1,"b":2}"#));
        assert_ne!(key("1"), key("\"1\""));
        assert_eq!(key("1.5"), r#"{"collection":"a\"b","_id":1.5}"#);
    }
}
