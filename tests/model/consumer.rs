//! The consumer of the model: a copy built from snapshots and from what `tail --state` delivers, as the documentation says.

use std::collections::{BTreeMap, BTreeSet};

use ditto_cdc::event::{self, EventKind};
use ditto_cdc::record::incarnation::{Incarnation, Observed, Remembered, Verdict, compare};
use ditto_cdc::record::{GapReason, OffsetGap};
use ditto_cdc::snapshot::dedup::SnapshotIndex;
use ditto_cdc::snapshot::identity::SnapshotIdentity;
use ditto_cdc::snapshot::manifest::{Manifest, Position};
use ditto_cdc::state::{Coverage, Gap, State};

use crate::client::{Snapshot, TOPIC};
use crate::world::{COLLECTIONS, Documents, Key, Record, World};

/// A copy of the app, and what its owner was told.
pub struct Consumer {
    pub copy: Documents,
    /// The content of the state file.
    pub state: State,
    /// The documents that the owner was told about: their records could not be read, or came before a scoped snapshot.
    pub told: BTreeSet<Key>,
    base: Option<(Manifest, SnapshotIndex)>,
    /// The collections of which a snapshot had every document.
    collections: BTreeSet<usize>,
}

impl Consumer {
    /// A consumer that has read nothing yet.
    pub fn new(world: &World) -> Consumer {
        Consumer {
            copy: Documents::new(),
            state: State {
                topic: TOPIC.to_owned(),
                ..State::default()
            },
            // Records of former topics were lost before the first start.
            told: World::all_keys()
                .filter(|_| world.was_recreated())
                .collect(),
            base: None,
            collections: BTreeSet::new(),
        }
    }

    /// Continues from a snapshot that is complete for its scope: `tail --state FILE --from DIR`.
    pub fn adopt(&mut self, world: &World, snapshot: Snapshot) {
        let Snapshot { manifest, rows } = snapshot;
        let identity = SnapshotIdentity::new(&manifest);
        if self
            .state
            .snapshot
            .as_deref()
            .is_some_and(|known| identity.is_older_than(known))
        {
            return;
        }
        if manifest.scope.whole_app {
            self.told.clear();
        } else if self.state.next.is_empty() {
            // The first start: "earlier changes of other documents are unknown".
            let unknown = |key: &Key| {
                manifest.scope.condition.is_some()
                    || manifest.collection(COLLECTIONS[key.0]).is_none()
            };
            self.told.extend(World::all_keys().filter(unknown));
        }
        let is_listed = |collection: usize| manifest.collection(COLLECTIONS[collection]).is_some();
        let matches = |open: bool| open || manifest.scope.condition.is_none();
        self.copy.retain(|key, content| {
            let is_in_scope =
                (manifest.scope.whole_app || is_listed(key.0)) && matches(content.open);
            !is_in_scope
        });
        self.copy.extend(rows);
        let all = (0..COLLECTIONS.len()).filter(|one| is_listed(*one));
        self.collections
            .extend(all.filter(|_| manifest.scope.condition.is_none()));
        let contains_everything = Coverage::new(&manifest, TOPIC).contains(None);
        let state = std::mem::take(&mut self.state);
        let now = Incarnation {
            id: Some(world.topic_id()),
            ..Incarnation::default()
        };
        self.state = state.continue_from(&manifest, contains_everything, &now);
        let index = SnapshotIndex::new(&manifest);
        self.base = Some((manifest, index));
    }

    /// The first start saves its positions at once.
    fn begin(&mut self, world: &World) {
        if self.state.next.is_empty() {
            self.state.next = (0..)
                .zip(&world.partitions)
                .map(|(number, _)| (number, 0))
                .collect();
            self.state.incarnation.id = Some(world.topic_id());
        }
    }

    /// Reads up to `limit` records of each partition. If it is killed after that, the records are delivered again.
    pub fn tail(&mut self, world: &World, limit: usize, killed: bool) {
        self.begin(world);
        let before = self.state.clone();
        self.check_topic(world);
        for (number, partition) in (0..).zip(&world.partitions) {
            let next = self.state.next.get(&number).copied().unwrap_or(0);
            let low = partition.low();
            if next < low {
                let lost = OffsetGap::new(TOPIC, number, next, low, GapReason::Retention);
                self.state
                    .gap
                    .get_or_insert_default()
                    .note_offset_gap(&lost);
            }
            let next = next.max(low);
            let mut end = next;
            for record in partition
                .records
                .iter()
                .filter(|record| record.offset >= next)
                .take(limit)
            {
                self.deliver(number, record);
                end = record.offset + 1;
            }
            self.state.next.insert(number, end);
        }
        if killed {
            self.state = before;
        }
    }

    /// Offsets of a former topic are a gap; the new topic is read from its first record.
    fn check_topic(&mut self, world: &World) {
        let watermarks = (0..)
            .zip(&world.partitions)
            .map(|(number, one)| (number, (one.low(), one.next)));
        let id = world.topic_id();
        let remembered = Remembered {
            incarnation: &self.state.incarnation,
            next: &self.state.next,
        };
        let verdict = compare(
            &remembered,
            &Observed {
                id: Some(&id),
                watermarks: &watermarks.collect(),
                found: &BTreeMap::new(),
            },
        );
        if verdict == Verdict::Replaced {
            let gap = self.state.gap.get_or_insert_default();
            for (number, next) in std::mem::take(&mut self.state.next) {
                gap.note_offset_gap(&OffsetGap::new(
                    TOPIC,
                    number,
                    next,
                    0,
                    GapReason::Recreated,
                ));
            }
        }
        self.state.incarnation.id = Some(id);
    }

    fn deliver(&mut self, partition: i32, record: &Record) {
        let Ok(event) = event::decode(Some(&record.payload)) else {
            self.told.extend(record.change.map(|change| change.key));
            return;
        };
        let txn = event.txn_id.map(|txn| txn.0);
        if event.kind == EventKind::RequeryRequired {
            let base = self.base.as_ref();
            let coverage = base.map(|(manifest, _)| Coverage::new(manifest, TOPIC));
            let at = Some((partition, record.offset));
            if !coverage.is_some_and(|one| one.resolves(txn, at, None)) {
                let gap = self.state.gap.get_or_insert_with(Gap::default);
                gap.note_requery(txn, at);
            }
            return;
        }
        let change = record.change.unwrap();
        let (collection, id) = (event.collection.as_deref().unwrap(), event.id().unwrap());
        let contains = |(_, index): &(Manifest, SnapshotIndex)| {
            txn.is_some_and(|txn| index.contains(collection, id, txn))
        };
        if self.base.as_ref().is_some_and(contains) {
            return;
        }
        if txn.is_none() && self.base.is_some() {
            self.told.insert(change.key);
        }
        match change.new {
            Some(content) => self.copy.insert(change.key, content),
            None => self.copy.remove(&change.key),
        };
    }

    /// Whether the copy began with every document of a collection.
    pub fn has_collection(&self, collection: usize) -> bool {
        self.collections.contains(&collection)
    }

    /// The positions of the snapshot that the copy continued from.
    pub fn snapshot_positions(&self) -> Vec<Position> {
        let base = self.base.as_ref();
        base.map_or_else(Vec::new, |(manifest, _)| manifest.positions.clone())
    }

    /// The transaction of the command that resolves the gap.
    pub fn gap_txn(&self) -> Option<u64> {
        self.state.gap.as_ref().and_then(|gap| gap.txn_id)
    }
}
