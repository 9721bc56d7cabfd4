//! Document counts of the server, before and after a read.

use serde::Deserialize;

use super::legacy;
use super::retrying_client::{Request, StopReason};
use super::{CollectionReader, ReadError};
use crate::bigpeer::{ApiErrorKind, QueryResponse};
use crate::snapshot::document_id::IdType;
use crate::snapshot::manifest::Census;
use crate::snapshot::write::PageStore;
use crate::snapshot::write::journal::CollectionResume;

/// The reason against a collection that the server cannot count.
const NOT_COUNTED: &str = "the server did not count the documents";

/// A count of the server.
enum Count {
    /// A consistent count.
    Known(Census),
    /// Why there is none.
    Unknown(String),
}

impl Count {
    /// The count, or `None` with the reason added to `reasons`.
    fn or_reason(self, reasons: &mut Vec<String>) -> Option<Census> {
        match self {
            Count::Known(census) => Some(census),
            Count::Unknown(why) => {
                if !reasons.contains(&why) {
                    reasons.push(why);
                }
                None
            }
        }
    }
}

impl CollectionReader<'_> {
    /// A cheap request about the same collection.
    pub(in crate::snapshot) fn probe(&self) -> Request {
        if self.legacy {
            Request::Find(legacy::find(&self.target, 1, 0))
        } else {
            Request::Dql(self.target.count())
        }
    }

    /// The count before the read, from now or from an earlier run; or `None`, and why in `reasons`.
    pub(super) fn before(
        &mut self,
        store: &mut dyn PageStore,
        resume: &CollectionResume,
        reasons: &mut Vec<String>,
    ) -> Result<Option<Census>, ReadError> {
        Ok(self.count_before(store, resume)?.or_reason(reasons))
    }

    /// The count after the read; or `None`, and why in `reasons`.
    pub(super) fn after(&self, reasons: &mut Vec<String>) -> Result<Option<Census>, StopReason> {
        let count = match self.count() {
            Ok(count) => count,
            Err(ReadError::Stop(stop)) => return Err(stop),
            Err(ReadError::Fault(why)) => Count::Unknown(why),
            Err(ReadError::Unknown(_) | ReadError::Moved) => Count::Unknown(NOT_COUNTED.to_owned()),
        };
        Ok(count.or_reason(reasons))
    }

    fn count_before(
        &mut self,
        store: &mut dyn PageStore,
        resume: &CollectionResume,
    ) -> Result<Count, ReadError> {
        if let Some(census) = resume.census.clone().filter(|_| !resume.pages.is_empty()) {
            return Ok(checked(Ok(census)));
        }
        let mut count = self.count()?;
        if let (Count::Unknown(why), false, Some(plain)) =
            (&count, self.legacy, self.target.without_alias())
            && why == NOT_COUNTED
        {
            // The server may not know an alias; without a condition that uses its name, none is needed.
            self.target = plain;
            count = self.count()?;
        }
        if let Count::Known(census) = &count {
            store
                .record_count(census)
                .map_err(|error| self.disk_error(error))?;
        }
        Ok(count)
    }

    /// Counts by type if the server can, else in total.
    fn count(&self) -> Result<Count, ReadError> {
        if self.legacy {
            return Ok(Count::Unknown(NOT_COUNTED.to_owned()));
        }
        let doing = format!("counting the collection {}", self.target.collection);
        for (query, is_total) in [(self.target.census(), false), (self.target.count(), true)] {
            match self.client.query(&doing, &Request::Dql(query)) {
                Ok((response, rows)) => return Ok(checked(census(&response, &rows, is_total))),
                Err(StopReason::Api(_, error)) if error.is_unknown_to_server() => {}
                Err(StopReason::Api(_, error)) if matches!(error.kind, ApiErrorKind::Forbidden) => {
                    return Err(ReadError::Fault(error.to_string()));
                }
                Err(stop) => return Err(stop.into()),
            }
        }
        Ok(Count::Unknown(NOT_COUNTED.to_owned()))
    }
}

/// One row of a count; `t` is missing in a total count, and in that of no documents.
#[derive(Deserialize)]
struct CountRow {
    t: Option<String>,
    n: u64,
}

/// The count of a response, or what is wrong with it.
fn census(
    response: &QueryResponse,
    rows: &[Vec<u8>],
    is_total: bool,
) -> Result<Census, &'static str> {
    let rows: Vec<CountRow> = rows
        .iter()
        .map(|row| serde_json::from_slice(row))
        .collect::<Result<_, _>>()
        .map_err(|_| "one of its rows is not a number of documents")?;
    let mut census = Census {
        transaction_id: response.transaction_id,
        warnings: response.warnings.clone(),
        ..Census::default()
    };
    if is_total && rows.len() != 1 {
        return Err("a total must be one number");
    }
    let is_typed = rows.iter().all(|row| row.t.is_some());
    if !is_typed && rows.len() > 1 {
        return Err("it contains a number for no type");
    }
    for row in rows {
        let sum = census.documents.checked_add(row.n);
        census.documents = sum.ok_or("its numbers are too large")?;
        let Some(name) = row.t else { continue };
        if census.by_type.insert(name, row.n).is_some() {
            return Err("it names a type of id twice");
        }
    }
    // A type that this program does not know is read with all others, so that only the total counts.
    if census
        .by_type
        .keys()
        .any(|name| IdType::parse(name).is_none())
    {
        census.by_type.clear();
    }
    Ok(census)
}

/// Refuses a count whose parts contradict its sum, also one of a journal.
fn checked(census: Result<Census, &'static str>) -> Count {
    let sum = |census: &Census| -> Option<u64> {
        let mut numbers = census.by_type.values();
        numbers.try_fold(0_u64, |sum, number| sum.checked_add(*number))
    };
    let census = census.and_then(|census| {
        if census.by_type.is_empty() || sum(&census) == Some(census.documents) {
            return Ok(census);
        }
        Err("its sum differs from its parts")
    });
    match census {
        Ok(census) => Count::Known(census),
        Err(why) => Count::Unknown(format!("the server's count is not consistent: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rows: &[&str], is_total: bool) -> Result<(u64, Vec<(String, u64)>), String> {
        let rows: Vec<Vec<u8>> = rows.iter().map(|row| row.as_bytes().to_vec()).collect();
        match checked(census(&QueryResponse::default(), &rows, is_total)) {
            Count::Known(census) => Ok((census.documents, census.by_type.into_iter().collect())),
            Count::Unknown(why) => Err(why),
        }
    }

    #[test]
    fn consistent_counts() {
        let one = |name: &str, number| (name.to_owned(), number);
        let typed = count(
            &[r#"{"t":"string","n":3}"#, r#"{"n":2,"t":"binary"}"#],
            false,
        );
        assert_eq!(typed, Ok((5, vec![one("binary", 2), one("string", 3)])));
        // The engine counts no documents as one row without a type.
        assert_eq!(count(&[r#"{"n":0}"#], false), Ok((0, Vec::new())));
        assert_eq!(count(&[], false), Ok((0, Vec::new())));
        assert_eq!(count(&[r#"{"n":7}"#], true), Ok((7, Vec::new())));
        let unknown = count(&[r#"{"t":"string","n":3}"#, r#"{"t":"date","n":2}"#], false);
        assert_eq!(unknown, Ok((5, Vec::new())));
    }

    #[test]
    fn inconsistent_counts_are_refused() {
        let string = r#"{"t":"string","n":3}"#;
        let most = r#"{"t":"integer","n":18446744073709551615}"#;
        for (rows, is_total, why) in [
            (&[string, string][..], false, "names a type of id twice"),
            (&[string, r#"{"n":3}"#], false, "a number for no type"),
            (
                &[string, r#"{"t":null,"n":3}"#],
                false,
                "a number for no type",
            ),
            (&[string, most], false, "too large"),
            (&[r#"{"t":"string"}"#], false, "not a number of documents"),
            (
                &[r#"{"t":"string","n":-1}"#],
                false,
                "not a number of documents",
            ),
            (
                &[r#"{"t":"string","n":1.5}"#],
                false,
                "not a number of documents",
            ),
            (&["3"], false, "not a number of documents"),
            (&[], true, "must be one number"),
            (&[r#"{"n":3}"#, r#"{"n":4}"#], true, "must be one number"),
        ] {
            let refused = count(rows, is_total).err().unwrap_or_default();
            assert!(refused.contains(why), "{rows:?}: {refused}");
        }
        let journaled = Census {
            documents: 4,
            by_type: [("string".to_owned(), 3)].into(),
            ..Census::default()
        };
        let Count::Unknown(why) = checked(Ok(journaled)) else {
            panic!("must be refused");
        };
        assert!(why.contains("sum differs"), "{why}");
    }
}
