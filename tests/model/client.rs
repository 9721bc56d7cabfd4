//! The client of the model: takes a snapshot as `requery` does. It asks the world, and every decision is the program's own.

use std::collections::{BTreeMap, BTreeSet};

use ditto_cdc::condition::Condition;
use ditto_cdc::event::{self, EventKind};
use ditto_cdc::snapshot::document_id::{DocumentId, IdType};
use ditto_cdc::snapshot::manifest::{
    Census, Collection, HeldBackPosition, Manifest, Position, TYPED_FLOOR, add_range, incarnation,
};
use ditto_cdc::snapshot::preceding::{PrecedingRecords, RecordKind};
use ditto_cdc::snapshot::proof::{ChangeLedger, Verdict};
use ditto_cdc::snapshot::proof_events::is_present_after;
use ditto_cdc::snapshot::stream_evidence::{
    Agreement, DocumentFacts, EventPlace, StreamEvidence, agreement,
};

use crate::world::{Answer, COLLECTIONS, Content, Documents, Id, Key, World, raw_id};

/// The topic's name.
pub const TOPIC: &str = "topic";

/// A snapshot: what the manifest claims, and the rows of its files.
pub struct Snapshot {
    pub manifest: Manifest,
    pub rows: BTreeMap<Key, Content>,
}

/// The order in which types of ids are read.
const TYPES: [IdType; 3] = [IdType::Object, IdType::Integer, IdType::String];

/// The type of an id.
pub fn id_type(id: Id) -> IdType {
    match id {
        Id::Integer(_) => IdType::Integer,
        Id::Text(_) => IdType::String,
        Id::Object(_) => IdType::Object,
    }
}

fn document_id(id: Id) -> DocumentId {
    DocumentId::parse(raw_id(id).as_bytes()).unwrap()
}

/// The server's count of one collection.
fn census(world: &mut World, collection: usize, request: &Request, min_txn: Option<u64>) -> Census {
    world.pass_time();
    let Answer { at, documents } = world.answer(min_txn);
    let mut by_type = BTreeMap::new();
    for (_, id) in select(&documents, collection, request).keys() {
        *by_type.entry(id_type(*id).name().to_owned()).or_insert(0) += 1;
    }
    Census {
        transaction_id: world.faults.counts_have_txn.then_some(at),
        documents: by_type.values().sum(),
        by_type,
        ..Census::default()
    }
}

/// What a requery is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The collections of `--collection`, by index; empty for all.
    pub named: Vec<usize>,
    /// `--where open = true`
    pub only_open: bool,
    /// `--txn-id`
    pub txn_id: Option<u64>,
    /// Without Kafka, nothing is known about the stream.
    pub without_kafka: bool,
}

/// Takes a snapshot. `earlier` are the positions of an earlier snapshot.
pub fn requery(world: &mut World, request: &Request, earlier: &[Position]) -> Snapshot {
    // The clock may go back between two snapshots.
    let started = format!("2026-01-31T12:00:{:02}Z", world.rng.below(60));
    let mut manifest = Manifest::new("https://model".to_owned(), started);
    manifest.floor = request.txn_id;
    manifest
        .floor_from
        .extend(request.txn_id.map(|txn| format!("{TYPED_FLOOR}{txn}")));
    let mut seen = BTreeSet::new();
    if !request.without_kafka {
        record_positions(world, earlier, &mut manifest, &mut seen);
    }
    let evidence = read_evidence(world, &manifest);
    seen.extend(index_of_names(evidence.collection_names()));
    world.pass_time();
    let names = list_collections(world, request, &seen, &mut manifest);
    let mut rows = BTreeMap::new();
    let mut todo = names;
    for attempt in 1..=MAX_ATTEMPTS {
        let mut read: Vec<Read> = todo
            .iter()
            .map(|one| read_collection(world, *one, request, manifest.floor))
            .collect();
        decide(world, &manifest, request, &mut read);
        todo.clear();
        for one in read {
            if !one.collection.complete && attempt < MAX_ATTEMPTS {
                todo.push(one.index);
            } else {
                rows.extend(one.rows);
                manifest.collections.push(one.collection);
            }
        }
    }
    if !request.without_kafka {
        compare_with_stream(world, request, &evidence, &mut manifest, &rows);
    }
    manifest.conclude();
    Snapshot { manifest, rows }
}

/// How often a collection is read.
const MAX_ATTEMPTS: u32 = 3;

/// A collection as it was read.
struct Read {
    index: usize,
    collection: Collection,
    rows: BTreeMap<Key, Content>,
}

/// The ends of the partitions, and the minimum transaction by the records before them. Without earlier positions, only
/// the newest record of each partition that has a transaction is looked for.
fn record_positions(
    world: &World,
    earlier: &[Position],
    manifest: &mut Manifest,
    seen: &mut BTreeSet<usize>,
) {
    let read_up_to: BTreeMap<i32, i64> = earlier
        .iter()
        .map(|one| (one.partition, one.next_offset))
        .collect();
    let was_recreated =
        !earlier.is_empty() && incarnation(earlier, TOPIC).id != Some(world.topic_id());
    let mut preceding = PrecedingRecords::new(read_up_to.clone(), manifest.floor.is_some());
    for (number, partition) in (0..).zip(&world.partitions) {
        let from = read_up_to
            .get(&number)
            .map(|from| if was_recreated { 0 } else { *from });
        for record in partition.records.iter().rev() {
            if from.is_some_and(|from| record.offset < from) {
                break;
            }
            let decoded = event::decode(Some(&record.payload));
            if let Ok(event) = &decoded {
                let name = event.collection.as_deref();
                seen.extend(COLLECTIONS.iter().position(|one| Some(*one) == name));
            }
            let kind = RecordKind::of(&decoded).unwrap();
            preceding.note((number, record.offset), kind);
            if kind.has_txn() && from.is_none() {
                break;
            }
        }
    }
    let txn = |found: Option<(u64, _)>| found.map(|(txn, _)| txn);
    if was_recreated {
        preceding.forget_earlier_reads();
    }
    let found = txn(preceding.newest()).max(txn(preceding.gap()));
    manifest.floor = manifest.floor.max(found);
    for (number, partition) in (0..).zip(&world.partitions) {
        let resume = preceding.resume(number, partition.next);
        manifest.positions.push(Position {
            topic: TOPIC.to_owned(),
            partition: number,
            next_offset: resume.next,
            topic_id: Some(world.topic_id()),
            ..Position::default()
        });
        manifest
            .held_back
            .extend(resume.held_back.map(|_| HeldBackPosition {
                partition: number,
                end_offset: resume.end,
                why: String::new(),
            }));
    }
}

/// The collections to read, and the scope.
fn list_collections(
    world: &mut World,
    request: &Request,
    seen: &BTreeSet<usize>,
    manifest: &mut Manifest,
) -> Vec<usize> {
    let Answer { documents, .. } = world.answer(manifest.floor);
    let listed: BTreeSet<usize> = if world.faults.listing_refused {
        BTreeSet::new()
    } else {
        documents
            .keys()
            .map(|(collection, _)| *collection)
            .collect()
    };
    let names = |indexes: &BTreeSet<usize>| {
        indexes
            .iter()
            .map(|one| COLLECTIONS[*one].to_owned())
            .collect()
    };
    let all: BTreeSet<usize> = listed.union(seen).copied().collect();
    let scope = &mut manifest.scope;
    scope.named = request
        .named
        .iter()
        .map(|one| COLLECTIONS[*one].to_owned())
        .collect();
    scope.condition = request.only_open.then(|| "open = true".to_owned());
    scope.known = (!listed.is_empty()).then(|| names(&all));
    scope.whole_app = !listed.is_empty() && request.named.is_empty() && !request.only_open;
    if request.named.is_empty() {
        all.into_iter().collect()
    } else {
        request.named.clone()
    }
}

/// The documents of a collection that the request asks for.
fn select(documents: &Documents, collection: usize, request: &Request) -> Documents {
    let mut documents = documents.clone();
    documents
        .retain(|(one, _), content| *one == collection && (content.open || !request.only_open));
    documents
}

/// Reads one collection between two counts, page by page.
fn read_collection(world: &mut World, index: usize, request: &Request, floor: Option<u64>) -> Read {
    let before = census(world, index, request, floor);
    let mut read = Pages::default();
    for kind in TYPES
        .into_iter()
        .filter(|kind| before.by_type.contains_key(kind.name()))
    {
        read.read_type(world, (index, kind), request, floor);
    }
    add_range(&mut read.places, None, None, before.transaction_id);
    let after = census(world, index, request, floor);
    let collection = Collection {
        name: COLLECTIONS[index].to_owned(),
        documents: read.by_type.values().sum(),
        by_type: read.by_type,
        lowest_transaction_id: read.transactions.iter().copied().min(),
        highest_transaction_id: read.transactions.iter().copied().max(),
        pages: read.count,
        places: read.places,
        census_before: Some(before),
        census_after: Some(after),
        ..serde_json::from_str(EMPTY).unwrap()
    };
    Read {
        index,
        collection,
        rows: read.rows,
    }
}

/// A collection that was not read.
const EMPTY: &str = r#"{"name":"","complete":false,"documents":0,"byType":{},"pages":0,"way":"keyset","bytes":0,"sha256":"","places":[]}"#;

/// The pages of a collection.
#[derive(Default)]
struct Pages {
    rows: BTreeMap<Key, Content>,
    by_type: BTreeMap<String, u64>,
    places: Vec<ditto_cdc::snapshot::manifest::ReadRange>,
    transactions: Vec<u64>,
    count: u64,
}

impl Pages {
    fn read_type(
        &mut self,
        world: &mut World,
        (index, kind): (usize, IdType),
        request: &Request,
        floor: Option<u64>,
    ) {
        let mut last: Option<DocumentId> = None;
        loop {
            world.pass_time();
            let limit = 1 + world.rng.below(4);
            let Answer { at, documents } = world.answer(floor);
            let mut page: Vec<(DocumentId, Key, Content)> = select(&documents, index, request)
                .into_iter()
                .map(|(key, content)| (document_id(key.1), key, content))
                .filter(|(id, ..)| {
                    id.id_type() == kind && last.as_ref().is_none_or(|last| last < id)
                })
                .collect();
            page.sort_by(|(one, ..), (other, ..)| one.cmp(other));
            page.truncate(limit);
            let is_end = page.len() < limit;
            last = page.last().map(|(id, ..)| id.clone()).or(last);
            if !page.is_empty() && world.rng.percent(world.faults.omit) {
                page.remove(world.rng.below(page.len()));
            }
            let sent = world.faults.pages_have_txn.then_some(at);
            add_range(
                &mut self.places,
                Some(kind),
                last.as_ref().filter(|_| !is_end),
                sent,
            );
            *self.by_type.entry(kind.name().to_owned()).or_insert(0) += page.len() as u64;
            self.rows
                .extend(page.into_iter().map(|(_, key, content)| (key, content)));
            self.transactions.extend(sent);
            self.count += 1;
            if is_end {
                return;
            }
        }
    }
}

/// Decides about each collection, with the stream if there is one.
fn decide(world: &mut World, manifest: &Manifest, request: &Request, read: &mut [Read]) {
    let collections: Vec<Collection> = read.iter().map(|one| one.collection.clone()).collect();
    let mut ledger = ChangeLedger::new(&collections);
    if request.without_kafka {
        ledger.note_failure("it was not read".to_owned());
    } else if ledger.needs_events() {
        scan(world, manifest, &mut ledger);
    }
    for one in read {
        match ledger.verdict(&one.collection) {
            Verdict::Proven(proof) => {
                (one.collection.complete, one.collection.proof) = (true, Some(proof));
            }
            Verdict::Unproven(why) => one.collection.why_not = why,
        }
    }
}

/// Reads the stream from the positions to its end, waits for late events, and reads to the end again. The documented
/// assumption: events arrive within that wait. A bridge that takes longer is told apart by its newest transaction.
fn scan(world: &mut World, manifest: &Manifest, ledger: &mut ChangeLedger) {
    let condition = condition(manifest);
    let mut next: Vec<i64> = manifest
        .positions
        .iter()
        .map(|one| one.next_offset)
        .collect();
    let topic = incarnation(&manifest.positions, TOPIC).id;
    let mut to_end = |world: &World, ledger: &mut ChangeLedger| {
        if topic != Some(world.topic_id()) {
            return ledger.note_failure("the topic was created again".to_owned());
        }
        for (next, partition) in next.iter_mut().zip(&world.partitions) {
            if *next < partition.low() {
                ledger.note_failure("offsets are gone".to_owned());
            }
            for record in partition
                .records
                .iter()
                .filter(|record| record.offset >= *next)
            {
                match event::decode(Some(&record.payload)) {
                    Ok(event) => ledger.note_event(&event, condition.as_ref()),
                    Err(why) => ledger.note_failure(format!("a record cannot be read ({why})")),
                }
            }
            *next = partition.next;
        }
    };
    to_end(world, ledger);
    if ledger.awaits_events() {
        world.pass_time();
        world.wait_for_late_events();
        to_end(world, ledger);
    }
    ledger.note_settled();
}

/// The newest events before the positions.
fn read_evidence(world: &World, manifest: &Manifest) -> StreamEvidence {
    let mut evidence = StreamEvidence::default();
    let condition = condition(manifest);
    for (partition, end) in manifest.ends(TOPIC) {
        let log = &world.partitions[usize::try_from(partition).unwrap()];
        let place = |offset, time_ms| EventPlace {
            partition,
            offset,
            time_ms,
        };
        let read = log.records.iter().filter(|record| record.offset < end);
        if log.low() > 0 {
            let first = read.clone().next();
            let time = first.and_then(|first| i64::try_from(first.txn).ok());
            evidence.note_unread_before(place(log.low(), time));
        }
        for record in read {
            // Transactions are the only clock of this world.
            let place = place(record.offset, i64::try_from(record.txn).ok());
            match event::decode(Some(&record.payload)) {
                Ok(event) => evidence.note(&event, condition.as_ref(), place),
                Err(_) => evidence.note_unreadable(place),
            }
        }
    }
    evidence
}

fn condition(manifest: &Manifest) -> Option<Condition> {
    let text = manifest.scope.condition.as_deref();
    text.map(|text| Condition::parse(text).unwrap())
}

fn index_of_names<'n>(names: impl Iterator<Item = &'n String>) -> impl Iterator<Item = usize> {
    names.filter_map(|name| COLLECTIONS.iter().position(|one| one == name))
}

/// Compares the documents with their newest events. The server is asked about those that differ.
fn compare_with_stream(
    world: &mut World,
    request: &Request,
    evidence: &StreamEvidence,
    manifest: &mut Manifest,
    rows: &BTreeMap<Key, Content>,
) {
    let (mut ends, floor) = (manifest.ends(TOPIC), manifest.floor);
    let condition = condition(manifest);
    let positions = &manifest.positions;
    for collection in manifest.collections.iter_mut().filter(|one| one.complete) {
        let index = COLLECTIONS
            .iter()
            .position(|name| *name == collection.name)
            .unwrap();
        for expectation in evidence.expectations(&collection.name, floor, false) {
            let key = World::all_keys()
                .find(|key| key.0 == index && document_id(key.1) == *expectation.id)
                .unwrap();
            let is_written = rows.contains_key(&key);
            if is_written == expectation.is_present {
                continue;
            }
            world.wait_for_late_events();
            if incarnation(positions, TOPIC).id != Some(world.topic_id()) {
                // The new topic is read from its first record.
                ends = ends.keys().map(|partition| (*partition, 0)).collect();
            }
            let later = later_events(world, &ends, key, expectation.txn_id, condition.as_ref());
            let now = world.answer(floor).documents;
            let facts = DocumentFacts {
                expected: expectation.is_present,
                is_written,
                read_at: collection.read_at(raw_id(key.1).as_bytes()),
                later: later.as_deref().unwrap_or(&[]),
                on_server: Some(select(&now, index, request).contains_key(&key)),
            };
            let agrees = matches!(
                agreement(&facts),
                Agreement::Agrees | Agreement::Explained | Agreement::Confirmed
            );
            // A `requeryRequired` after the positions is reported to the reader of the stream.
            if !agrees && later.is_some() {
                collection.complete = false;
                collection.why_not.push(format!("{key:?} differs"));
            }
        }
    }
}

/// The events about a document after the positions; `None` if a `requeryRequired` is among them.
fn later_events(
    world: &World,
    ends: &BTreeMap<i32, i64>,
    key: Key,
    newest: u64,
    condition: Option<&Condition>,
) -> Option<Vec<(u64, bool)>> {
    let mut later = Vec::new();
    for (partition, records) in (0..).zip(world.partitions.iter().map(|one| &one.records)) {
        for record in records
            .iter()
            .filter(|record| record.offset >= ends[&partition])
        {
            let Ok(event) = event::decode(Some(&record.payload)) else {
                continue;
            };
            let txn = event.txn_id.map(|txn| txn.0);
            let is_gap = event.kind == EventKind::RequeryRequired;
            if is_gap && txn.is_none_or(|txn| newest <= txn) {
                return None;
            }
            let is_own = record.change.is_some_and(|change| change.key == key);
            if let (true, Some(txn), Some(present)) =
                (is_own, txn, is_present_after(&event, condition))
            {
                later.extend((txn > newest).then_some((txn, present)));
            }
        }
    }
    Some(later)
}
