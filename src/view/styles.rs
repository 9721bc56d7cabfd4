//! Colour styles by role; without colour they are empty. Signs and words carry the meaning, colour only repeats it.

use std::fmt;

use anstyle::{Ansi256Color, Style};

/// The longest escape sequence of a style here.
const MAX_SEQUENCE_BYTES: usize = 16;

/// The colours of [`Styles`], of the 256-colour palette. Each has a contrast of at least 4.5:1 on white and on black (WCAG
/// 2.1). The 16 named colours depend on the terminal, and yellow and cyan are hard to read on white in most of them.
pub(super) mod palette {
    pub const GREEN: u8 = 29;
    pub const BLUE: u8 = 63;
    pub const RED: u8 = 131;
    pub const VIOLET: u8 = 98;
    pub const MAGENTA: u8 = 163;
    pub const GREY: u8 = 243;
}

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
        let fore = |colour| Style::new().fg_color(Some(Ansi256Color(colour).into()));
        let colour = |colour| Ink::new(fore(colour));
        Styles {
            insert: colour(palette::GREEN),
            update: colour(palette::BLUE),
            remove: colour(palette::RED),
            moved: colour(palette::VIOLET),
            alarm: Ink::new(fore(palette::MAGENTA).bold()),
            collection: Ink::new(Style::new().bold()),
            dim: colour(palette::GREY),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn inks_are_spelled_as_their_styles() {
        let styles = Styles::new(true);
        assert_eq!(format!("{0}a{0:#}", styles.insert), "\x1b[38;5;29ma\x1b[0m");
        assert_eq!(
            format!("{0}a{0:#}", styles.alarm),
            "\x1b[1m\x1b[38;5;163ma\x1b[0m"
        );
        assert_eq!(format!("{0}a{0:#}", Styles::new(false).alarm), "a");
    }

    /// Backgrounds of common terminals, with the contrast that text needs there: 4.5 for text on white and black, 3 for
    /// large and bold text and for signs in between.
    const BACKGROUNDS: &[(&str, [u8; 3], f64)] = &[
        (
            "white: xterm, VS Code light, macOS Terminal Basic, GNOME light",
            [255, 255, 255],
            4.5,
        ),
        (
            "black: xterm -rv, Linux console, Windows console",
            [0, 0, 0],
            4.5,
        ),
        ("Solarized light", [0xfd, 0xf6, 0xe3], 3.0),
        ("VS Code dark, macOS Terminal Pro", [0x1e, 0x1e, 0x1e], 3.0),
        ("GNOME dark", [0x17, 0x14, 0x21], 3.0),
        ("Ubuntu", [0x30, 0x0a, 0x24], 3.0),
        ("Solarized dark", [0x00, 0x2b, 0x36], 3.0),
        ("Windows Terminal", [0x0c, 0x0c, 0x0c], 4.0),
    ];

    /// The colour of a number of the 256-colour palette, beyond the 16 that a terminal chooses.
    fn rgb(number: u8) -> [u8; 3] {
        match number {
            16..=231 => [36, 6, 1].map(|weight| match (number - 16) / weight % 6 {
                0 => 0,
                level => 55 + 40 * level,
            }),
            232.. => [8 + 10 * (number - 232); 3],
            _ => panic!("the terminal chooses colour {number}"),
        }
    }

    /// WCAG 2.1: relative luminance.
    fn luminance(rgb: [u8; 3]) -> f64 {
        let linear = |channel: u8| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 {
                channel / 12.92
            } else {
                ((channel + 0.055) / 1.055).powf(2.4)
            }
        };
        let [red, green, blue] = rgb.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn every_style_is_readable_on_light_and_dark_terminals() {
        assert!((contrast([255; 3], [0; 3]) - 21.0).abs() < 0.01);
        let styles = Styles::new(true);
        for ink in [
            styles.insert,
            styles.update,
            styles.remove,
            styles.moved,
            styles.alarm,
            styles.collection,
            styles.dim,
        ] {
            let on = String::from_utf8_lossy(ink.on()).into_owned();
            let codes = on.replace("\x1b[1m", "");
            if codes.is_empty() {
                // Bold, in the colour of the terminal's text.
                continue;
            }
            let number = codes
                .strip_prefix("\x1b[38;5;")
                .and_then(|code| code.strip_suffix('m'));
            let colour = rgb(number.and_then(|number| number.parse().ok()).unwrap());
            for (name, background, least) in BACKGROUNDS {
                let found = contrast(colour, *background);
                assert!(found >= *least, "{on:?} on {name}: {found:.2}");
            }
        }
    }
}
