//! Dangerous characters in every position of an event, in every format: none reaches the terminal.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use super::tests::{all_formats, text_of};
use super::*;
use crate::diff::Options;

/// Sequences that have moved cursors, set titles, filled clipboards, sent replies or hidden text in some terminal.
const CORPUS: &[&str] = &[
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;ZXZpbA==\u{1b}\\",
    "\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}[6n\u{1b}[c\u{1b}[>c",
    "\u{1b}[?1049h\u{1b}[?25l",
    "\u{1b}P$q\"p\u{1b}\\",
    "\u{1b}_Gf=24;AAAA\u{1b}\\",
    "\u{9b}31m\u{9d}0;x\u{9c}",
    "\u{90}q#0\u{9c}",
    "\r\u{1b}[Kfake line",
    "one\ntwo\rthree",
    "back\u{8}\u{8}\u{8}\u{8}space",
    "bell\u{7}\u{b}\u{c}\u{e}\u{f}",
    "\u{7f}\u{0}\u{5}",
    "\u{202e}txt.exe",
    "\u{2066}\u{2067}\u{2068}\u{2069}",
    "a\u{200b}b\u{200d}c\u{2060}d\u{feff}e",
    "\u{61c}\u{180e}\u{ad}",
    "\u{2028}\u{2029}\u{85}",
    "\u{e0001}\u{e0041}\u{e007f}",
    "\u{fff9}\u{fffb}",
    "\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}",
    "\u{180b}\u{180c}\u{180d}\u{180f}",
    "\u{3164}\u{ffa0}\u{fff0}\u{fff8}",
    "a\u{fe00}b\u{fe0f}c\u{e0100}d\u{e01ef}",
    "\u{1bca0}\u{1bca3}\u{1d173}\u{1d17a}",
];

/// Events with a string in every position: escaped, and raw if JSON allows it.
fn events(text: &str) -> Vec<String> {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        write!(escaped, "\\u{unit:04x}").unwrap();
    }
    let plain: String = text.chars().filter(|c| *c >= ' ').collect();
    let long = "word ".repeat(30);
    let mut events = Vec::new();
    for text in [escaped, plain] {
        for place in ["collection", "type", "extra"] {
            events.push(format!(
                r#"{{"txnId":1,"type":"documentChanged","{place}":"{text}","change":{{"method":"upsert","newValue":{{"_id":"1"}}}}}}"#
            ));
        }
        let change = |method: &str, old: &str, new: &str| {
            format!(
                r#"{{"txnId":1,"type":"documentChanged","collection":"c","change":{{"method":"{method}","oldValue":{old},"newValue":{new}}}}}"#
            )
        };
        events.extend([
            change(&text, "null", "7"),
            change("update", &format!(r#"{{"_id":"{text}"}}"#), &format!(r#"{{"_id":"{text}","a":1}}"#)),
            change("update", &format!(r#"{{"_id":{{"{text}":1}}}}"#), &format!(r#"{{"_id":{{"{text}":1}},"{text}":[{{"{text}":"{text}"}}]}}"#)),
            change("update", &format!(r#"{{"a":"{text}"}}"#), &format!(r#"{{"a":"{text}{text}"}}"#)),
            change("update", &format!(r#"{{"a":"{long}{text} end"}}"#), &format!(r#"{{"a":"{long}{text}{text} end"}}"#)),
            change("update", &format!(r#"{{"a":["{text}",1,2]}}"#), &format!(r#"{{"a":[1,2,"{text}"]}}"#)),
            format!(r#"{{"txnId":1,"type":"documentChanged","collection":"c","change":{{"method":"remove","value":{{"_id":"1","{text}":"{text}"}}}}}}"#),
        ]);
    }
    events.push(text.to_owned());
    events.push(format!("{{\"type\":7,\"x\":\"{text}\""));
    events
}

/// Every event of the corpus.
pub(super) fn all_events() -> Vec<String> {
    CORPUS.iter().flat_map(|text| events(text)).collect()
}

#[test]
fn nothing_dangerous_reaches_a_terminal_in_any_format() {
    for format in all_formats() {
        for full in [false, true] {
            let view = View {
                format: format.clone(),
                styles: Styles::new(false),
                coloured: false,
                terminal: true,
                width: Some(80),
                clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
                diff: Options {
                    full,
                    strict: true,
                    context: true,
                    ..Options::default()
                },
            };
            for event in all_events() {
                let shown = text_of(&view, Some(b"\x1b[31m\x9b\xff"), &event);
                let dangerous = |c: &char| *c != '\n' && escape::is_dangerous(*c);
                assert_eq!(
                    shown.chars().find(dangerous),
                    None,
                    "{format:?} shows {event:?} as {shown:?}"
                );
            }
        }
    }
}
