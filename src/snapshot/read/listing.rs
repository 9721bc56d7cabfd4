//! Which collections the server says there are.
//! The list is the server's word alone: the caller joins it with what the stream and the user know.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::queries;
use super::retrying_client::{Asker, Question, Stop};
use crate::bigpeer::{ApiError, Kind};

/// What the server's list was worth.
#[derive(Debug)]
pub enum Listing {
    /// These names; internal ones, which begin with `__`, are left out.
    Names(BTreeSet<String>),
    /// It was refused, in the server's words.
    Refused(String),
    /// The server has no DQL.
    NoDql(ApiError),
}

#[derive(Deserialize)]
struct Row {
    name: String,
}

/// Asks for the list.
///
/// # Errors
/// [`Stop`] where the server cannot be asked anything.
pub fn list(asker: &Asker) -> Result<Listing, Stop> {
    let question = Question::Dql(queries::listing());
    match asker.ask("listing the collections", &question) {
        Ok((_, rows)) => {
            let names = rows
                .iter()
                .filter_map(|row| serde_json::from_slice(row).ok());
            let names = names.map(|row: Row| row.name);
            Ok(Listing::Names(
                names.filter(|name| !name.starts_with("__")).collect(),
            ))
        }
        Err(Stop::Api(_, error)) if matches!(error.kind, Kind::NotFound | Kind::NoInterface) => {
            Ok(Listing::NoDql(error))
        }
        Err(Stop::Api(_, error))
            if matches!(
                error.kind,
                Kind::Forbidden | Kind::BadQuery | Kind::Failed | Kind::TooLarge
            ) =>
        {
            Ok(Listing::Refused(error.to_string()))
        }
        Err(stop) => Err(stop),
    }
}
