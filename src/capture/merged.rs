//! Several captures as one source, in one order in time.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{NoPart, OrderedCapture};
use crate::record::time_order::{Merge, TxnOf};
use crate::record::{Failure, Progress, Source, SourceItem};

/// Captures, merged by time.
pub struct MergedCaptures {
    captures: Vec<OrderedCapture>,
    /// The next record of each capture.
    heads: Vec<Option<Range<usize>>>,
    merge: Merge,
    txn_of: TxnOf,
    /// Whether the first record of each capture has a time; until the user was told.
    first_times: Option<Vec<Option<bool>>>,
    /// The capture whose record was delivered last.
    delivered: Option<usize>,
}

impl MergedCaptures {
    /// Opens all captures. `txn_of` reads a record's transaction.
    ///
    /// # Errors
    /// A [`Failure`] if one cannot be opened.
    pub fn open(
        paths: &[PathBuf],
        txn_of: TxnOf,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<MergedCaptures, Failure> {
        let open = |path: &PathBuf| OrderedCapture::open(path, txn_of, paths.len(), interrupt);
        let captures: Vec<OrderedCapture> = paths.iter().map(open).collect::<Result<_, _>>()?;
        Ok(MergedCaptures {
            heads: vec![None; captures.len()],
            merge: Merge::new(captures.len()),
            txn_of,
            first_times: Some(vec![None; captures.len()]),
            delivered: None,
            captures,
        })
    }

    /// Reads until the next record of each capture is known.
    fn fill(&mut self, wait: Duration) -> Result<(), NoPart> {
        while let Some(at) = self.merge.waiting() {
            let Some(capture) = self.captures.get_mut(at) else {
                self.merge.end();
                continue;
            };
            if let Some(message) = capture.next_notice() {
                return Err(NoPart::Notice(message));
            }
            let part = match capture.part(wait) {
                Ok(part) => part,
                Err(NoPart::End) => {
                    self.merge.end();
                    continue;
                }
                Err(reason) => return Err(reason),
            };
            let record = capture.record(part.clone());
            self.merge.put(&record, self.txn_of);
            if let Some(times) = &mut self.first_times {
                times[at].get_or_insert(record.time.is_some());
            }
            self.heads[at] = Some(part);
        }
        match self.untimed() {
            Some(message) => Err(NoPart::Notice(message)),
            None => Ok(()),
        }
    }

    /// Names the captures without times, if others have times: nothing says where their events belong.
    fn untimed(&mut self) -> Option<String> {
        let times = self.first_times.take()?;
        if !times.contains(&Some(true)) {
            return None;
        }
        let untimed = times.iter().zip(&self.captures);
        let names: Vec<&str> = untimed
            .filter(|(time, _)| **time == Some(false))
            .map(|(_, capture)| capture.shown_name())
            .collect();
        (!names.is_empty()).then(|| {
            format!(
                "no times are in {}: its events come first, before those with times",
                names.join(", ")
            )
        })
    }
}

impl Source for MergedCaptures {
    fn next(&mut self, wait: Duration) -> SourceItem<'_> {
        if let Some(at) = self.delivered.take() {
            self.heads[at] = None;
            self.merge.take_first();
        }
        if let Err(reason) = self.fill(wait) {
            return reason.into();
        }
        let Some(at) = self.merge.first() else {
            return SourceItem::End;
        };
        self.delivered = Some(at);
        match (self.captures.get_mut(at), self.heads[at].clone()) {
            (Some(capture), Some(part)) => SourceItem::Record(capture.record(part)),
            _ => SourceItem::End,
        }
    }

    fn progress(&self) -> Progress {
        let each = || self.captures.iter().map(Source::progress);
        Progress {
            done: each().map(|progress| progress.done).sum(),
            total: each().map(|progress| progress.total).sum(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn write(folder: &std::path::Path, name: &str, lines: &[String]) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, lines.join("\n")).unwrap();
        path
    }

    fn line(millis: Option<i64>, value: &str) -> String {
        match millis {
            Some(millis) => format!(
                r#"{{"topic":"t","partition":0,"offset":1,"timestamp":{millis},"timestampType":"CreateTime","key":null,"headers":[],"value":"{value}"}}"#
            ),
            None => format!("\"{value}\""),
        }
    }

    /// The payloads in their order, and the notices.
    fn read(paths: &[PathBuf]) -> (Vec<String>, Vec<String>) {
        let interrupt = Arc::new(AtomicBool::new(false));
        let txn_of: TxnOf = |record| {
            let payload = record.payload.as_deref()?;
            std::str::from_utf8(payload)
                .ok()?
                .trim_matches('"')
                .get(1..)?
                .parse()
                .ok()
        };
        let mut source = MergedCaptures::open(paths, txn_of, &interrupt).unwrap();
        let (mut payloads, mut notices) = (Vec::new(), Vec::new());
        loop {
            match source.next(Duration::from_secs(5)) {
                SourceItem::Record(record) => payloads.push(
                    String::from_utf8_lossy(record.payload.as_deref().unwrap())
                        .trim_matches('"')
                        .to_owned(),
                ),
                SourceItem::Notice(notice) => notices.push(format!("{notice:?}")),
                SourceItem::End => return (payloads, notices),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn captures_are_one_stream_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let timed = |name: &str, times: &[i64]| {
            let lines: Vec<String> = times
                .iter()
                .map(|millis| line(Some(*millis), &format!("{name}{millis}")))
                .collect();
            write(folder.path(), name, &lines)
        };
        let untimed = |name: &str, txns: &[u64]| {
            let lines: Vec<String> = txns
                .iter()
                .map(|txn| line(None, &format!("{name}{txn}")))
                .collect();
            write(folder.path(), name, &lines)
        };
        let (first, second, empty) = (
            timed("a", &[1, 4, 9]),
            timed("b", &[2, 3, 10]),
            timed("c", &[]),
        );
        let (payloads, notices) = read(&[first.clone(), second, empty]);
        assert_eq!(payloads, ["a1", "b2", "b3", "a4", "a9", "b10"]);
        assert_eq!(notices, [""; 0]);
        let (untimed_one, untimed_two) = (untimed("d", &[1, 5]), untimed("e", &[3, 2, 6]));
        let (payloads, notices) = read(&[untimed_one.clone(), untimed_two]);
        assert_eq!(
            (payloads, notices.len()),
            (["d1", "e3", "e2", "d5", "e6"].map(String::from).into(), 0)
        );
        let (payloads, notices) = read(&[first, untimed_one]);
        assert_eq!(payloads, ["d1", "d5", "a1", "a4", "a9"]);
        assert!(notices[0].contains("no times are in"), "{notices:?}");
    }
}
