//! Colours as values: "no colour" is a set of empty styles, so that no view asks whether to colour.
//! The signs and words carry the meaning; colour only repeats it.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// The longest escape sequence of a style here.
const LONGEST: usize = 16;

/// A style with its escape sequence, spelled once for all its uses; nothing where there is no colour.
/// Prints as the sequence that begins it, and with `#` as the one that ends it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ink {
    on: [u8; LONGEST],
    length: usize,
}

impl Ink {
    fn of(style: Style) -> Ink {
        let text = style.render().to_string();
        let mut ink = Ink::default();
        if let Some(on) = ink.on.get_mut(..text.len()) {
            on.copy_from_slice(text.as_bytes());
            ink.length = text.len();
        }
        ink
    }

    /// What begins the style.
    #[must_use]
    pub fn on(&self) -> &[u8] {
        self.on.get(..self.length).unwrap_or_default()
    }

    /// What ends it.
    #[must_use]
    pub fn off(&self) -> &'static [u8] {
        if self.length == 0 { b"" } else { b"\x1b[0m" }
    }
}

impl fmt::Display for Ink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = if f.alternate() { self.off() } else { self.on() };
        f.write_str(std::str::from_utf8(bytes).unwrap_or_default())
    }
}

/// A style for each role.
#[derive(Debug, Clone, Copy, Default)]
pub struct Styles {
    /// What came: a document or a value.
    pub insert: Ink,
    /// What changed.
    pub update: Ink,
    /// What went.
    pub remove: Ink,
    /// A value that moved.
    pub moved: Ink,
    /// A gap in the stream, and what could not be read.
    pub alarm: Ink,
    /// A collection's name.
    pub collection: Ink,
    /// Times, transactions and positions.
    pub dim: Ink,
}

impl Styles {
    /// The styles for a stream that is coloured or not.
    #[must_use]
    pub fn new(coloured: bool) -> Styles {
        if !coloured {
            return Styles::default();
        }
        let fore = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        let colour = |colour| Ink::of(fore(colour));
        Styles {
            insert: colour(AnsiColor::Green),
            update: colour(AnsiColor::Yellow),
            remove: colour(AnsiColor::Red),
            moved: colour(AnsiColor::Cyan),
            alarm: Ink::of(fore(AnsiColor::Magenta).bold()),
            collection: Ink::of(Style::new().bold()),
            dim: Ink::of(Style::new().dimmed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_are_spelled_as_their_styles() {
        let styles = Styles::new(true);
        assert_eq!(format!("{0}a{0:#}", styles.insert), "\x1b[32ma\x1b[0m");
        assert_eq!(
            format!("{0}a{0:#}", styles.alarm),
            "\x1b[1m\x1b[35ma\x1b[0m"
        );
        assert_eq!(format!("{0}a{0:#}", Styles::new(false).alarm), "a");
    }
}
