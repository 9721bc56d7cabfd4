//! Colours as values: "no colour" is a set of empty styles, so that no view asks whether to colour.
//! The signs and words carry the meaning; colour only repeats it.

use anstyle::{AnsiColor, Style};

/// A style for each role.
#[derive(Debug, Clone, Copy, Default)]
pub struct Styles {
    /// What came: a document or a value.
    pub insert: Style,
    /// What changed.
    pub update: Style,
    /// What went.
    pub remove: Style,
    /// A value that moved.
    pub moved: Style,
    /// A gap in the stream, and what could not be read.
    pub alarm: Style,
    /// A collection's name.
    pub collection: Style,
    /// Times, transactions and positions.
    pub dim: Style,
}

impl Styles {
    /// The styles for a stream that is coloured or not.
    #[must_use]
    pub fn new(coloured: bool) -> Styles {
        if !coloured {
            return Styles::default();
        }
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        Styles {
            insert: colour(AnsiColor::Green),
            update: colour(AnsiColor::Yellow),
            remove: colour(AnsiColor::Red),
            moved: colour(AnsiColor::Cyan),
            alarm: colour(AnsiColor::Magenta).bold(),
            collection: Style::new().bold(),
            dim: Style::new().dimmed(),
        }
    }
}
