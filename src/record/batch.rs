//! A batch of records, copied into one buffer so that another thread can work on them.

use std::borrow::Cow;
use std::ops::Range;

use super::{Header, Place, Record, Timestamp};

/// Copies of records, in their order. [`Batch::clear`] keeps the buffers for reuse.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    records: Vec<StoredRecord>,
    headers: Vec<(String, Option<Range<usize>>)>,
    /// Topic or file names, in the order of their first use.
    names: Vec<String>,
}

/// One record; ranges lie in the batch's bytes.
#[derive(Debug)]
struct StoredRecord {
    /// An index into the batch's names.
    name: usize,
    place: StoredPlace,
    time: Option<Timestamp>,
    leader_epoch: Option<i32>,
    key: Option<Range<usize>>,
    /// Ranges in the batch's headers.
    headers: Range<usize>,
    payload: Option<Range<usize>>,
}

/// A [`Place`] without its name.
#[derive(Debug, Clone, Copy)]
enum StoredPlace {
    Offset {
        partition: i32,
        offset: i64,
    },
    Line {
        line: u64,
        partition: Option<i32>,
        offset: Option<i64>,
    },
    Unknown,
}

impl Batch {
    /// Adds a copy of a record.
    pub fn push(&mut self, record: &Record<'_>) {
        let (name, place) = match record.place {
            Place::Offset {
                topic,
                partition,
                offset,
            } => (topic, StoredPlace::Offset { partition, offset }),
            Place::Line {
                file,
                line,
                partition,
                offset,
            } => (
                file,
                StoredPlace::Line {
                    line,
                    partition,
                    offset,
                },
            ),
            Place::Unknown => ("", StoredPlace::Unknown),
        };
        let name = self.name(name);
        let key = record.key.as_deref().map(|key| self.copy(key));
        let headers = self.copy_headers(&record.headers);
        let payload = record.payload.as_deref().map(|payload| self.copy(payload));
        self.records.push(StoredRecord {
            name,
            place,
            time: record.time,
            leader_epoch: record.leader_epoch,
            key,
            headers,
            payload,
        });
    }

    /// The records in the order in which they were added.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.records.iter().map(|record| self.as_record(record))
    }

    /// Size of the copies in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the batch is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Removes all records.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
        self.headers.clear();
        self.names.clear();
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    /// Consecutive records mostly have the same topic or file, whose name is stored once.
    fn name(&mut self, name: &str) -> usize {
        if self.names.last().is_none_or(|last| last != name) {
            self.names.push(name.to_owned());
        }
        self.names.len() - 1
    }

    fn copy_headers(&mut self, headers: &[Header<'_>]) -> Range<usize> {
        let start = self.headers.len();
        for header in headers {
            let value = header.value.as_deref().map(|value| self.copy(value));
            self.headers.push((header.name.clone().into_owned(), value));
        }
        start..self.headers.len()
    }

    fn as_record(&self, stored: &StoredRecord) -> Record<'_> {
        let name = &self.names[stored.name];
        let bytes = |range: &Option<Range<usize>>| {
            let range = range.clone()?;
            Some(Cow::Borrowed(&self.bytes[range]))
        };
        let headers = self.headers[stored.headers.clone()].iter();
        Record {
            place: match stored.place {
                StoredPlace::Offset { partition, offset } => Place::Offset {
                    topic: name,
                    partition,
                    offset,
                },
                StoredPlace::Line {
                    line,
                    partition,
                    offset,
                } => Place::Line {
                    file: name,
                    line,
                    partition,
                    offset,
                },
                StoredPlace::Unknown => Place::Unknown,
            },
            time: stored.time,
            leader_epoch: stored.leader_epoch,
            key: bytes(&stored.key),
            headers: headers
                .map(|(name, value)| Header {
                    name: Cow::Borrowed(name.as_str()),
                    value: bytes(value),
                })
                .collect(),
            payload: bytes(&stored.payload),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Clock;

    fn record(place: Place<'static>, payload: Option<&'static [u8]>) -> Record<'static> {
        Record {
            place,
            time: None,
            leader_epoch: None,
            key: None,
            headers: Vec::new(),
            payload: payload.map(Cow::Borrowed),
        }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let topic = |offset| Place::Offset {
            topic: "tøpic",
            partition: 3,
            offset,
        };
        let line = Place::line("a.ndjson", 9);
        let positioned = Place::Line {
            file: "a.txt",
            line: 2,
            partition: Some(3),
            offset: None,
        };
        let header = |name: &'static str, value: Option<&'static [u8]>| Header {
            name: name.into(),
            value: value.map(Cow::Borrowed),
        };
        let full = Record {
            time: Some(Timestamp {
                millis: 1,
                clock: Clock::LogAppend,
            }),
            leader_epoch: Some(4),
            key: Some(b"".into()),
            headers: vec![header("a", None), header("", Some(b"\xff"))],
            ..record(topic(7), Some(b"{}"))
        };
        let records = [
            full.clone(),
            record(topic(8), None),
            record(line, Some(b"")),
            record(positioned, Some(b"")),
            record(Place::line("b", 1), Some(b"\xff\x00")),
            record(Place::Unknown, Some(b"{}")),
            full,
        ];
        let mut batch = Batch::default();
        for _ in 0..2 {
            batch.clear();
            assert!(batch.is_empty());
            for record in &records {
                batch.push(record);
            }
            assert!(batch.records().eq(records.iter().cloned()));
        }
    }
}
