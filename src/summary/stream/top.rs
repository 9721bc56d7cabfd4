//! The documents with the largest values, of any number of documents.

use std::cmp::Ordering;
use std::sync::Arc;

/// A document and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopDocument {
    /// The collection.
    pub collection: Arc<str>,
    /// The id, raw JSON.
    pub id: Vec<u8>,
    /// The value: a number of events, or of bytes.
    pub value: u64,
    hash: u64,
}

/// The documents with the largest values; of equal values, the first by collection and id.
///
/// A document's value never falls, so that the result is exact: when a document has reached its last value, it is in the list,
/// or others are better already.
#[derive(Debug, Clone)]
pub struct Top {
    limit: usize,
    documents: Vec<TopDocument>,
    /// The index of the worst document of a full list.
    worst: Option<usize>,
}

impl Top {
    /// Keeps up to `limit` documents.
    #[must_use]
    pub fn new(limit: usize) -> Top {
        Top {
            limit,
            documents: Vec::new(),
            worst: None,
        }
    }

    /// Notes that a document, which is known by its hash, has a value.
    pub fn offer(&mut self, hash: u64, value: u64, collection: &Arc<str>, id: &[u8]) {
        if let Some(worst) = self.worst.and_then(|at| self.documents.get(at))
            && value < worst.value
        {
            return;
        }
        let known = self.documents.iter_mut().find(|one| one.hash == hash);
        if let Some(known) = known {
            known.value = known.value.max(value);
        } else {
            let new = |id: &[u8]| TopDocument {
                collection: Arc::clone(collection),
                id: id.to_vec(),
                value,
                hash,
            };
            let is_full = self.documents.len() >= self.limit;
            match self.worst.and_then(|at| self.documents.get_mut(at)) {
                None if !is_full => self.documents.push(new(id)),
                Some(worst) if is_better((value, collection, id), worst) => *worst = new(id),
                _ => return,
            }
        }
        self.find_worst();
    }

    /// The value of a document that is in the list; `None` for another one.
    #[must_use]
    pub fn value_of(&self, hash: u64) -> Option<u64> {
        let known = self.documents.iter().find(|one| one.hash == hash);
        known.map(|one| one.value)
    }

    /// The documents, the largest value first.
    #[must_use]
    pub fn sorted(&self) -> Vec<&TopDocument> {
        let mut documents: Vec<&TopDocument> = self.documents.iter().collect();
        documents.sort_unstable_by(|one, other| order(one, other));
        documents
    }

    fn find_worst(&mut self) {
        if self.documents.len() < self.limit {
            return;
        }
        let worst = self
            .documents
            .iter()
            .enumerate()
            .max_by(|(_, one), (_, other)| order(one, other));
        self.worst = worst.map(|(at, _)| at);
    }
}

fn order(one: &TopDocument, other: &TopDocument) -> Ordering {
    let names = |document: &TopDocument| (Arc::clone(&document.collection), document.id.clone());
    let by_value = other.value.cmp(&one.value);
    by_value.then_with(|| names(one).cmp(&names(other)))
}

fn is_better((value, collection, id): (u64, &Arc<str>, &[u8]), worst: &TopDocument) -> bool {
    let by_value = value.cmp(&worst.value);
    let by_name = || (&*worst.collection, &*worst.id).cmp(&(&**collection, id));
    by_value.then_with(by_name) == Ordering::Greater
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_list_is_that_of_a_sort(events in prop::collection::vec((0..3_u8, 0..12_u8), 0..200), limit in 1..6_usize) {
            let mut top = Top::new(limit);
            let mut counts = BTreeMap::<(String, Vec<u8>), u64>::new();
            for (collection, id) in events {
                let (name, raw) = (format!("c{collection}"), format!("\"{id}\"").into_bytes());
                let count = counts.entry((name.clone(), raw.clone())).or_default();
                *count += 1;
                let hash = u64::from(collection) * 100 + u64::from(id);
                top.offer(hash, *count, &name.as_str().into(), &raw);
            }
            let mut expected: Vec<_> = counts.into_iter().collect();
            expected.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
            expected.truncate(limit);
            let found: Vec<_> = top
                .sorted()
                .into_iter()
                .map(|one| ((one.collection.to_string(), one.id.clone()), one.value))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
