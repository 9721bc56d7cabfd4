//! The result of an audit.

use std::collections::BTreeMap;
use std::io;

use super::comparison::Findings;
use super::copy::AuditedCopy;
use super::sameness::Sameness;
use super::suspects::{Suspect, Suspects};
use crate::snapshot::manifest::Manifest;
use crate::view::audit::AuditedCollection;

/// A document that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub collection: String,
    /// The id as canonical JSON.
    pub key: String,
    /// Raw JSON of the copy, with the stream up to the server's transaction.
    pub copy: Option<Vec<u8>>,
    /// Raw JSON of the server.
    pub server: Option<Vec<u8>>,
    /// The transaction at which the server was read.
    pub txn: Option<u64>,
    /// The server was asked for this document, and not before the transaction of the copy.
    pub is_certain: bool,
}

/// What an audit has found.
pub(super) struct AuditResult {
    /// The copy's path as typed.
    pub copy: String,
    /// The server's address.
    pub server: String,
    /// In the order of their names.
    pub collections: Vec<AuditedCollection>,
    /// In the order of collections and keys.
    pub differences: Vec<Difference>,
    /// Why it is not proven that nothing else differs, a sentence each.
    pub why_not: Vec<String>,
    /// Number of equal documents in which bytes are written differently.
    pub equal_except_bytes: u64,
    /// Number of differences that were repaired.
    pub repaired: u64,
}

impl AuditResult {
    /// The result of the findings and of what the second look has left.
    ///
    /// # Errors
    /// Errors of the copy.
    pub fn new(
        (copy_name, server): (String, String),
        manifest: &Manifest,
        findings: BTreeMap<String, Findings>,
        suspects: Suspects,
        copy: &dyn AuditedCopy,
    ) -> io::Result<AuditResult> {
        let mut result = AuditResult {
            copy: copy_name,
            server,
            collections: Vec::new(),
            differences: Vec::new(),
            why_not: manifest.why_not.clone(),
            equal_except_bytes: 0,
            repaired: 0,
        };
        let mut collections: BTreeMap<String, AuditedCollection> = BTreeMap::new();
        for (name, found) in findings {
            result.note_findings(&name, &found);
            let collection = AuditedCollection {
                name: name.clone(),
                equal: found.equal,
                unchecked: found.uncounted + found.with_id_of_bytes,
                ..AuditedCollection::default()
            };
            collections.insert(name, collection);
        }
        let open = suspects.open();
        for suspect in suspects.all {
            let Some(collection) = collections.get_mut(&suspect.collection) else {
                continue;
            };
            match suspect.sameness() {
                Some(sameness) if sameness.is_equal() => {
                    let is_present = suspect.doubt.server.is_some();
                    collection.equal += u64::from(is_present);
                    result.equal_except_bytes += u64::from(sameness == Sameness::EqualExceptBytes);
                }
                known => {
                    let difference = difference(suspect, known.is_some(), copy)?;
                    match (&difference.copy, &difference.server) {
                        (None, _) => collection.missing += 1,
                        (_, None) => collection.extra += 1,
                        _ => collection.different += 1,
                    }
                    result.differences.push(difference);
                }
            }
        }
        if open > 0 {
            result.why_not.extend(suspects.flaw);
        }
        let by_place = |one: &Difference| (one.collection.clone(), one.key.clone());
        result.differences.sort_by_cached_key(by_place);
        result.collections = collections.into_values().collect();
        Ok(result)
    }

    fn note_findings(&mut self, name: &str, found: &Findings) {
        self.equal_except_bytes += found.equal_except_bytes;
        if found.uncounted > 0 {
            self.why_not.push(format!(
                "{name}: {} documents more differ than fit into memory; they were not checked again",
                found.uncounted
            ));
        }
        if found.with_id_of_bytes > 0 {
            self.why_not.push(format!(
                "{name}: {} documents with ids of bytes differ, and cannot be asked for one by one",
                found.with_id_of_bytes
            ));
        }
    }

    /// Whether the copy is proven to be equal, after a repair.
    pub fn is_equal(&self) -> bool {
        let differences: u64 = self
            .collections
            .iter()
            .map(AuditedCollection::differences)
            .sum();
        differences == self.repaired && self.why_not.is_empty()
    }
}

fn difference(
    suspect: Suspect,
    is_comparable: bool,
    copy: &dyn AuditedCopy,
) -> io::Result<Difference> {
    let own = suspect.document(copy)?;
    Ok(Difference {
        copy: own,
        is_certain: suspect.is_read_again && is_comparable,
        collection: suspect.collection,
        key: suspect.doubt.key,
        server: suspect.doubt.server,
        txn: suspect.doubt.read_at,
    })
}
