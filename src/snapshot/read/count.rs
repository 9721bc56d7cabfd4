//! How many documents the server says a collection has, before and after the walk.
//! What the numbers prove is told by `prove`.

use serde::Deserialize;

use super::legacy;
use super::retrying_client::{Question, Stop};
use super::{Turn, Walk};
use crate::bigpeer::{Answer, Kind};
use crate::snapshot::document_id::Type;
use crate::snapshot::manifest::Census;
use crate::snapshot::write::journal::Past;

impl Walk<'_> {
    /// A cheap question about the same collection.
    pub(in crate::snapshot) fn probe(&self) -> Question {
        if self.legacy {
            Question::Find(legacy::find(self.target, 1, 0))
        } else {
            Question::Dql(self.target.count())
        }
    }

    /// What the server counted before the walk, now or in an earlier run.
    pub(in crate::snapshot) fn before(&mut self, past: &Past) -> Result<Option<Census>, Turn> {
        if let Some(census) = past.census.clone().filter(|_| !past.pages.is_empty()) {
            return Ok(Some(census));
        }
        let census = self.count()?;
        if let Some(census) = &census {
            self.keeper
                .census(census)
                .map_err(|error| self.disk(error))?;
        }
        Ok(census)
    }

    /// Counts by type where the server can, else all together; `None` where it cannot count.
    pub(in crate::snapshot) fn count(&self) -> Result<Option<Census>, Turn> {
        if self.legacy {
            return Ok(None);
        }
        let doing = format!("counting the collection {}", self.target.collection);
        for query in [self.target.census(), self.target.count()] {
            match self.asker.ask(&doing, &Question::Dql(query)) {
                Ok((answer, rows)) => return Ok(census(&answer, &rows)),
                Err(Stop::Api(_, error)) if error.is_unknown_to_server() => {}
                Err(Stop::Api(_, error)) if matches!(error.kind, Kind::Forbidden) => {
                    return Err(Turn::Fault(error.to_string()));
                }
                Err(stop) => return Err(stop.into()),
            }
        }
        Ok(None)
    }
}

/// One row of a census; `t` is missing where there are no documents, or no types.
#[derive(Deserialize)]
struct Row {
    t: Option<String>,
    n: u64,
}

fn census(answer: &Answer, rows: &[Vec<u8>]) -> Option<Census> {
    let rows: Vec<Row> = rows
        .iter()
        .map(|row| serde_json::from_slice(row).ok())
        .collect::<Option<_>>()?;
    let known = rows.iter().all(|row| {
        row.t
            .as_deref()
            .is_some_and(|name| Type::of_name(name).is_some())
    });
    let by_type = rows.iter().filter(|_| known);
    Some(Census {
        transaction_id: answer.transaction_id,
        documents: rows.iter().map(|row| row.n).sum(),
        by_type: by_type
            .filter_map(|row| Some((row.t.clone()?, row.n)))
            .collect(),
    })
}
