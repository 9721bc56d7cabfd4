//! Path patterns: `address.geo`, `lines[*].qty`, `**.password`.

use super::path::Step;
use crate::json::{eq_content, unescaped};
use crate::path::{Path, PathError, Segment, Step as TypedStep, glob_matches};

/// A path pattern. It matches the values that it names, with all their content. `docs/paths.md` has the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
    /// Whether a name also means the field in each element of an array.
    through_arrays: bool,
}

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
    /// [`PathError`] with the reason.
    pub fn parse(text: &str) -> Result<Pattern, PathError> {
        Ok(Pattern {
            segments: Path::parse(text)?.in_both()?,
            through_arrays: false,
        })
    }

    /// The pattern of a single value.
    #[must_use]
    pub fn of_steps(steps: &[TypedStep]) -> Pattern {
        Pattern {
            segments: steps.iter().cloned().map(Segment::One).collect(),
            through_arrays: false,
        }
    }

    /// Parses a path to hide as patterns for all that it can mean, because hiding less than was meant cannot be undone.
    ///
    /// # Errors
    /// [`PathError`] with the reason.
    pub fn parse_hidden(text: &str) -> Result<Vec<Pattern>, PathError> {
        let pattern = |segments| Pattern {
            segments,
            through_arrays: true,
        };
        let readings = Path::parse(text)?.readings()?;
        Ok(readings.into_iter().map(pattern).collect())
    }

    /// The segments.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// This pattern at any depth.
    #[must_use]
    pub fn anywhere(&self) -> Pattern {
        let mut segments = vec![Segment::Deep];
        segments.extend(self.segments.iter().cloned());
        Pattern {
            segments,
            through_arrays: self.through_arrays,
        }
    }

    /// Whether a step matches a segment, and whether it is an array's on the way to it.
    pub(super) fn step(&self, segment: &Segment, step: &Step<'_>) -> (bool, bool) {
        let through =
            self.through_arrays && !matches!(step, Step::Key(_)) && names_a_field(segment);
        (matches(segment, step), through)
    }

    /// How a path relates to this pattern.
    #[must_use]
    pub fn relation(&self, steps: &[Step<'_>]) -> Relation {
        self.relation_below(&self.segments, steps)
    }

    /// How the rest of a path relates to the rest of the segments.
    fn relation_below(&self, segments: &[Segment], steps: &[Step<'_>]) -> Relation {
        let (Some((segment, rest)), Some((step, below))) =
            (segments.split_first(), steps.split_first())
        else {
            return match (segments.split_first(), steps.is_empty()) {
                (None, true) => Relation::Exact,
                (None, false) => Relation::Below,
                (Some((Segment::Deep, rest)), _) => {
                    self.relation_below(rest, steps).max(Relation::Above)
                }
                (Some(_), _) => Relation::Above,
            };
        };
        if *segment == Segment::Deep {
            let skipped = self.relation_below(rest, steps);
            return skipped.max(self.relation_below(segments, below));
        }
        let (matches, through) = self.step(segment, step);
        let relation = |is_possible: bool, segments| {
            if is_possible {
                self.relation_below(segments, below)
            } else {
                Relation::Apart
            }
        };
        relation(matches, rest).max(relation(through, segments))
    }
}

/// The closest relation of a path to any of these patterns.
#[must_use]
pub fn closest(patterns: &[Pattern], steps: &[Step<'_>]) -> Relation {
    let relations = patterns.iter().map(|pattern| pattern.relation(steps));
    relations.max().unwrap_or(Relation::Apart)
}

/// Whether a segment names a field, and no element.
fn names_a_field(segment: &Segment) -> bool {
    match segment {
        Segment::One(TypedStep::Key(_) | TypedStep::Token(..))
        | Segment::Glob(_)
        | Segment::Any => true,
        Segment::One(TypedStep::Index(_)) | Segment::AnyIndex | Segment::Deep => false,
    }
}

fn matches(segment: &Segment, step: &Step<'_>) -> bool {
    let (index, pointer_index) = match *step {
        Step::Key(key) => return matches_key(segment, key),
        Step::Both { old, new } => (new, old),
        Step::New { at, before } => (at, before),
        Step::Old { at } => (at, at),
    };
    match segment {
        Segment::Any | Segment::AnyIndex => true,
        Segment::One(TypedStep::Index(wanted)) => *wanted == index as usize,
        Segment::One(TypedStep::Token(_, wanted)) => *wanted == Some(pointer_index as usize),
        _ => false,
    }
}

fn matches_key(segment: &Segment, key: &[u8]) -> bool {
    match segment {
        Segment::Any => true,
        Segment::One(TypedStep::Key(wanted) | TypedStep::Token(wanted, _)) => {
            eq_content(key, wanted)
        }
        Segment::Glob(glob) => {
            let key: Vec<char> = String::from_utf8_lossy(&unescaped(key)).chars().collect();
            glob_matches(glob, &key)
        }
        _ => false,
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
}
