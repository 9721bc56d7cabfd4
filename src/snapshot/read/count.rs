//! Document counts of the server, before and after a read.

use serde::Deserialize;

use super::legacy;
use super::retrying_client::{Request, StopReason};
use super::{CollectionReader, ReadError};
use crate::bigpeer::{ApiErrorKind, QueryResponse};
use crate::snapshot::document_id::IdType;
use crate::snapshot::manifest::Census;
use crate::snapshot::write::journal::CollectionResume;

impl CollectionReader<'_> {
    /// A cheap request about the same collection.
    pub(in crate::snapshot) fn probe(&self) -> Request {
        if self.legacy {
            Request::Find(legacy::find(self.target, 1, 0))
        } else {
            Request::Dql(self.target.count())
        }
    }

    /// The count before the read, from now or from an earlier run.
    pub(in crate::snapshot) fn before(
        &mut self,
        resume: &CollectionResume,
    ) -> Result<Option<Census>, ReadError> {
        if let Some(census) = resume.census.clone().filter(|_| !resume.pages.is_empty()) {
            return Ok(Some(census));
        }
        let census = self.count()?;
        if let Some(census) = &census {
            self.sink
                .record_count(census)
                .map_err(|error| self.disk_error(error))?;
        }
        Ok(census)
    }

    /// Counts by type if the server can, else in total; `None` if it cannot count.
    pub(in crate::snapshot) fn count(&self) -> Result<Option<Census>, ReadError> {
        if self.legacy {
            return Ok(None);
        }
        let doing = format!("counting the collection {}", self.target.collection);
        for query in [self.target.census(), self.target.count()] {
            match self.client.query(&doing, &Request::Dql(query)) {
                Ok((response, rows)) => return Ok(census(&response, &rows)),
                Err(StopReason::Api(_, error)) if error.is_unknown_to_server() => {}
                Err(StopReason::Api(_, error)) if matches!(error.kind, ApiErrorKind::Forbidden) => {
                    return Err(ReadError::Fault(error.to_string()));
                }
                Err(stop) => return Err(stop.into()),
            }
        }
        Ok(None)
    }
}

/// One row of a count; `t` is missing in a total count.
#[derive(Deserialize)]
struct CountRow {
    t: Option<String>,
    n: u64,
}

fn census(response: &QueryResponse, rows: &[Vec<u8>]) -> Option<Census> {
    let rows: Vec<CountRow> = rows
        .iter()
        .map(|row| serde_json::from_slice(row).ok())
        .collect::<Option<_>>()?;
    let known = rows.iter().all(|row| {
        row.t
            .as_deref()
            .is_some_and(|name| IdType::parse(name).is_some())
    });
    let by_type = rows.iter().filter(|_| known);
    Some(Census {
        transaction_id: response.transaction_id,
        documents: rows.iter().map(|row| row.n).sum(),
        by_type: by_type
            .filter_map(|row| Some((row.t.clone()?, row.n)))
            .collect(),
    })
}
