//! Gaps in the stream, and the snapshots that resolve them.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::OffsetGap;
use crate::snapshot::manifest::Manifest;

/// One gap, or several that one requery resolves together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gap {
    /// Number of `requeryRequired` events.
    pub announced: u64,
    /// How many of them have no `txnID`.
    pub unnumbered: u64,
    /// Number of offset gaps.
    pub lost: u64,
    /// The highest `txnID` of the `requeryRequired` events: the minimum transaction of the requery.
    pub txn_id: Option<u64>,
    /// The offset after the gap, for each partition with one. A requery with these offsets or later ones includes it.
    pub after: BTreeMap<i32, i64>,
    /// Collections of which a snapshot taken after the gap has every document.
    pub covered: BTreeSet<String>,
    /// The collections of the app after the gap, if the server has listed them.
    pub known: Option<BTreeSet<String>>,
}

/// What a snapshot contains, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Every document of every collection.
    pub whole_app: bool,
    /// The collections of which it has every document.
    pub collections: BTreeSet<String>,
    /// The collections of the app, if the server has listed them.
    pub known: Option<BTreeSet<String>>,
    /// The minimum transaction of its responses.
    pub floor: Option<u64>,
    /// Whether the user has given the minimum transaction, so that it also applies to gaps without one.
    pub has_typed_floor: bool,
    /// The end of each partition before its first request.
    pub ends: BTreeMap<i32, i64>,
}

impl Coverage {
    /// What a snapshot contains, with its positions in a topic.
    #[must_use]
    pub fn new(manifest: &Manifest, topic: &str) -> Coverage {
        let known = manifest.scope.known.as_ref();
        Coverage {
            whole_app: manifest.covers_whole_app(),
            collections: manifest.covered_collections().map(str::to_owned).collect(),
            known: known.map(|known| known.iter().cloned().collect()),
            floor: manifest.floor,
            has_typed_floor: manifest.has_typed_floor(),
            ends: manifest.ends(topic),
        }
    }

    /// Whether it contains every document of a reader that shows only the selected collections, or all (`None`).
    #[must_use]
    pub fn contains(&self, selected: Option<&BTreeSet<String>>) -> bool {
        self.whole_app || selected.is_some_and(|selected| selected.is_subset(&self.collections))
    }

    /// Whether it resolves a `requeryRequired` that is read after it, for such a reader. One without a transaction is
    /// resolved if its partition and offset were in the topic before the first request, and if the user has given the minimum
    /// transaction.
    #[must_use]
    pub fn resolves(
        &self,
        txn_id: Option<u64>,
        at: Option<(i32, i64)>,
        selected: Option<&BTreeSet<String>>,
    ) -> bool {
        let is_included = match (txn_id, at) {
            (Some(_), _) => txn_id <= self.floor,
            (None, Some((partition, offset))) => {
                let end = self.ends.get(&partition);
                self.has_typed_floor && end.is_some_and(|end| offset < *end)
            }
            (None, None) => false,
        };
        is_included && self.contains(selected)
    }
}

impl Gap {
    /// Adds a `requeryRequired` at this partition and offset.
    pub fn note_requery(&mut self, txn_id: Option<u64>, at: Option<(i32, i64)>) {
        let mut later = Gap {
            announced: 1,
            unnumbered: u64::from(txn_id.is_none()),
            txn_id,
            ..Gap::default()
        };
        if let Some((partition, offset)) = at {
            later.after.insert(partition, offset + 1);
        }
        self.add(later);
    }

    /// Adds an offset gap.
    pub fn note_offset_gap(&mut self, gap: &OffsetGap) {
        self.add(Gap {
            lost: 1,
            after: [(gap.partition, gap.resumed)].into(),
            ..Gap::default()
        });
    }

    /// Adds a later gap. Snapshots from before it resolve nothing of it.
    pub fn add(&mut self, later: Gap) {
        self.announced += later.announced;
        self.unnumbered += later.unnumbered;
        self.lost += later.lost;
        self.txn_id = self.txn_id.max(later.txn_id);
        // A later offset is a higher one, or in a topic that was created again.
        self.after.extend(later.after);
        (self.covered, self.known) = (later.covered, later.known);
    }

    /// Two gaps as one that is resolved together.
    #[must_use]
    pub fn joined(earlier: Option<Gap>, later: Option<Gap>) -> Option<Gap> {
        match (earlier, later) {
            (Some(mut gap), Some(later)) => {
                gap.add(later);
                Some(gap)
            }
            (earlier, later) => earlier.or(later),
        }
    }

    /// Notes a snapshot; returns whether the whole gap is resolved. A gap concerns every collection: it is resolved by a
    /// snapshot of the whole app, or by several that together have every collection that the server lists.
    pub fn resolve(&mut self, snapshot: &Coverage) -> bool {
        if !self.precedes(snapshot) {
            return false;
        }
        if snapshot.whole_app {
            return true;
        }
        self.covered.extend(snapshot.collections.iter().cloned());
        if snapshot.known.is_some() {
            self.known.clone_from(&snapshot.known);
        }
        let known = self.known.as_ref().filter(|known| !known.is_empty());
        known.is_some_and(|known| known.is_subset(&self.covered))
    }

    /// Whether a snapshot was taken after the whole gap.
    fn precedes(&self, snapshot: &Coverage) -> bool {
        let is_later = self.after.iter().all(|(partition, after)| {
            // A partition that no longer exists has no offset.
            snapshot.ends.get(partition).is_none_or(|end| end >= after)
        });
        let has_ends = self.after.is_empty() || !snapshot.ends.is_empty();
        let has_txn = self.unnumbered == 0 || snapshot.has_typed_floor;
        is_later && has_ends && has_txn && self.txn_id <= snapshot.floor
    }

    /// Whether the gap concerns a reader that shows only the selected collections, or all (`None`).
    #[must_use]
    pub fn concerns(&self, selected: Option<&BTreeSet<String>>) -> bool {
        selected.is_none_or(|selected| !selected.is_subset(&self.covered))
    }

    /// Describes the gap in a phrase.
    #[must_use]
    pub fn describe(&self) -> String {
        let announced = match (self.announced, self.txn_id) {
            (0, _) => None,
            (1, None) => Some("a requeryRequired without a txnID".to_owned()),
            (1, Some(txn)) => Some(format!("a requeryRequired, txnID {txn}")),
            (count, None) => Some(format!("{count} requeryRequired without a txnID")),
            (count, Some(txn)) => Some(format!("{count} requeryRequired, txnID up to {txn}")),
        };
        let lost = match self.lost {
            0 => None,
            1 => Some("an offset gap".to_owned()),
            count => Some(format!("{count} offset gaps")),
        };
        let parts: Vec<String> = announced.into_iter().chain(lost).collect();
        parts.join(" and ")
    }

    /// What is missing although snapshots have resolved a part of the gap; `None` if they have not.
    #[must_use]
    pub fn describe_missing(&self) -> Option<String> {
        if self.covered.is_empty() {
            return None;
        }
        let names = |names: &mut dyn Iterator<Item = &String>| {
            names.map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        let covered = names(&mut self.covered.iter());
        let missing = match &self.known {
            Some(known) => names(&mut known.difference(&self.covered)),
            None => "every other one (the server has not listed its collections)".to_owned(),
        };
        Some(format!(
            "resolved for the collections {covered}; still missing: {missing}"
        ))
    }
}
