//! Whether the value of a setting may be shown. A value that may contain a secret is named by its source instead: a
//! forgotten backslash or line end makes the next line, which may be a password, a part of the value.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use super::{Origin, Property, Setting, Settings};
use crate::util::known_secrets::{KnownSecrets, assigned_secrets};
use crate::util::url::{TypedUrl, hide_secrets};

/// A value in a form that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisplayedValue {
    /// The value.
    Text(String),
    /// The value is secret.
    Secret,
    /// The value may contain a secret; why.
    Hidden(&'static str),
}

impl fmt::Display for DisplayedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DisplayedValue::Text(text) => f.write_str(text),
            DisplayedValue::Secret => f.write_str("set"),
            DisplayedValue::Hidden(why) => write!(f, "set, but not shown, because it {why}"),
        }
    }
}

/// What is legal in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Neither `=` nor several lines.
    Word,
    /// Like a word, but it may continue on other lines. Each element was validated.
    List,
    /// May contain `=`.
    Path,
}

/// The type of a setting that is not secret.
pub trait Displayed {
    /// What is legal in a value.
    const SHAPE: Shape;

    /// The value, without the secrets of a URL.
    fn text(&self) -> Cow<'_, str>;
}

impl Displayed for String {
    const SHAPE: Shape = Shape::Word;

    fn text(&self) -> Cow<'_, str> {
        hide_secrets(self)
    }
}

impl Displayed for PathBuf {
    const SHAPE: Shape = Shape::Path;

    fn text(&self) -> Cow<'_, str> {
        self.to_string_lossy()
    }
}

impl Displayed for TypedUrl {
    const SHAPE: Shape = Shape::Word;

    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl Settings {
    /// A setting's value as every command shows it.
    #[must_use]
    pub fn displayed<T: Displayed>(&self, setting: &Setting<T>) -> DisplayedValue {
        self.displayed_text(&setting.value.text(), T::SHAPE, &setting.origin)
    }

    /// The list of brokers as every command shows it.
    #[must_use]
    pub fn displayed_brokers(&self, setting: &Setting<String>) -> DisplayedValue {
        self.displayed_text(&setting.value, Shape::List, &setting.origin)
    }

    /// A property's value as every command shows it.
    #[must_use]
    pub fn displayed_property(&self, property: &Property) -> DisplayedValue {
        if property.is_secret() {
            return DisplayedValue::Secret;
        }
        self.displayed_text(
            &hide_secrets(&property.value),
            Shape::Word,
            &property.origin,
        )
    }

    fn displayed_text(&self, text: &str, shape: Shape, origin: &Origin) -> DisplayedValue {
        let hidden = why_hidden(text, shape, origin, &self.known_secrets);
        hidden.map_or_else(
            || DisplayedValue::Text(text.to_owned()),
            DisplayedValue::Hidden,
        )
    }

    /// The values whose names do not say that they are secret.
    fn visible_values(&self) -> Vec<(Cow<'_, str>, Shape, &Origin)> {
        let words = [&self.topic, &self.group, &self.group_prefix];
        let words = words.into_iter().flatten();
        let words = words.map(|one| (one.value.text(), Shape::Word, &one.origin));
        let urls = self.url.iter();
        let urls = urls.map(|one| (one.value.text(), Shape::Word, &one.origin));
        let files = self.cluster_cert.iter().chain(&self.user_cert);
        let files = files.map(|one| {
            let name = one.value.file_name().unwrap_or_default();
            (name.to_string_lossy(), Shape::Path, &one.origin)
        });
        let properties = self.extra.iter().filter(|one| !one.is_secret());
        let properties = properties.map(|one| (Cow::from(&*one.value), Shape::Word, &one.origin));
        words.chain(urls).chain(files).chain(properties).collect()
    }

    /// Makes every value that is not shown a secret, and hides secrets in the warnings and notes.
    pub(super) fn hide_secrets(&mut self) {
        let mut found = KnownSecrets::default();
        for (text, shape, origin) in self.visible_values() {
            if why_hidden(&text, shape, origin, &self.known_secrets).is_some() {
                found.add(&text);
            }
        }
        // A name is not shown if it can be a value.
        let odd_names = self.extra.iter().filter(|one| one.shown_name() != one.name);
        odd_names.for_each(|one| found.add(&one.name));
        let passwords = [
            &self.cluster_cert_password,
            &self.user_cert_password,
            &self.api_key,
        ];
        for one in passwords.into_iter().flatten() {
            found.add_secret(&one.value);
        }
        self.known_secrets.extend(&found);
        for text in self.warnings.iter_mut().chain(&mut self.notes) {
            *text = self.known_secrets.hide(text).into_owned();
        }
    }
}

/// Quotes a value that cannot be used, or describes it if it may contain a secret.
pub(super) fn quoted(value: &str, origin: &Origin) -> String {
    match why_hidden(value, Shape::Word, origin, &KnownSecrets::default()) {
        None => format!("`{value}`"),
        Some(_) => "the value".to_owned(),
    }
}

fn why_hidden(
    text: &str,
    shape: Shape,
    origin: &Origin,
    known: &KnownSecrets,
) -> Option<&'static str> {
    if origin.spans_lines() && shape != Shape::List {
        return Some("consists of several lines of the file");
    }
    if text.chars().any(char::is_control) {
        return Some("contains control characters");
    }
    // A folder may be named `date=2026`, but a file with blanks and `=` is probably two lines.
    let may_contain_equals = shape == Shape::Path && !text.contains(char::is_whitespace);
    if text.contains('=') && !may_contain_equals {
        return Some("contains `=`");
    }
    let assigns = shape != Shape::List && assigned_secrets(text).next().is_some();
    if assigns || known.are_in(text) {
        return Some("contains a password or key");
    }
    None
}
