//! `LIKE` matching: `%` matches any string, `_` any character. There is no escape character unless `ESCAPE` names one.

/// Options of a pattern.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Case-insensitive.
    pub any_case: bool,
    pub escape: Option<char>,
}

/// An element of a pattern.
enum Piece {
    Char(char),
    One,
    Many,
    /// An escape character at the end, which matches nothing.
    Nothing,
}

/// Whether all of `text` matches `pattern`. Backtracks to the last `%` only, so that time is bounded by the product
/// of the lengths.
pub(super) fn like(text: &str, pattern: &str, rules: Rules) -> bool {
    let (mut text, mut pattern) = (text, pattern);
    let mut last_many: Option<(&str, &str)> = None;
    loop {
        let fits = match next_piece(pattern, rules) {
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

/// The first piece of a pattern, and the rest.
fn next_piece(pattern: &str, rules: Rules) -> Option<(Piece, &str)> {
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

/// The rest of the string after a piece matched its character.
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
