//! DQL statements. Names are quoted and values are arguments; only the user's condition is inserted verbatim.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::retrying_client::{Request, RetryingClient, StopReason};
use crate::bigpeer::{ApiError, ApiErrorKind, Query, quoted_name};
use crate::snapshot::document_id::IdType;

/// The collection to read, and its condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The collection's name.
    pub collection: String,
    /// The condition of `--where`.
    pub condition: Option<String>,
}

/// The query for the server's list of collections.
#[must_use]
pub fn listing() -> Query {
    Query::new("SELECT * FROM system:collections")
}

impl Target {
    fn from(&self) -> String {
        quoted_name(&self.collection)
    }

    /// The WHERE clause with further conditions. The line end terminates a comment in the user's condition.
    fn filter(&self, others: &[String]) -> String {
        let own = self.condition.iter().map(|text| format!("({text}\n)"));
        let all: Vec<String> = own.chain(others.iter().cloned()).collect();
        if all.is_empty() {
            return String::new();
        }
        format!(" WHERE {}", all.join(" AND "))
    }

    /// Counts the documents of each type of id.
    #[must_use]
    pub fn census(&self) -> Query {
        Query::new(format!(
            "SELECT type(_id) AS t, COUNT(*) AS n FROM {}{} GROUP BY type(_id)",
            self.from(),
            self.filter(&[])
        ))
    }

    /// Counts all documents, for servers without `type()`.
    #[must_use]
    pub fn count(&self) -> Query {
        Query::new(format!(
            "SELECT COUNT(*) AS n FROM {}{}",
            self.from(),
            self.filter(&[])
        ))
    }

    /// A page of documents with ids of one type, after the id `last` (raw JSON), in the order of
    /// [`DocumentId`](crate::snapshot::document_id::DocumentId).
    #[must_use]
    pub fn page(&self, kind: IdType, last: Option<&str>, limit: u64) -> Query {
        let by_text = matches!(kind, IdType::Array | IdType::Object);
        let (key, cursor) = if by_text {
            ("CAST(_id AS STRING)", "CAST(:last AS STRING)")
        } else {
            ("_id", ":last")
        };
        let mut conditions = vec![format!("type(_id) = '{}'", kind.name())];
        conditions.extend(last.map(|_| format!("{key} > {cursor}")));
        Query {
            statement: format!(
                "SELECT * FROM {}{} ORDER BY {key} LIMIT {limit}",
                self.from(),
                self.filter(&conditions)
            ),
            args: last
                .map(|last| ("last", last.to_owned()))
                .into_iter()
                .collect(),
            ..Query::default()
        }
    }

    /// All documents in one response.
    #[must_use]
    pub fn whole(&self) -> Query {
        Query::new(format!("SELECT * FROM {}{}", self.from(), self.filter(&[])))
    }

    /// A page by offset in the order of ids.
    #[must_use]
    pub fn offset(&self, limit: u64, offset: u64) -> Query {
        Query::new(format!(
            "SELECT * FROM {}{} ORDER BY _id LIMIT {limit} OFFSET {offset}",
            self.from(),
            self.filter(&[])
        ))
    }
}

/// Checks that a condition cannot break out of its parentheses.
///
/// # Errors
/// A message about the parenthesis, quote, comment or `;`.
pub fn check_condition(text: &str) -> Result<(), String> {
    let (mut depth, mut chars) = (0_u32, text.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' | '`' => close_quote(c, &mut chars)?,
            '(' => depth += 1,
            ')' => {
                depth = depth
                    .checked_sub(1)
                    .ok_or("a parenthesis is closed that was never opened")?;
            }
            '/' if chars.peek() == Some(&'*') => return Err("it contains a comment".to_owned()),
            ';' => return Err("it contains a `;`".to_owned()),
            _ => {}
        }
    }
    match (depth, text.trim().is_empty()) {
        (_, true) => Err("it is empty".to_owned()),
        (0, _) => Ok(()),
        _ => Err("a parenthesis is not closed".to_owned()),
    }
}

fn close_quote(quote: char, chars: &mut impl Iterator<Item = char>) -> Result<(), String> {
    while let Some(c) = chars.next() {
        if c == quote {
            return Ok(());
        }
        if c == '\\' && quote != '`' {
            chars.next();
        }
    }
    Err(format!("a {quote} is not closed"))
}

/// The server's response to the query for its collections.
#[derive(Debug)]
pub enum Listing {
    /// The names, without internal ones, which start with `__`.
    Names(BTreeSet<String>),
    /// The server's message, if it refused.
    Refused(String),
    /// The server has no DQL.
    NoDql(ApiError),
}

#[derive(Deserialize)]
struct CollectionRow {
    name: String,
}

/// Queries the list of collections.
///
/// # Errors
/// [`StopReason`] if the server does not respond.
pub fn list(client: &RetryingClient) -> Result<Listing, StopReason> {
    let request = Request::Dql(listing());
    match client.query("listing the collections", &request) {
        Ok((_, rows)) => {
            let names = rows
                .iter()
                .filter_map(|row| serde_json::from_slice(row).ok());
            let names = names.map(|row: CollectionRow| row.name);
            Ok(Listing::Names(
                names.filter(|name| !name.starts_with("__")).collect(),
            ))
        }
        Err(StopReason::Api(_, error))
            if matches!(
                error.kind,
                ApiErrorKind::NotFound | ApiErrorKind::NoInterface
            ) =>
        {
            Ok(Listing::NoDql(error))
        }
        Err(StopReason::Api(_, error))
            if matches!(
                error.kind,
                ApiErrorKind::Forbidden
                    | ApiErrorKind::BadQuery
                    | ApiErrorKind::Failed
                    | ApiErrorKind::TooLarge
            ) =>
        {
            Ok(Listing::Refused(error.to_string()))
        }
        Err(stop) => Err(stop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements() {
        let cars = |condition: Option<&str>| Target {
            collection: "c`s".to_owned(),
            condition: condition.map(str::to_owned),
        };
        let page = cars(Some("a = 1 -- x")).page(IdType::Object, Some("{}"), 7);
        assert_eq!(
            page.body(),
            r#"{"statement":"SELECT * FROM `c``s` WHERE (a = 1 -- x\n) AND type(_id) = 'object' AND CAST(_id AS STRING) > CAST(:last AS STRING) ORDER BY CAST(_id AS STRING) LIMIT 7","args":{"last":{}}}"#
        );
        assert_eq!(
            cars(None).page(IdType::String, None, 7).statement,
            "SELECT * FROM `c``s` WHERE type(_id) = 'string' ORDER BY _id LIMIT 7"
        );
        assert_eq!(cars(None).whole().statement, "SELECT * FROM `c``s`");
    }

    #[test]
    fn a_condition_stays_inside_its_parentheses() {
        for (text, fine) in [
            ("a = 1 AND (b = ')' OR c = \"(\")", true),
            ("`odd)` = 'it\\'s )'", true),
            ("a = 1) OR (1 = 1", false),
            ("(a = 1", false),
            ("a = 'x", false),
            ("a = 1; b", false),
            ("a /* = 1", false),
            ("  ", false),
        ] {
            assert_eq!(check_condition(text).is_ok(), fine, "{text}");
        }
    }
}
