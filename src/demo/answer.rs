//! What a statement finds in the café's documents, as the rows and errors of the HTTP API.
//! Understanding the text is `dql`'s, carrying it over the wire `server`'s.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Message;
use super::dql::{self, Select, Statement, Test, Wanted};
use super::generator::Shop;
use super::store::Id;
use crate::condition::{Condition, Facts};
use crate::snapshot::document_id::{Key, Type};

/// More documents are not kept: a demo, not a database.
const MOST_DOCUMENTS: usize = 10_000;

/// What was found or done.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Value>,
    pub(super) mutated: Vec<Value>,
    /// What the stream has to tell about it.
    pub(super) messages: Vec<Message>,
    pub(super) is_mutation: bool,
}

type Arguments = Map<String, Value>;

/// Executes a statement.
///
/// # Errors
/// Why it cannot be, in the manner of the engine.
pub(super) fn execute(
    shop: &mut Shop,
    statement: &str,
    arguments: &Arguments,
    millis: i64,
) -> Result<Found, String> {
    match dql::parse(statement)? {
        Statement::Listing(limit) => Ok(listing(shop, limit)),
        Statement::Select(select) => selected(shop, &select, arguments),
        Statement::Insert(collection, document) => {
            let document = argument(arguments, &document)?.clone();
            insert(shop, &collection, document, millis)
        }
        Statement::Delete(collection, tests) => {
            let tests = resolve(&tests, arguments)?;
            let found = matching(shop, &collection, &tests);
            let ids: Vec<Id> = found.iter().map(|row| row.1.clone()).collect();
            let mutated = found.iter().map(|row| row.2["_id"].clone()).collect();
            Ok(Found {
                messages: shop.remove(&ids, millis),
                mutated,
                is_mutation: true,
                ..Found::default()
            })
        }
    }
}

fn listing(shop: &Shop, limit: Option<u64>) -> Found {
    let names: BTreeSet<&str> = shop
        .store()
        .documents()
        .map(|(id, _)| id.collection.as_str())
        .collect();
    let row = |name| json!({"_id": format!("default:{name}"), "name": name});
    Found {
        rows: names.into_iter().take(size(limit)).map(row).collect(),
        ..Found::default()
    }
}

fn insert(
    shop: &mut Shop,
    collection: &str,
    document: Value,
    millis: i64,
) -> Result<Found, String> {
    let id = document.get("_id").cloned().unwrap_or_default();
    if !document.is_object() || Key::of(id.to_string().as_bytes()).is_none() {
        return Err("Invalid query: a document needs an _id that is a string, integer, boolean, array or object".to_owned());
    }
    if shop.store().documents().count() >= MOST_DOCUMENTS {
        return Err(format!(
            "this demo keeps at most {MOST_DOCUMENTS} documents"
        ));
    }
    let messages = shop.write(collection, document, millis);
    Ok(Found {
        messages: messages.ok_or_else(|| format!("Document with _id {id} already exists"))?,
        mutated: vec![id],
        is_mutation: true,
        ..Found::default()
    })
}

fn selected(shop: &Shop, select: &Select, arguments: &Arguments) -> Result<Found, String> {
    let tests = resolve(&select.tests, arguments)?;
    let mut found = matching(shop, &select.collection, &tests);
    if select.ordered {
        found.sort_by(|one, other| one.0.cmp(&other.0));
    }
    let rows: Vec<Value> = match select.wanted {
        Wanted::Documents => found.into_iter().map(|row| row.2.clone()).collect(),
        Wanted::Count => vec![json!({"n": found.len()})],
        Wanted::Census => {
            let mut census = BTreeMap::<&str, u64>::new();
            for (key, _, _) in &found {
                *census.entry(key.kind().name()).or_default() += 1;
            }
            let row = |(kind, count)| json!({"t": kind, "n": count});
            census.into_iter().map(row).collect()
        }
    };
    let page = rows.into_iter().skip(size(Some(select.offset)));
    Ok(Found {
        rows: page.take(size(select.limit)).collect(),
        ..Found::default()
    })
}

fn size(count: Option<u64>) -> usize {
    count
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(usize::MAX)
}

/// A condition with the values of its arguments.
enum Resolved<'t> {
    Kind(Type),
    Is(Key),
    Behind(Key),
    Own(&'t Condition),
}

fn resolve<'t>(tests: &'t [Test], arguments: &Arguments) -> Result<Vec<Resolved<'t>>, String> {
    let one = |test: &'t Test| {
        Ok(match test {
            Test::Kind(kind) => Resolved::Kind(*kind),
            Test::Is(name) => Resolved::Is(id(arguments, name)?),
            Test::Behind(name) => Resolved::Behind(id(arguments, name)?),
            Test::Own(condition) => Resolved::Own(condition),
        })
    };
    tests.iter().map(one).collect()
}

fn argument<'a>(arguments: &'a Arguments, name: &str) -> Result<&'a Value, String> {
    let found = arguments.get(name);
    found.ok_or_else(|| format!("Invalid query: no value was given for the argument :{name}"))
}

fn id(arguments: &Arguments, name: &str) -> Result<Key, String> {
    let value = argument(arguments, name)?.to_string();
    Key::of(value.as_bytes()).ok_or_else(|| format!("Invalid query: :{name} is no id"))
}

impl Resolved<'_> {
    fn holds(&self, collection: &str, key: &Key, document: &Value) -> bool {
        match self {
            Resolved::Kind(kind) => key.kind() == *kind,
            Resolved::Is(id) => key == id,
            // Ids of two types do not compare.
            Resolved::Behind(last) => key.kind() == last.kind() && key > last,
            Resolved::Own(condition) => condition.holds(&Facts {
                collection: Some(collection),
                new: Some(document.to_string().as_bytes()),
                ..Facts::default()
            }),
        }
    }
}

fn matching<'s>(
    shop: &'s Shop,
    collection: &str,
    tests: &[Resolved<'_>],
) -> Vec<(Key, &'s Id, &'s Value)> {
    let documents = shop.store().documents();
    let here = documents.filter(|(id, _)| id.collection == collection);
    let keyed = here.filter_map(|(id, document)| {
        let raw = document.get("_id")?.to_string();
        Some((Key::of(raw.as_bytes())?, id, document))
    });
    let fits = |row: &(Key, &Id, &Value)| {
        tests
            .iter()
            .all(|test| test.holds(collection, &row.0, row.2))
    };
    keyed.filter(fits).collect()
}

#[cfg(test)]
#[path = "tests/answer.rs"]
mod tests;
