//! `ListOffsets` (KIP-79): the times in a request, and their offsets in its response.

use std::collections::HashMap;

use crate::probe::wire::Reader;

/// From this version on, a response has one time and one offset per partition, not a list.
const FIRST_VERSION: i16 = 1;
/// From this version on, lengths are varints (KIP-482).
const FIRST_FLEXIBLE: i16 = 6;
/// Asks for the record with the highest timestamp (KIP-734).
const MAX_TIMESTAMP: i64 = -3;
/// A partition whose records could not be read in time.
const REQUEST_TIMED_OUT: i16 = 7;

/// A topic's name and a partition's number.
pub(super) type PartitionKey = (String, i32);

/// A query for the first record at or after a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeQuery {
    pub partition: PartitionKey,
    pub what: Sought,
}

/// The record to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    /// The first one whose timestamp is at least this one (milliseconds since 1970-01-01 UTC).
    AtOrAfter(i64),
    /// The first one with the highest timestamp.
    HighestTimestamp,
}

/// Offset and timestamp of the first record that matches; `None` if none does.
pub(super) type FoundRecord = Option<(i64, i64)>;

impl Sought {
    /// Whether a record replaces the one that was found before it.
    pub(super) fn prefers(self, time_millis: i64, found: FoundRecord) -> bool {
        match (self, found) {
            (Sought::AtOrAfter(wanted), None) => time_millis >= wanted,
            (Sought::AtOrAfter(_), Some(_)) => false,
            (Sought::HighestTimestamp, None) => true,
            (Sought::HighestTimestamp, Some((_, highest))) => time_millis > highest,
        }
    }
}

/// Parses the queries for a time, and leaves out those for the beginning and the end. `request` is after the client id.
pub(super) fn time_queries(request: Reader<'_>, version: i16) -> Option<Vec<TimeQuery>> {
    let mut request = request.flexible(version >= FIRST_FLEXIBLE);
    if version < FIRST_VERSION {
        return None;
    }
    request.skip_tags()?;
    request.i32()?;
    if version >= 2 {
        request.i8()?;
    }
    let mut queries = Vec::new();
    for _ in 0..request.count()? {
        let topic = request.string()?;
        for _ in 0..request.count()? {
            let partition = request.i32()?;
            if version >= 4 {
                request.i32()?;
            }
            let what = match request.i64()? {
                MAX_TIMESTAMP => Some(Sought::HighestTimestamp),
                time => (time >= 0).then_some(Sought::AtOrAfter(time)),
            };
            request.skip_tags()?;
            queries.extend(what.map(|what| TimeQuery {
                partition: (topic.clone(), partition),
                what,
            }));
        }
        request.skip_tags()?;
    }
    Some(queries)
}

/// A partition without error in a response.
struct ResponsePartition {
    key: PartitionKey,
    /// Index of its error code.
    error_at: usize,
}

/// Sets the offsets of the queried partitions. `find` returns the records; a partition that it leaves out gets an error.
pub(super) fn fill_in(
    response: &mut [u8],
    version: i16,
    queries: &[TimeQuery],
    find: impl FnOnce(&[TimeQuery]) -> HashMap<PartitionKey, FoundRecord>,
) {
    let Some(partitions) = partitions(response, version) else {
        return;
    };
    let is_answered =
        |query: &&TimeQuery| partitions.iter().any(|found| found.key == query.partition);
    let queries: Vec<TimeQuery> = queries.iter().filter(is_answered).cloned().collect();
    let found = find(&queries);
    for ResponsePartition { key, error_at } in partitions {
        if !queries.iter().any(|query| query.partition == key) {
            continue;
        }
        let (error, record) = match found.get(&key) {
            Some(record) => (0, *record),
            None => (REQUEST_TIMED_OUT, None),
        };
        let (offset, time) = record.unwrap_or((-1, -1));
        let bytes = [
            &error.to_be_bytes()[..],
            &time.to_be_bytes(),
            &offset.to_be_bytes(),
        ]
        .concat();
        let place = response
            .get_mut(error_at..)
            .and_then(|rest| rest.get_mut(..bytes.len()));
        if let Some(place) = place {
            place.copy_from_slice(&bytes);
        }
    }
}

fn partitions(response: &[u8], version: i16) -> Option<Vec<ResponsePartition>> {
    let mut reader = Reader::new(response).flexible(version >= FIRST_FLEXIBLE);
    reader.i32()?;
    reader.skip_tags()?;
    if version >= 2 {
        reader.i32()?;
    }
    let mut partitions = Vec::new();
    for _ in 0..reader.count()? {
        let topic = reader.string()?;
        for _ in 0..reader.count()? {
            let partition = reader.i32()?;
            let error_at = response.len().checked_sub(reader.remaining())?;
            let error = reader.i16()?;
            reader.i64()?;
            reader.i64()?;
            if version >= 4 {
                reader.i32()?;
            }
            reader.skip_tags()?;
            if error == 0 {
                partitions.push(ResponsePartition {
                    key: (topic.clone(), partition),
                    error_at,
                });
            }
        }
        reader.skip_tags()?;
    }
    Some(partitions)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// No tagged fields.
    fn tags(version: i16) -> Vec<u8> {
        vec![0; usize::from(version >= FIRST_FLEXIBLE)]
    }

    /// The number of topics, the name `t` and its number of partitions.
    fn topic(version: i16, partitions: usize) -> Vec<u8> {
        let partitions = u8::try_from(partitions).unwrap();
        if version >= FIRST_FLEXIBLE {
            return vec![2, 2, b't', partitions + 1];
        }
        vec![0, 0, 0, 1, 0, 1, b't', 0, 0, 0, partitions]
    }

    /// A request of one topic `t`, after the client id: partition and time.
    fn request(version: i16, partitions: &[(i32, i64)]) -> Vec<u8> {
        let tags = tags(version);
        let mut all = [
            tags.clone(),
            vec![255; 4],
            vec![0; usize::from(version >= 2)],
        ]
        .concat();
        all.extend(topic(version, partitions.len()));
        for (partition, time) in partitions {
            all.extend(partition.to_be_bytes());
            all.extend(vec![255; 4 * usize::from(version >= 4)]);
            all.extend(time.to_be_bytes());
            all.extend(&tags);
        }
        all.extend([tags.clone(), tags].concat());
        all
    }

    /// The response of the mock broker to it: error and offset of each partition.
    fn response(version: i16, partitions: &[(i32, i16, FoundRecord)]) -> Vec<u8> {
        let tags = tags(version);
        let mut all = [
            vec![9; 4],
            tags.clone(),
            vec![0; 4 * usize::from(version >= 2)],
        ]
        .concat();
        all.extend(topic(version, partitions.len()));
        for (partition, error, found) in partitions {
            let (offset, time) = found.unwrap_or((-1, -1));
            all.extend(partition.to_be_bytes());
            all.extend(error.to_be_bytes());
            all.extend(time.to_be_bytes());
            all.extend(offset.to_be_bytes());
            all.extend(vec![255; 4 * usize::from(version >= 4)]);
            all.extend(&tags);
        }
        all.extend([tags.clone(), tags].concat());
        all
    }

    #[test]
    fn times_are_read_and_filled_in_in_each_version_and_markers_and_errors_stay() {
        for version in FIRST_VERSION..=7 {
            let bytes = request(
                version,
                &[(0, 100), (1, -1), (2, -2), (3, -3), (4, 5), (5, 6)],
            );
            let queries = time_queries(Reader::new(&bytes), version).unwrap();
            let sought: Vec<_> = queries
                .iter()
                .map(|query| (query.partition.1, query.what))
                .collect();
            let expected = [
                (0, Sought::AtOrAfter(100)),
                (3, Sought::HighestTimestamp),
                (4, Sought::AtOrAfter(5)),
                (5, Sought::AtOrAfter(6)),
            ];
            assert_eq!(sought, expected, "{version}");
            let key = |partition| ("t".to_owned(), partition);
            let mut bytes = response(
                version,
                &[
                    (0, 0, None),
                    (1, 0, Some((50, -1))),
                    (3, 0, None),
                    (4, 3, None),
                    (5, 0, None),
                ],
            );
            fill_in(&mut bytes, version, &queries, |wanted| {
                let wanted: Vec<i32> = wanted.iter().map(|query| query.partition.1).collect();
                assert_eq!(
                    wanted,
                    [0, 3, 5],
                    "a partition with an error is not searched"
                );
                HashMap::from([(key(0), Some((7, 100))), (key(3), None)])
            });
            let expected = [
                (0, 0, Some((7, 100))),
                (1, 0, Some((50, -1))),
                (3, 0, None),
                (4, 3, None),
                (5, REQUEST_TIMED_OUT, None),
            ];
            assert_eq!(bytes, response(version, &expected), "{version}");
        }
    }

    #[test]
    fn the_first_record_that_matches_is_found() {
        let check = |what: Sought, times: &[i64], expected: FoundRecord| {
            let mut found = None;
            for (offset, time) in (0..).zip(times) {
                if what.prefers(*time, found) {
                    found = Some((offset, *time));
                }
            }
            assert_eq!(found, expected, "{what:?} {times:?}");
        };
        check(Sought::AtOrAfter(5), &[1, 9, 5, 9], Some((1, 9)));
        check(Sought::AtOrAfter(10), &[1, 9], None);
        check(Sought::HighestTimestamp, &[1, 9, 5, 9], Some((1, 9)));
        check(Sought::HighestTimestamp, &[], None);
    }
}
