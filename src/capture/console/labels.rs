//! The named columns at the start of a line of the console consumer.

use crate::record::{Clock, Timestamp};

/// Limit of a separator between two labels, in bytes.
const MAX_SEPARATOR_BYTES: usize = 32;

/// The named columns of a line.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Labels {
    /// The time; `None` also for `NO_TIMESTAMP`.
    pub time: Option<Timestamp>,
    pub partition: Option<i32>,
    pub offset: Option<i64>,
    pub epoch: Option<i32>,
    count: usize,
}

impl Labels {
    /// Takes the labels that are followed by the separator; returns them and the rest of the line.
    pub fn take<'a>(line: &'a [u8], separator: &[u8]) -> (Labels, &'a [u8]) {
        let (mut labels, mut rest) = (Labels::default(), line);
        for kind in Kind::ALL {
            let Some((length, label)) = kind.parse(rest) else {
                continue;
            };
            let after = rest.get(length..).unwrap_or_default();
            let Some(after) = after.strip_prefix(separator) else {
                continue;
            };
            labels.set(&label);
            rest = after;
        }
        (labels, rest)
    }

    /// The columns of kcat, which does not print which clock the time is from, and -1 for no time.
    pub fn of_kcat(millis: i64, partition: i32, offset: i64) -> Option<Labels> {
        let clock = Clock::Unknown;
        (partition >= 0 && offset >= 0).then_some(Labels {
            time: (millis >= 0).then_some(Timestamp { millis, clock }),
            partition: Some(partition),
            offset: Some(offset),
            epoch: None,
            count: 3,
        })
    }

    /// Whether there is a label.
    pub fn any(&self) -> bool {
        self.count > 0
    }

    fn set(&mut self, label: &Label) {
        self.count += 1;
        match *label {
            Label::Time(time) => self.time = time,
            Label::Partition(partition) => self.partition = Some(partition),
            Label::Offset(offset) => self.offset = Some(offset),
            Label::Delivery => {}
            Label::Epoch(epoch) => self.epoch = epoch,
        }
    }
}

/// What follows the first label of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AfterLabel<'a> {
    /// The line has no label.
    NoLabel,
    /// The separator, because another label follows it.
    Separator(&'a [u8]),
    /// The rest of the line.
    Rest(&'a [u8]),
}

impl<'a> AfterLabel<'a> {
    /// Looks at the start of a line.
    pub fn find(line: &'a [u8]) -> AfterLabel<'a> {
        let parsed = Kind::ALL
            .iter()
            .enumerate()
            .find_map(|(at, kind)| Some((at, kind.parse(line)?.0)));
        let Some((kind, length)) = parsed else {
            return AfterLabel::NoLabel;
        };
        let after = line.get(length..).unwrap_or_default();
        let later = Kind::ALL.get(kind + 1..).unwrap_or_default();
        for end in 1..=MAX_SEPARATOR_BYTES.min(after.len()) {
            let (separator, next) = after.split_at(end);
            let mut parsed = later.iter().filter_map(|kind| kind.parse(next));
            if parsed
                .any(|(length, _)| next.get(length..).is_some_and(|n| n.starts_with(separator)))
            {
                return AfterLabel::Separator(separator);
            }
        }
        AfterLabel::Rest(after)
    }
}

/// A parsed label.
enum Label {
    Time(Option<Timestamp>),
    Partition(i32),
    Offset(i64),
    /// The number of deliveries to a share group, which a record does not have.
    Delivery,
    Epoch(Option<i32>),
}

/// The labels in the order of the tool.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Time,
    Partition,
    Offset,
    Delivery,
    Epoch,
}

impl Kind {
    const ALL: [Kind; 5] = [
        Kind::Time,
        Kind::Partition,
        Kind::Offset,
        Kind::Delivery,
        Kind::Epoch,
    ];

    /// The label at the start of `text`, and its length.
    fn parse(self, text: &[u8]) -> Option<(usize, Label)> {
        match self {
            Kind::Time => time(text),
            Kind::Partition => {
                let (length, number) = number(text, b"Partition:")?;
                Some((length, Label::Partition(i32::try_from(number).ok()?)))
            }
            Kind::Offset => {
                let (length, number) = number(text, b"Offset:")?;
                Some((length, Label::Offset(number)))
            }
            Kind::Delivery => {
                let (length, _) = optional_number(text, b"Delivery:")?;
                Some((length, Label::Delivery))
            }
            Kind::Epoch => {
                let (length, number) = optional_number(text, b"Epoch:")?;
                let epoch = number.map(i32::try_from).transpose().ok()?;
                Some((length, Label::Epoch(epoch)))
            }
        }
    }
}

fn time(text: &[u8]) -> Option<(usize, Label)> {
    if text.starts_with(b"NO_TIMESTAMP") {
        return Some((b"NO_TIMESTAMP".len(), Label::Time(None)));
    }
    let clocks: [(&[u8], Clock); 2] = [
        (b"CreateTime:", Clock::Create),
        (b"LogAppendTime:", Clock::LogAppend),
    ];
    clocks.into_iter().find_map(|(label, clock)| {
        let (length, millis) = number(text, label)?;
        Some((length, Label::Time(Some(Timestamp { millis, clock }))))
    })
}

/// A label with a number, and the length of both.
fn number(text: &[u8], label: &[u8]) -> Option<(usize, i64)> {
    let value = text.strip_prefix(label)?;
    let sign = usize::from(value.starts_with(b"-"));
    let digits = value
        .get(sign..)?
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let length = sign + digits.count();
    let number = std::str::from_utf8(value.get(..length)?).ok()?;
    Some((label.len() + length, number.parse().ok()?))
}

/// A label with a number, or with one of the words that versions of the tool print for none.
fn optional_number(text: &[u8], label: &[u8]) -> Option<(usize, Option<i64>)> {
    let value = text.strip_prefix(label)?;
    let words: [&[u8]; 2] = [b"NOT_PRESENT", b"NONE"];
    if let Some(word) = words.into_iter().find(|word| value.starts_with(word)) {
        return Some((label.len() + word.len(), None));
    }
    let (length, number) = number(text, label)?;
    Some((length, Some(number)))
}
