//! Path patterns: `address.geo`, `lines[*].qty`, `**.password`.

use std::fmt;

use super::path::Step;
use crate::json::unescaped;

/// A path pattern. It matches the values that it names, with all their content.
///
/// Keys are separated by dots and may have `*` (any string) and `?` (any character); `[3]` is one element, `[*]` or
/// `[]` any element, `["odd.key"]` a literal key, `*` alone any key or element, `**` any number of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// A literal key.
    Key(Vec<u8>),
    /// A key with `*` and `?`.
    Glob(Vec<char>),
    Index(u32),
    AnyIndex,
    /// Any one step.
    Any,
    /// Any number of steps.
    Deep,
}

/// A pattern that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// The pattern as typed.
    pub pattern: String,
    /// The error message.
    pub why: &'static str,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "'{}': {}; expected such as address.city, lines[2].qty, lines[*].qty, **.password or [\"odd.key\"]",
            self.pattern, self.why
        )
    }
}

impl std::error::Error for PatternError {}

/// How a path relates to a pattern, in ascending order of closeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// Not matched.
    Apart,
    /// A value inside the value at this path may be matched.
    Above,
    /// The value at this path is inside a matched one.
    Below,
    /// The value at this path is matched.
    Exact,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// [`PatternError`] with the reason.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let wrong = |why| PatternError {
            pattern: text.to_owned(),
            why,
        };
        let mut rest = text.strip_prefix('.').unwrap_or(text);
        if rest.is_empty() {
            return Err(wrong("it is empty"));
        }
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let (segment, after) = segment(rest).map_err(wrong)?;
            segments.push(segment);
            rest = match after.strip_prefix('.') {
                Some("") => return Err(wrong("it ends with a dot")),
                Some(after) => after,
                None if after.is_empty() || after.starts_with('[') => after,
                None => return Err(wrong("a dot is missing after the bracket")),
            };
        }
        Ok(Pattern { segments })
    }

    /// This pattern at any depth.
    pub(super) fn anywhere(&self) -> Pattern {
        let mut segments = vec![Segment::Deep];
        segments.extend(self.segments.iter().cloned());
        Pattern { segments }
    }

    /// How a path relates to this pattern.
    #[must_use]
    pub fn relation(&self, steps: &[Step<'_>]) -> Relation {
        relation(&self.segments, steps)
    }
}

/// The closest relation of a path to any of these patterns.
#[must_use]
pub fn closest(patterns: &[Pattern], steps: &[Step<'_>]) -> Relation {
    let relations = patterns.iter().map(|pattern| pattern.relation(steps));
    relations.max().unwrap_or(Relation::Apart)
}

/// The first segment and the rest.
fn segment(text: &str) -> Result<(Segment, &str), &'static str> {
    let Some(inside) = text.strip_prefix('[') else {
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (name, after) = text.split_at(end);
        return Ok((named(name)?, after));
    };
    if inside.starts_with('"') {
        let end = crate::json::string_end(inside.as_bytes(), 0).ok_or("a quote is missing")?;
        let (key, after) = inside.split_at(end);
        let after = after.strip_prefix(']').ok_or("a bracket is not closed")?;
        return Ok((Segment::Key(unescaped(key.as_bytes()).into_owned()), after));
    }
    let (index, after) = inside.split_once(']').ok_or("a bracket is not closed")?;
    match index {
        "" | "*" => Ok((Segment::AnyIndex, after)),
        _ => {
            let index = index.parse().map_err(|_| "the index is not a number")?;
            Ok((Segment::Index(index), after))
        }
    }
}

fn named(name: &str) -> Result<Segment, &'static str> {
    Ok(match name {
        "" => return Err("a name is missing"),
        "*" => Segment::Any,
        "**" => Segment::Deep,
        _ if name.contains(['*', '?']) => Segment::Glob(name.chars().collect()),
        _ => Segment::Key(name.as_bytes().to_vec()),
    })
}

fn relation(segments: &[Segment], steps: &[Step<'_>]) -> Relation {
    match (segments.split_first(), steps.split_first()) {
        (None, None) => Relation::Exact,
        (None, Some(_)) => Relation::Below,
        (Some((Segment::Deep, rest)), None) => relation(rest, steps).max(Relation::Above),
        (Some(_), None) => Relation::Above,
        (Some((Segment::Deep, rest)), Some((_, below))) => {
            relation(rest, steps).max(relation(segments, below))
        }
        (Some((segment, rest)), Some((step, below))) if segment.matches(step) => {
            relation(rest, below)
        }
        _ => Relation::Apart,
    }
}

impl Segment {
    fn matches(&self, step: &Step<'_>) -> bool {
        let index = match *step {
            Step::Key(key) => return self.matches_key(key),
            Step::Both { new: at, .. } | Step::New { at, .. } | Step::Old { at } => at,
        };
        match self {
            Segment::Any | Segment::AnyIndex => true,
            Segment::Index(wanted) => *wanted == index,
            _ => false,
        }
    }

    fn matches_key(&self, key: &[u8]) -> bool {
        match self {
            Segment::Any => true,
            Segment::Key(wanted) => unescaped(key).as_ref() == wanted.as_slice(),
            Segment::Glob(glob) => {
                let key: Vec<char> = String::from_utf8_lossy(&unescaped(key)).chars().collect();
                glob_matches(glob, &key)
            }
            _ => false,
        }
    }
}

/// Whether a glob of `*` and `?` matches all of a string.
fn glob_matches(mut glob: &[char], mut text: &[char]) -> bool {
    // The glob after the last star, and the string that it did not match yet.
    let mut star: Option<(&[char], &[char])> = None;
    loop {
        match (glob.split_first(), text.split_first()) {
            (Some(('*', rest)), _) => {
                star = Some((rest, text));
                glob = rest;
            }
            (Some((wanted, rest)), Some((c, after))) if *wanted == '?' || wanted == c => {
                (glob, text) = (rest, after);
            }
            (None, None) => return true,
            _ => match star {
                Some((rest, [_, after @ ..])) => {
                    star = Some((rest, after));
                    (glob, text) = (rest, after);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn relations() {
        let key = |key: &'static str| Step::Key(key.as_bytes());
        let lon = [key(r#""address""#), key(r#""g\u0065o""#), key(r#""lon""#)];
        let qty = [
            key(r#""lines""#),
            Step::Both { old: 1, new: 2 },
            key(r#""qty""#),
        ];
        let check = |pattern: &str, steps: &[Step<'_>], expected: Relation| {
            assert_eq!(
                Pattern::parse(pattern).unwrap().relation(steps),
                expected,
                "{pattern}"
            );
        };
        check("address", &lon, Relation::Below);
        check(".address.geo.lon", &lon, Relation::Exact);
        check("address.geo.lon.x", &lon, Relation::Above);
        check("address.geo.lat", &lon, Relation::Apart);
        check("address.*.l?n", &lon, Relation::Exact);
        check("a*s.geo", &lon, Relation::Below);
        check("a*t.geo", &lon, Relation::Apart);
        check("**.lon", &lon, Relation::Exact);
        check("**.geo", &lon, Relation::Below);
        check("**.zip", &lon, Relation::Above);
        check("address.**", &lon, Relation::Exact);
        check("lines[2].qty", &qty, Relation::Exact);
        check("lines[1].qty", &qty, Relation::Apart);
        check("lines[*].qty", &qty, Relation::Exact);
        check("lines[].qty", &qty, Relation::Exact);
        check("lines.*.qty", &qty, Relation::Exact);
        check("lines.qty", &qty, Relation::Apart);
        check("lines", &[], Relation::Above);
        check(r#"["lines"][2]["qty"]"#, &qty, Relation::Exact);
        check(r#"["a.b"]"#, &[key(r#""a.b""#)], Relation::Exact);
        check(r#"["a*"]"#, &[key(r#""ab""#)], Relation::Apart);
    }

    #[test]
    fn mistakes() {
        let check = |pattern: &str, why: &str| {
            assert_eq!(Pattern::parse(pattern).unwrap_err().why, why, "{pattern}");
        };
        check("", "it is empty");
        check(".", "it is empty");
        check("a.", "it ends with a dot");
        check("a..b", "a name is missing");
        check("a[1", "a bracket is not closed");
        check("a[\"1]", "a quote is missing");
        check("a[x]", "the index is not a number");
        check("a[1]b", "a dot is missing after the bracket");
    }
}
