//! The layout of a capture's lines, inferred from the first of them.

use super::headers::{NO_HEADERS, looks_like_headers};
use super::labels::{AfterLabel, Labels};
use crate::json;

/// Limit of the lines that a layout is inferred from.
const MAX_LINES: usize = 200;
/// Limit of the places in a line where a value is looked for.
const MAX_ATTEMPTS: usize = 64;
/// Fewest digits of a time in milliseconds, to tell it from other numbers.
const MIN_TIME_DIGITS: usize = 12;

/// The layout of lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Columns of the console consumer, or a key and kcat's delimiter.
    Console {
        separator: Vec<u8>,
        region: Region,
        /// Number of columns between labels and value: headers and key.
        columns: usize,
        /// The separator is neither the default nor between two labels.
        is_guess: bool,
    },
    /// Time, partition, offset, key and value, with this separator.
    Kcat(u8),
}

/// What stands between the labels and the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    Headers,
    Key,
    HeadersAndKey,
    /// A key, or both, as far as a line tells.
    Unknown,
}

/// The columns of a region.
pub(super) struct Columns<'a> {
    pub headers: Option<&'a [u8]>,
    pub key: Option<&'a [u8]>,
    /// The key could be headers.
    pub is_doubtful: bool,
}

impl Region {
    /// What the columns of several lines tell. The tool prints a name and a colon, or a fixed word, for headers, so
    /// that anything else is a key.
    fn of<'a>(lines: impl Iterator<Item = &'a [u8]>, separator: &[u8]) -> Region {
        let mut region = Region::Unknown;
        for text in lines {
            let end = memchr::memmem::find(text, separator);
            let first = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
            match (first == NO_HEADERS, end) {
                (true, None) => return Region::Headers,
                (true, Some(_)) => return Region::HeadersAndKey,
                _ if !looks_like_headers(first) => region = Region::Key,
                _ => {}
            }
        }
        region
    }

    /// Splits the text between labels and value.
    pub fn split<'a>(self, text: &'a [u8], separator: &[u8]) -> Columns<'a> {
        let two = || cut_key(text, separator);
        let columns = |headers, key, is_doubtful| Columns {
            headers,
            key,
            is_doubtful,
        };
        match (self, two()) {
            (Region::Headers, _) => columns(Some(text), None, false),
            (Region::Key, _) => columns(None, Some(text), false),
            (_, Some((headers, key))) if looks_like_headers(headers) => {
                columns(Some(headers), Some(key), false)
            }
            _ if text == NO_HEADERS => columns(Some(text), None, false),
            _ => columns(None, Some(text), looks_like_headers(text)),
        }
    }
}

/// Splits a region before the key: before the first key that is JSON, else at the first separator.
fn cut_key<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let cut = |at: usize| Some((text.get(..at)?, text.get(at + separator.len()..)?));
    let cuts = memchr::memmem::find_iter(text, separator).take(MAX_ATTEMPTS);
    let is_json = |at: &usize| {
        cut(*at).is_some_and(|(_, key)| key.starts_with(b"{") && json::check(key).is_ok())
    };
    let mut all = cuts.clone();
    cuts.clone()
        .find(is_json)
        .or_else(|| all.next())
        .and_then(cut)
}

impl Layout {
    /// Infers the layout from a line and those after it.
    pub fn infer(line: &[u8], following: &[u8]) -> Layout {
        let complete = memchr::memrchr(b'\n', following).map_or(0, |end| end + 1);
        let following = following.get(..complete).unwrap_or_default();
        let lines = following.split(|byte| *byte == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let lines = lines.filter(|line| !line.is_empty());
        let sample: Vec<&[u8]> = [line].into_iter().chain(lines).take(MAX_LINES).collect();
        if let Some(separator) = kcat_separator(&sample) {
            return Layout::Kcat(separator);
        }
        let (separator, is_guess) = separator(&sample);
        let regions = sample
            .iter()
            .filter_map(|line| columns_of(line, &separator));
        let region = Region::of(regions, &separator);
        let columns = match region {
            Region::HeadersAndKey => 2,
            Region::Headers | Region::Key => 1,
            Region::Unknown => {
                let mut columns = sample
                    .iter()
                    .filter_map(|line| columns_of(line, &separator));
                columns.next().map_or(0, |text| {
                    1 + usize::from(memchr::memmem::find(text, &separator).is_some())
                })
            }
        };
        Layout::Console {
            separator,
            region,
            columns,
            is_guess,
        }
    }

    /// The parts of a line; `None` if it cannot have this layout.
    pub fn split<'a>(&self, line: &'a [u8]) -> Option<Parts<'a>> {
        let (separator, columns) = match self {
            Layout::Kcat(separator) => return kcat_columns(line, *separator),
            Layout::Console {
                separator, columns, ..
            } => (separator, *columns),
        };
        let (labels, rest) = Labels::take(line, separator);
        if AfterLabel::find(rest) != AfterLabel::NoLabel {
            return None;
        }
        let (columns, value) = match split_at_json(rest, separator) {
            SplitAtJson::Value(columns, value) => (columns, value),
            SplitAtJson::OtherSeparator => return None,
            SplitAtJson::NoJson => split_at_column(rest, separator, columns),
        };
        Some(Parts {
            labels,
            columns,
            value: Some(value),
        })
    }

    /// Splits the text between labels and value.
    pub fn split_columns<'a>(&self, text: &'a [u8]) -> Columns<'a> {
        match self {
            Layout::Console {
                separator, region, ..
            } => region.split(text, separator),
            Layout::Kcat(separator) => Region::Unknown.split(text, &[*separator]),
        }
    }
}

/// The parts of a line.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Parts<'a> {
    pub labels: Labels,
    /// Headers and key, with the separator between them; `None` if there is no such column.
    pub columns: Option<&'a [u8]>,
    /// The value; `None` if kcat printed nothing for null.
    pub value: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// A line without columns.
    pub fn value(line: &'a [u8]) -> Parts<'a> {
        Parts {
            value: Some(line),
            ..Parts::default()
        }
    }
}

/// Splits after a number of columns, because the value is not JSON.
fn split_at_column<'a>(
    rest: &'a [u8],
    separator: &[u8],
    columns: usize,
) -> (Option<&'a [u8]>, &'a [u8]) {
    let nth = columns.checked_sub(1);
    let cut = nth.and_then(|nth| memchr::memmem::find_iter(rest, separator).nth(nth));
    let parts = cut.and_then(|at| Some((rest.get(..at)?, rest.get(at + separator.len()..)?)));
    parts.map_or((None, rest), |(columns, value)| (Some(columns), value))
}

/// The result of looking for a value that is JSON.
enum SplitAtJson<'a> {
    /// The columns before the value, if there are any, and the value.
    Value(Option<&'a [u8]>, &'a [u8]),
    /// The text before the value does not end with the separator.
    OtherSeparator,
    /// There is no such value.
    NoJson,
}

/// Splits before the value, if that is JSON.
fn split_at_json<'a>(rest: &'a [u8], separator: &[u8]) -> SplitAtJson<'a> {
    if let Some((before, value)) = value_start(rest).and_then(|at| rest.split_at_checked(at)) {
        return match before.strip_suffix(separator) {
            _ if before.is_empty() => SplitAtJson::Value(None, value),
            Some(columns) => SplitAtJson::Value(Some(columns), value),
            None => SplitAtJson::OtherSeparator,
        };
    }
    if json::check(rest).is_ok() {
        return SplitAtJson::Value(None, rest);
    }
    let cuts = memchr::memmem::find_iter(rest, separator).take(MAX_ATTEMPTS);
    let mut splits =
        cuts.filter_map(|at| Some((rest.get(..at)?, rest.get(at + separator.len()..)?)));
    match splits.find(|(_, value)| json::check(value).is_ok()) {
        Some((columns, value)) => SplitAtJson::Value(Some(columns), value),
        None => SplitAtJson::NoJson,
    }
}

/// The columns of a line between labels and value, for this separator.
fn columns_of<'a>(line: &'a [u8], separator: &[u8]) -> Option<&'a [u8]> {
    let (_, rest) = Labels::take(line, separator);
    match split_at_json(rest, separator) {
        SplitAtJson::Value(columns, _) => columns,
        SplitAtJson::OtherSeparator | SplitAtJson::NoJson => None,
    }
}

/// The start of the object at the end of a line. Objects before it, such as keys, are skipped.
pub(in crate::capture) fn value_start(line: &[u8]) -> Option<usize> {
    let mut at = 0;
    for _ in 0..MAX_ATTEMPTS {
        at += memchr::memchr(b'{', line.get(at..)?)?;
        if json::check(line.get(at..)?).is_ok() {
            return Some(at);
        }
        // In an object that is cut off, an inner object is not the value.
        at = json::value_end(line, at)?;
    }
    None
}

/// Whether bytes are punctuation or blanks such as separators have.
pub(in crate::capture) fn is_separator(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_separator_byte(*byte))
}

fn is_separator_byte(byte: u8) -> bool {
    match byte {
        b'{' | b'}' | b'[' | b']' | b'(' | b')' | b'"' | b'\'' => false,
        b'\t' | 1..=8 | 0x1c..=0x20 => true,
        _ => byte.is_ascii_punctuation(),
    }
}

/// What a line says about the separator.
enum Evidence<'a> {
    /// It is the first and the last of these bytes, between a label and the value.
    Around(&'a [u8]),
    /// It is the last of these bytes, before the value.
    Before(&'a [u8]),
}

impl<'a> Evidence<'a> {
    fn find(line: &'a [u8]) -> Option<Evidence<'a>> {
        match AfterLabel::find(line) {
            AfterLabel::Separator(_) => None,
            AfterLabel::Rest(rest) => {
                let end = value_start(rest).or_else(|| rest.strip_suffix(b"null").map(<[u8]>::len));
                rest.get(..end?)
                    .filter(|text| !text.is_empty())
                    .map(Evidence::Around)
            }
            AfterLabel::NoLabel => line
                .get(..value_start(line)?)
                .filter(|text| !text.is_empty())
                .map(Evidence::Before),
        }
    }

    fn allows(&self, separator: &[u8]) -> bool {
        match self {
            Evidence::Around(text) => {
                let both = text.starts_with(separator) && text.ends_with(separator);
                both && (*text == separator || text.len() >= 2 * separator.len())
            }
            Evidence::Before(text) => text.ends_with(separator),
        }
    }

    /// Possible separators, the most likely first.
    fn candidates(&self) -> Vec<&'a [u8]> {
        let tab: &[u8] = b"\t";
        let (Evidence::Around(text) | Evidence::Before(text)) = self;
        let punctuation = text
            .iter()
            .rev()
            .take_while(|byte| is_separator_byte(**byte));
        let longest = punctuation.count();
        let suffixes = (1..=longest)
            .rev()
            .filter_map(|length| text.get(text.len() - length..));
        let all = [tab].into_iter().chain(suffixes);
        all.filter(|separator| self.allows(separator)).collect()
    }
}

/// The separator, and whether it is neither the default nor certain.
fn separator(sample: &[&[u8]]) -> (Vec<u8>, bool) {
    let tab: &[u8] = b"\t";
    let evidence: Vec<Evidence<'_>> = sample
        .iter()
        .filter_map(|line| Evidence::find(line))
        .collect();
    let mut between_labels = sample
        .iter()
        .filter_map(|line| match AfterLabel::find(line) {
            AfterLabel::Separator(separator) => Some(separator),
            _ => None,
        });
    // Lines of another capture can follow in the same file.
    let first = sample.first().and_then(|line| Evidence::find(line));
    let fits_first = |separator: &&[u8]| first.as_ref().is_none_or(|one| one.allows(separator));
    if let Some(separator) = between_labels.find(fits_first) {
        return (separator.to_vec(), false);
    }
    let candidates = evidence
        .first()
        .map(Evidence::candidates)
        .unwrap_or_default();
    let fits_all = |separator: &&&[u8]| evidence.iter().all(|one| one.allows(separator));
    let found = candidates.iter().find(fits_all).or(candidates.first());
    let found = *found.unwrap_or(&tab);
    (found.to_vec(), found != tab)
}

/// Parses `%T %p %o %k %s` or `%T %p %o %s`. kcat prints nothing for a null key or value.
fn kcat_columns(line: &[u8], separator: u8) -> Option<Parts<'_>> {
    let mut parts = line.splitn(4, |byte| *byte == separator);
    let time = parts.next()?;
    if time != b"-1" && time.len() < MIN_TIME_DIGITS {
        return None;
    }
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<i64>().ok();
    let time = number(time)?;
    let partition = i32::try_from(number(parts.next()?)?).ok()?;
    let offset = number(parts.next()?)?;
    let rest = parts.next()?;
    let (key, value) = match value_start(rest) {
        Some(0) => (&b""[..], rest),
        Some(at) => {
            let (key, value) = rest.split_at_checked(at)?;
            (key.strip_suffix(&[separator])?, value)
        }
        None => {
            let at = memchr::memchr(separator, rest)?;
            (rest.get(..at)?, rest.get(at + 1..)?)
        }
    };
    let is_there = |text: &&[u8]| !text.is_empty();
    Some(Parts {
        labels: Labels::of_kcat(time, partition, offset)?,
        columns: Some(key).filter(is_there),
        value: Some(value).filter(is_there),
    })
}

/// The separator of kcat's columns, if each line has them.
fn kcat_separator(sample: &[&[u8]]) -> Option<u8> {
    let first = sample.first()?;
    let digits = first
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'-');
    let separator = *first.get(digits.count())?;
    let all = |line: &&[u8]| kcat_columns(line, separator).is_some();
    (is_separator(&[separator]) && sample.iter().all(all)).then_some(separator)
}
