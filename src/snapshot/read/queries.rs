//! DQL statements. Names are quoted and values are arguments; only the user's condition is inserted verbatim.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

use serde::Deserialize;

use super::retrying_client::{Request, RetryingClient, StopReason};
use crate::bigpeer::{ApiError, ApiErrorKind, Query, quoted_name};
use crate::snapshot::document_id::IdType;
use crate::util::text::truncate;

/// The action, for messages.
pub const LISTING: &str = "listing the collections";
/// Maximum length of a row in a message.
const MAX_ROW_CHARS: usize = 80;

/// The collection to read, and its condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The collection's name.
    pub collection: String,
    /// The condition of `--where`.
    pub condition: Option<String>,
    /// Without an alias, for servers that do not know one.
    plain: bool,
}

/// The query for the server's list of collections. Ditto's engine answers each wording once and then with nothing, so
/// that each request needs its own `number`.
#[must_use]
pub fn listing(number: u64) -> Query {
    Query::new(format!("SELECT * FROM system:collections AS c{number}"))
}

impl Target {
    /// A collection with an optional condition.
    #[must_use]
    pub fn new(collection: impl Into<String>, condition: Option<String>) -> Target {
        Target {
            collection: collection.into(),
            condition,
            plain: false,
        }
    }

    /// The same without an alias; `None` if a word of the condition would then mean the whole document.
    #[must_use]
    pub fn without_alias(&self) -> Option<Target> {
        let doubled = self.collection.replace('`', "``");
        let is_used = |text: &String| text.contains(&self.collection) || text.contains(&doubled);
        let is_safe = self.collection != "_id" && !self.condition.as_ref().is_some_and(is_used);
        (is_safe && !self.plain).then(|| Target {
            plain: true,
            ..self.clone()
        })
    }

    /// The collection with an alias: without one, a word that is also the collection's name means the whole document
    /// instead of the field.
    fn from(&self) -> String {
        let name = quoted_name(&self.collection);
        if self.plain {
            return name;
        }
        format!("{name} AS {}", self.alias())
    }

    /// A word that neither the condition nor the collection's name contains.
    fn alias(&self) -> String {
        let condition = self.condition.iter().map(|text| text.to_lowercase());
        let taken: Vec<String> = condition.chain([self.collection.to_lowercase()]).collect();
        let is_free = |alias: &String| !taken.iter().any(|text| text.contains(alias));
        let mut aliases = (1_u64..).map(|number| format!("doc{number}"));
        aliases.find(is_free).unwrap_or_default()
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

    /// Whether the document with the id `:id` is there.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Query {
        Query {
            statement: format!(
                "SELECT * FROM {}{} LIMIT 1",
                self.from(),
                self.filter(&["_id = :id".to_owned()])
            ),
            args: vec![("id", id.to_owned())],
            ..Query::default()
        }
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
        let by_text = matches!(kind, IdType::Array | IdType::Object | IdType::Binary);
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
    /// The names, without internal ones, which start with `__`, and why the list is incomplete, if so.
    Names(BTreeSet<String>, Option<String>),
    /// The server's message, if it refused.
    Refused(String),
    /// The server has no DQL.
    NoDql(ApiError),
}

impl Listing {
    /// The names, also of an incomplete list.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let names = match self {
            Listing::Names(names, _) => Some(names),
            _ => None,
        };
        names.into_iter().flatten()
    }
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
    let mut listing = list_once(client, &|| Request::Dql(listing(random_number())));
    let is_unknown = |error: &ApiError| {
        matches!(error.kind, ApiErrorKind::BadQuery) || error.is_unknown_to_server()
    };
    if matches!(&listing, Err(StopReason::Api(_, error)) if is_unknown(error)) {
        // The server may not know an alias.
        let plain = || Request::Dql(Query::new("SELECT * FROM system:collections"));
        listing = list_once(client, &plain);
    }
    match listing {
        Ok(listing) => Ok(listing),
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

/// Asks for the list; an empty one is asked for once more, because an answer that was cached somewhere may be empty.
fn list_once(
    client: &RetryingClient,
    next_request: &dyn Fn() -> Request,
) -> Result<Listing, StopReason> {
    let mut listing = Listing::Names(BTreeSet::new(), None);
    for _ in 0..2 {
        let (response, rows) = client.query_each(LISTING, next_request)?;
        listing = names(&response.warnings, &rows);
        if !matches!(&listing, Listing::Names(names, None) if names.is_empty()) {
            break;
        }
    }
    Ok(listing)
}

fn names(warnings: &[String], rows: &[Vec<u8>]) -> Listing {
    let (mut names, mut incomplete) = (BTreeSet::new(), None);
    for row in rows {
        match serde_json::from_slice::<CollectionRow>(row) {
            Ok(row) if row.name.is_empty() => {
                incomplete = Some("a row of it has an empty name".to_owned());
            }
            Ok(row) if row.name.starts_with("__") => {}
            Ok(row) => {
                names.insert(row.name);
            }
            Err(_) => {
                let row = truncate(&String::from_utf8_lossy(row), MAX_ROW_CHARS).into_owned();
                incomplete = Some(format!("a row of it is not understood: {row}"));
            }
        }
    }
    if let Some(warning) = warnings.first() {
        incomplete.get_or_insert_with(|| format!("the server warned about it: {warning}"));
    }
    Listing::Names(names, incomplete)
}

fn random_number() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements() {
        let cars = |condition: Option<&str>| Target::new("c`s", condition.map(str::to_owned));
        let page = cars(Some("a = 1 -- x")).page(IdType::Object, Some("{}"), 7);
        assert_eq!(
            page.body(),
            r#"{"statement":"SELECT * FROM `c``s` AS doc1 WHERE (a = 1 -- x\n) AND type(_id) = 'object' AND CAST(_id AS STRING) > CAST(:last AS STRING) ORDER BY CAST(_id AS STRING) LIMIT 7","args":{"last":{}}}"#
        );
        assert_eq!(
            cars(None).page(IdType::String, None, 7).statement,
            "SELECT * FROM `c``s` AS doc1 WHERE type(_id) = 'string' ORDER BY _id LIMIT 7"
        );
        assert_eq!(cars(None).whole().statement, "SELECT * FROM `c``s` AS doc1");
        assert_eq!(
            cars(None)
                .without_alias()
                .map(|plain| plain.whole().statement),
            Some("SELECT * FROM `c``s`".to_owned())
        );
    }

    #[test]
    fn the_alias_is_no_word_of_the_statement() {
        for (collection, condition, alias) in [
            ("status", Some("status = 'open'"), "doc1"),
            ("doc1", None, "doc2"),
            ("DOC1", Some("a.Doc2 = 1 AND doc3 = 1"), "doc4"),
            ("a", Some("doc12 = 1"), "doc2"),
        ] {
            let target = Target::new(collection, condition.map(str::to_owned));
            let statement = target.whole().statement;
            let from = format!("FROM `{collection}` AS {alias}");
            assert!(
                statement.contains(&from) && !statement.contains(&format!("{from}0")),
                "{statement}"
            );
        }
        let named = Target::new("status", Some("`status` = 'open'".to_owned()));
        assert_eq!(named.without_alias(), None);
        assert_eq!(Target::new("_id", None).without_alias(), None);
    }

    #[test]
    fn a_row_that_is_not_understood_makes_the_list_incomplete() {
        let list = |rows: &[&str], warnings: &[&str]| {
            let rows: Vec<Vec<u8>> = rows.iter().map(|row| row.as_bytes().to_vec()).collect();
            let warnings: Vec<String> = warnings.iter().map(|text| (*text).to_owned()).collect();
            match names(&warnings, &rows) {
                Listing::Names(names, incomplete) => (names.len(), incomplete),
                other => panic!("{other:?}"),
            }
        };
        let car = r#"{"_id":"default:cars","name":"cars"}"#;
        assert_eq!(list(&[car, r#"{"name":"__internal"}"#], &[]), (1, None));
        for odd in [
            r#"{"_id":"default:vans"}"#,
            r#"{"name":7}"#,
            r#"{"name":""}"#,
            "\"cars\"",
        ] {
            let (count, incomplete) = list(&[car, odd], &[]);
            assert!(count == 1 && incomplete.is_some(), "{odd}");
        }
        let (_, incomplete) = list(&[car], &["truncated"]);
        assert!(incomplete.is_some_and(|why| why.contains("truncated")));
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
