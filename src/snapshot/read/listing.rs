//! The server's list of collections. Not proof that there are no others.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::queries;
use super::retrying_client::{Request, RetryingClient, StopReason};
use crate::bigpeer::{ApiError, Kind};

/// How reliable the server's list was.
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

/// Queries the list.
///
/// # Errors
/// [`StopReason`] if the server does not respond.
pub fn list(client: &RetryingClient) -> Result<Listing, StopReason> {
    let question = Request::Dql(queries::listing());
    match client.query("listing the collections", &question) {
        Ok((_, rows)) => {
            let names = rows
                .iter()
                .filter_map(|row| serde_json::from_slice(row).ok());
            let names = names.map(|row: Row| row.name);
            Ok(Listing::Names(
                names.filter(|name| !name.starts_with("__")).collect(),
            ))
        }
        Err(StopReason::Api(_, error))
            if matches!(error.kind, Kind::NotFound | Kind::NoInterface) =>
        {
            Ok(Listing::NoDql(error))
        }
        Err(StopReason::Api(_, error))
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
