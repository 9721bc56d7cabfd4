//! Executes DQL statements on the café's documents, with the rows and errors of the HTTP API.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Message;
use super::dql::{self, Predicate, Projection, Select, Statement};
use super::generator::Generator;
use super::store::Id;
use crate::condition::{Condition, Facts};
use crate::snapshot::document_id::{DocumentId, IdType};

/// Maximum number of documents, which bounds the memory of the demo.
const MAX_DOCUMENTS: usize = 10_000;

/// The result of a statement.
#[derive(Debug, Default)]
pub(super) struct QueryResult {
    pub(super) rows: Vec<Value>,
    pub(super) mutated: Vec<Value>,
    /// The events of the changes.
    pub(super) messages: Vec<Message>,
    pub(super) is_mutation: bool,
}

type Arguments = Map<String, Value>;

/// Executes a statement.
///
/// # Errors
/// The error message, in the form of the engine's.
pub(super) fn execute(
    generator: &mut Generator,
    statement: &str,
    arguments: &Arguments,
    millis: i64,
) -> Result<QueryResult, String> {
    match dql::parse(statement)? {
        Statement::Listing(limit) => Ok(listing(generator, limit)),
        Statement::Select(select) => selected(generator, &select, arguments),
        Statement::Insert {
            collection,
            argument: name,
            updates,
        } => {
            let document = argument(arguments, &name)?.clone();
            insert(generator, &collection, document, updates, millis)
        }
        Statement::Delete(collection, predicates) => {
            let predicates = resolve(&predicates, arguments)?;
            let found = matching(generator, &collection, &predicates);
            let ids: Vec<Id> = found.iter().map(|row| row.1.clone()).collect();
            let mutated = found.iter().map(|row| row.2["_id"].clone()).collect();
            Ok(QueryResult {
                messages: generator.remove(&ids, millis),
                mutated,
                is_mutation: true,
                ..QueryResult::default()
            })
        }
    }
}

fn listing(generator: &Generator, limit: Option<u64>) -> QueryResult {
    let names: BTreeSet<&str> = generator
        .store()
        .documents()
        .map(|(id, _)| id.collection.as_str())
        .collect();
    let row = |name| json!({"_id": format!("default:{name}"), "name": name});
    QueryResult {
        rows: names.into_iter().take(size(limit)).map(row).collect(),
        ..QueryResult::default()
    }
}

fn insert(
    generator: &mut Generator,
    collection: &str,
    document: Value,
    updates: bool,
    millis: i64,
) -> Result<QueryResult, String> {
    let id = document.get("_id").cloned().unwrap_or_default();
    if !document.is_object() || DocumentId::parse(id.to_string().as_bytes()).is_none() {
        return Err("Invalid query: a document needs an _id that is a string, integer, boolean, array or object".to_owned());
    }
    if generator.store().documents().count() >= MAX_DOCUMENTS {
        return Err(format!(
            "this demo stores at most {MAX_DOCUMENTS} documents"
        ));
    }
    let messages = generator.write(collection, document, updates, millis);
    Ok(QueryResult {
        messages: messages.ok_or_else(|| format!("Document with _id {id} already exists"))?,
        mutated: vec![id],
        is_mutation: true,
        ..QueryResult::default()
    })
}

fn selected(
    generator: &Generator,
    select: &Select,
    arguments: &Arguments,
) -> Result<QueryResult, String> {
    let predicates = resolve(&select.predicates, arguments)?;
    let mut found = matching(generator, &select.collection, &predicates);
    if select.ordered {
        found.sort_by(|one, other| one.0.cmp(&other.0));
    }
    let rows: Vec<Value> = match select.projection {
        Projection::Documents => found.into_iter().map(|row| row.2.clone()).collect(),
        Projection::Count => vec![json!({"n": found.len()})],
        Projection::Census => {
            let mut census = BTreeMap::<&str, u64>::new();
            for (key, _, _) in &found {
                *census.entry(key.id_type().name()).or_default() += 1;
            }
            let row = |(kind, count)| json!({"t": kind, "n": count});
            census.into_iter().map(row).collect()
        }
    };
    let page = rows.into_iter().skip(size(Some(select.offset)));
    Ok(QueryResult {
        rows: page.take(size(select.limit)).collect(),
        ..QueryResult::default()
    })
}

fn size(count: Option<u64>) -> usize {
    count
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(usize::MAX)
}

/// A predicate with the values of its arguments.
enum Resolved<'t> {
    Type(IdType),
    Is(DocumentId),
    After(DocumentId),
    Condition(&'t Condition),
}

fn resolve<'t>(
    predicates: &'t [Predicate],
    arguments: &Arguments,
) -> Result<Vec<Resolved<'t>>, String> {
    let one = |predicate: &'t Predicate| {
        Ok(match predicate {
            Predicate::Type(kind) => Resolved::Type(*kind),
            Predicate::Is(name) => Resolved::Is(id(arguments, name)?),
            Predicate::After(name) => Resolved::After(id(arguments, name)?),
            Predicate::Condition(condition) => Resolved::Condition(condition),
        })
    };
    predicates.iter().map(one).collect()
}

fn argument<'a>(arguments: &'a Arguments, name: &str) -> Result<&'a Value, String> {
    let found = arguments.get(name);
    found.ok_or_else(|| format!("Invalid query: no value was given for the argument :{name}"))
}

fn id(arguments: &Arguments, name: &str) -> Result<DocumentId, String> {
    let value = argument(arguments, name)?.to_string();
    DocumentId::parse(value.as_bytes())
        .ok_or_else(|| format!("Invalid query: :{name} is not a valid id"))
}

impl Resolved<'_> {
    fn holds(&self, collection: &str, key: &DocumentId, document: &Value) -> bool {
        match self {
            Resolved::Type(kind) => key.id_type() == *kind,
            Resolved::Is(id) => key == id,
            // Ids of two types do not compare.
            Resolved::After(last) => key.id_type() == last.id_type() && key > last,
            Resolved::Condition(condition) => condition.holds(&Facts {
                collection: Some(collection),
                new: Some(document.to_string().as_bytes()),
                ..Facts::default()
            }),
        }
    }
}

fn matching<'s>(
    generator: &'s Generator,
    collection: &str,
    predicates: &[Resolved<'_>],
) -> Vec<(DocumentId, &'s Id, &'s Value)> {
    let documents = generator.store().documents();
    let here = documents.filter(|(id, _)| id.collection == collection);
    let keyed = here.filter_map(|(id, document)| {
        let raw = document.get("_id")?.to_string();
        Some((DocumentId::parse(raw.as_bytes())?, id, document))
    });
    let fits = |row: &(DocumentId, &Id, &Value)| {
        predicates
            .iter()
            .all(|predicate| predicate.holds(collection, &row.0, row.2))
    };
    keyed.filter(fits).collect()
}

#[cfg(test)]
#[path = "tests/answer.rs"]
mod tests;
