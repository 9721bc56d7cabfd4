//! Patterns of `LIKE`: `%` is any text, `_` any character, everything else itself.
//! There is no escape character unless `ESCAPE` names one.

/// How a pattern is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Capital and small letters are the same.
    pub any_case: bool,
    pub escape: Option<char>,
}

/// One piece of a pattern.
enum Piece {
    Char(char),
    One,
    Many,
    /// An escape character without anything behind it.
    Nothing,
}

/// Whether all of `text` is like `pattern`. Steps back to the last `%` only, so that time stays bounded by the
/// product of the lengths.
pub(super) fn like(text: &str, pattern: &str, rules: Rules) -> bool {
    let (mut text, mut pattern) = (text, pattern);
    let mut last_many: Option<(&str, &str)> = None;
    loop {
        let fits = match piece(pattern, rules) {
            Some((Piece::Many, rest)) => {
                last_many = Some((text, rest));
                pattern = rest;
                continue;
            }
            Some((piece, rest)) => after(text, &piece, rules).map(|text| (text, rest)),
            None if text.is_empty() => return true,
            None => None,
        };
        if let Some(next) = fits {
            (text, pattern) = next;
            continue;
        }
        let Some((from, rest)) = last_many else {
            return false;
        };
        let mut chars = from.chars();
        if chars.next().is_none() {
            return false;
        }
        last_many = Some((chars.as_str(), rest));
        (text, pattern) = (chars.as_str(), rest);
    }
}

/// The first piece of a pattern, and what comes after it.
fn piece(pattern: &str, rules: Rules) -> Option<(Piece, &str)> {
    let mut chars = pattern.chars();
    let first = chars.next()?;
    let piece = match first {
        _ if Some(first) == rules.escape => chars.next().map_or(Piece::Nothing, Piece::Char),
        '%' => Piece::Many,
        '_' => Piece::One,
        _ => Piece::Char(first),
    };
    Some((piece, chars.as_str()))
}

/// What is left of the text once a piece took its character.
fn after<'t>(text: &'t str, piece: &Piece, rules: Rules) -> Option<&'t str> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let fits = match piece {
        Piece::One => true,
        Piece::Char(wanted) => {
            first == *wanted || (rules.any_case && first.to_lowercase().eq(wanted.to_lowercase()))
        }
        Piece::Many | Piece::Nothing => false,
    };
    fits.then_some(chars.as_str())
}
