//! Colour styles by role; without colour they are empty. Signs and words carry the meaning, colour only repeats it.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// The longest escape sequence of a style here.
const MAX_SEQUENCE_BYTES: usize = 16;

/// A style with its escape sequence, formatted once; empty without colour. `Display` prints the start sequence, and
/// with `#` the end sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ink {
    on: [u8; MAX_SEQUENCE_BYTES],
    length: usize,
}

impl Ink {
    fn new(style: Style) -> Ink {
        let text = style.render().to_string();
        let mut ink = Ink::default();
        if let Some(on) = ink.on.get_mut(..text.len()) {
            on.copy_from_slice(text.as_bytes());
            ink.length = text.len();
        }
        ink
    }

    /// The start sequence.
    #[must_use]
    pub fn on(&self) -> &[u8] {
        self.on.get(..self.length).unwrap_or_default()
    }

    /// The end sequence.
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
    /// Inserted documents and values.
    pub insert: Ink,
    /// Changes.
    pub update: Ink,
    /// Removed documents and values.
    pub remove: Ink,
    /// A value that moved.
    pub moved: Ink,
    /// Gaps and unreadable records.
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
        let colour = |colour| Ink::new(fore(colour));
        Styles {
            insert: colour(AnsiColor::Green),
            update: colour(AnsiColor::Yellow),
            remove: colour(AnsiColor::Red),
            moved: colour(AnsiColor::Cyan),
            alarm: Ink::new(fore(AnsiColor::Magenta).bold()),
            collection: Ink::new(Style::new().bold()),
            dim: Ink::new(Style::new().dimmed()),
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
