//! Compares the snapshot with the newest events of single documents, which show what the API key does not.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::change_reader::StreamStart;
use super::outcome::report_stop;
use super::proof_events::document_condition;
use super::workers::run_in_background;
use crate::commands::Context;
use crate::condition::Condition;
use crate::event::{self, EventKind};
use crate::kafka::{self, Connection, PrecedingRead, ReadLimits, ReadStopped, Reader};
use crate::record::incarnation::Incarnation;
use crate::record::position::Position;
use crate::record::{Record, Source, SourceItem};
use crate::snapshot::document_id::{DocumentId, IdType};
use crate::snapshot::manifest::{self, Collection, Manifest};
use crate::snapshot::proof_events::is_present_after;
use crate::snapshot::read::evidence_marks::WrittenEvidence;
use crate::snapshot::read::queries::Target;
use crate::snapshot::read::retrying_client::{Request, RetryingClient, StopReason};
use crate::snapshot::stream_evidence::{
    Agreement, DocumentFacts, EventPlace, Expectation, StreamEvidence, agreement,
};
use crate::snapshot::write::journal::RunIdentity;
use crate::util::exit::Exit;
use crate::util::text::truncate;

/// How much of the stream before the positions is read, so that a requery stays quick.
const LIMITS: ReadLimits = ReadLimits {
    offsets: 200_000,
    time: Duration::from_secs(5),
};
/// How long an event after the positions that explains a contradiction is waited for.
const MAX_EVENT_DELAY: Duration = Duration::from_secs(3);
/// Timeout of a poll; short, because Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// How many missing documents the server is asked for: the answer only tells why they are missing.
const MAX_QUERIES_FOR_MISSING: usize = 20;
/// How many removed documents the server is asked for: the answer may confirm them.
const MAX_QUERIES_FOR_REMOVED: usize = 1000;
/// Maximum length of an id in a message.
const MAX_ID_CHARS: usize = 80;

/// Reads what the stream says about single documents.
struct EvidenceReader {
    connection: Connection,
    cluster: Option<String>,
    /// The topic in which the offsets were recorded.
    incarnation: Incarnation,
    /// The end of each partition before the first request.
    ends: BTreeMap<i32, i64>,
    condition: Option<String>,
    floor: Option<u64>,
}

/// The evidence that was read, and how much of the stream that was.
#[derive(Default)]
struct ReadEvidence {
    written: Arc<WrittenEvidence>,
    read: PrecedingRead,
}

/// The evidence of a run; none without Kafka.
pub(super) struct EvidenceCheck {
    reader: Option<EvidenceReader>,
    evidence: ReadEvidence,
}

impl EvidenceCheck {
    /// Reads the evidence. Its collections are then read too.
    pub fn start(
        kafka: Option<Connection>,
        head: &mut RunIdentity,
        context: &mut Context<'_>,
    ) -> Result<EvidenceCheck, Exit> {
        let reader = EvidenceReader::new(kafka, head);
        let evidence = match &reader {
            Some(reader) => reader.read(context)?,
            None => ReadEvidence::default(),
        };
        let names = evidence.written.evidence.collection_names();
        let more: Vec<String> = names
            .filter(|name| !head.seen.contains(name))
            .cloned()
            .collect();
        head.seen.extend(more);
        Ok(EvidenceCheck { reader, evidence })
    }

    /// The evidence, for the readers of the collections.
    pub fn written(&self) -> Arc<WrittenEvidence> {
        Arc::clone(&self.evidence.written)
    }

    /// Compares the snapshot with the evidence; contradictions make collections incomplete.
    pub fn check(
        &self,
        manifest: &mut Manifest,
        client: &Arc<RetryingClient>,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        match &self.reader {
            Some(reader) => reader.check(manifest, &self.evidence, client, context),
            None => Ok(()),
        }
    }
}

/// A document about which the snapshot and the stream disagree.
struct Discrepancy {
    id: DocumentId,
    txn_id: u64,
    /// The newest event says that it is there.
    expected: bool,
    read_at: Option<u64>,
    later: Vec<(u64, bool)>,
    /// A `requeryRequired` after the positions says that events of that time are missing, and its reader is told so.
    is_in_gap: bool,
    on_server: Option<bool>,
}

impl EvidenceReader {
    /// `None` without Kafka, and if only the server can evaluate the condition.
    fn new(kafka: Option<Connection>, head: &RunIdentity) -> Option<EvidenceReader> {
        let connection = kafka.filter(|_| !head.positions.is_empty())?;
        let positions = head.positions.iter();
        let mut ends: BTreeMap<i32, i64> = positions
            .map(|one| (one.partition, one.next_offset))
            .collect();
        ends.extend(
            head.held_back
                .iter()
                .map(|one| (one.partition, one.end_offset)),
        );
        if let Some(text) = &head.condition {
            document_condition(text).ok()?;
        }
        Some(EvidenceReader {
            incarnation: manifest::incarnation(&head.positions, &connection.topic),
            connection,
            cluster: head.cluster.clone(),
            ends,
            condition: head.condition.clone(),
            floor: head.floor,
        })
    }

    fn condition(&self) -> Option<Condition> {
        let text = self.condition.as_deref()?;
        document_condition(text).ok()
    }

    /// Reads the newest records before the positions.
    fn read(&self, context: &mut Context<'_>) -> Result<ReadEvidence, Exit> {
        let mut evidence = StreamEvidence::default();
        let condition = self.condition();
        let interrupt = Arc::clone(context.interrupt);
        let note = &mut |line: &str| context.out.note(line);
        let mut firsts = BTreeMap::new();
        let mut visit = |record: &Record<'_>| {
            let place = place(record);
            note_first(&mut firsts, place);
            match event::decode(record.payload.as_deref()) {
                Ok(event) => evidence.note(&event, condition.as_ref(), place),
                Err(_) => evidence.note_unreadable(place),
            }
        };
        let connection = self.connection.clone();
        let read =
            kafka::read_preceding(connection, &self.ends, LIMITS, interrupt, note, &mut visit);
        let read = match read {
            Ok(read) if self.cluster.is_some() && read.cluster != self.cluster => {
                evidence = StreamEvidence::default();
                read
            }
            Ok(read) => {
                note_unread(&mut evidence, &read, &firsts);
                read
            }
            Err(ReadStopped::Interrupted) => return Err(Exit::Interrupted),
            Err(ReadStopped::Failed(failure)) => {
                context.out.warn(&format!(
                    "documents are not compared with their newest events, because the stream before the positions cannot be read: {}",
                    failure.what
                ));
                evidence = StreamEvidence::default();
                PrecedingRead::default()
            }
        };
        Ok(ReadEvidence {
            written: Arc::new(WrittenEvidence::new(evidence)),
            read,
        })
    }

    /// Compares the complete collections with the evidence. A contradiction makes a collection incomplete.
    fn check(
        &self,
        manifest: &mut Manifest,
        evidence: &ReadEvidence,
        client: &Arc<RetryingClient>,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let mut compared = 0;
        let mut discrepancies = BTreeMap::new();
        for collection in manifest.collections.iter().filter(|one| one.complete) {
            let (count, found) = self.discrepancies(collection, &evidence.written);
            compared += count;
            if !found.is_empty() {
                discrepancies.insert(collection.name.clone(), found);
            }
        }
        manifest.stream_evidence = Some(describe(evidence, compared));
        if evidence.written.evidence.sampled_one_in() > 1 || !evidence.read.is_whole {
            let text = manifest.stream_evidence.iter();
            text.for_each(|text| context.out.note(text));
        }
        if discrepancies.is_empty() {
            return Ok(());
        }
        self.read_later(&mut discrepancies, context)?;
        self.query_server(&mut discrepancies, client, context)?;
        for collection in &mut manifest.collections {
            let discrepancies = discrepancies
                .get(&collection.name)
                .map_or(&[][..], Vec::as_slice);
            conclude(collection, discrepancies, context);
        }
        Ok(())
    }

    /// The number of documents that were compared, and those that differ.
    fn discrepancies(
        &self,
        collection: &Collection,
        all: &WrittenEvidence,
    ) -> (u64, Vec<Discrepancy>) {
        let binary = IdType::Binary.name();
        let censuses = collection
            .census_before
            .iter()
            .chain(&collection.census_after);
        let has_binary = collection.by_type.contains_key(binary)
            || censuses
                .clone()
                .any(|census| census.by_type.contains_key(binary));
        let written = all.written(&collection.name);
        let mut count = 0;
        let mut discrepancies = Vec::new();
        for expectation in all
            .evidence
            .expectations(&collection.name, self.floor, has_binary)
        {
            count += 1;
            let Expectation {
                id,
                index,
                txn_id,
                is_present,
            } = expectation;
            if is_present != written.contains(&index) {
                discrepancies.push(Discrepancy {
                    id: id.clone(),
                    txn_id,
                    expected: is_present,
                    read_at: collection.read_at(id.json().as_bytes()),
                    later: Vec::new(),
                    is_in_gap: false,
                    on_server: None,
                });
            }
        }
        discrepancies.sort_by(|one, other| one.id.cmp(&other.id));
        (count, discrepancies)
    }

    /// Reads the events after the positions about these documents, and waits for late ones.
    fn read_later(
        &self,
        discrepancies: &mut BTreeMap<String, Vec<Discrepancy>>,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let places = discrepancies
            .iter()
            .flat_map(|(collection, discrepancies)| {
                let discrepancies = discrepancies.iter().enumerate();
                discrepancies.map(move |(at, discrepancy)| {
                    ((collection.clone(), discrepancy.id.clone()), at)
                })
            });
        let mut scan = LaterScan {
            places: places.collect(),
            discrepancies,
            condition: self.condition(),
        };
        match self.scan_later(&mut scan, context) {
            Ok(()) => Ok(()),
            Err(ReadStopped::Interrupted) => Err(Exit::Interrupted),
            Err(ReadStopped::Failed(failure)) => {
                context.out.warn(&format!(
                    "the stream after the positions cannot be read: {}",
                    failure.what
                ));
                Ok(())
            }
        }
    }

    fn scan_later(
        &self,
        scan: &mut LaterScan<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), ReadStopped> {
        let interrupt = Arc::clone(context.interrupt);
        let note = &mut |line: &str| context.out.note(line);
        let connection = self.connection.clone().for_bounded_read();
        let topic = kafka::connect(connection, interrupt, note)?;
        let start = StreamStart {
            next: self.ends.clone().into_iter().collect(),
            incarnation: self.incarnation.clone(),
        };
        let range = start.range(Some(Position::End));
        let mut reader = kafka::start(topic, &range)?;
        scan.read(&mut reader, None)?;
        if scan.is_open() {
            let range = StreamStart::of(&reader).range(None);
            let mut reader = kafka::start(reader.close(), &range)?;
            scan.read(&mut reader, Some(Instant::now() + MAX_EVENT_DELAY))?;
        }
        Ok(())
    }

    /// Asks the server for documents that no event explains.
    fn query_server(
        &self,
        discrepancies: &mut BTreeMap<String, Vec<Discrepancy>>,
        client: &Arc<RetryingClient>,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let (mut missing, mut removed) = (MAX_QUERIES_FOR_MISSING, MAX_QUERIES_FOR_REMOVED);
        let mut requests = Vec::new();
        for (collection, discrepancies) in &*discrepancies {
            for (at, discrepancy) in discrepancies.iter().enumerate() {
                let left = if discrepancy.expected {
                    &mut missing
                } else {
                    &mut removed
                };
                if discrepancy.agreement() == Agreement::NeedsQuery && *left > 0 {
                    *left -= 1;
                    let target = Target::new(collection.clone(), self.condition.clone());
                    requests.push((collection.clone(), at, target.by_id(&discrepancy.id.json())));
                }
            }
        }
        let background = Arc::clone(client);
        let answers = run_in_background(client, context, move || {
            let mut answers = Vec::new();
            for (collection, at, query) in requests {
                let doing = format!("asking for documents of the collection {collection}");
                match background.query(&doing, &Request::Dql(query)) {
                    Ok((_, rows)) => answers.push((collection, at, !rows.is_empty())),
                    // Without an answer, the contradiction stays.
                    Err(StopReason::Api(..)) => {}
                    Err(stop) => return Err(stop),
                }
            }
            Ok(answers)
        });
        for (collection, at, found) in answers.map_err(|stop| report_stop(&stop, context))? {
            let discrepancy = discrepancies
                .get_mut(&collection)
                .and_then(|discrepancies| discrepancies.get_mut(at));
            if let Some(discrepancy) = discrepancy {
                discrepancy.on_server = Some(found);
            }
        }
        Ok(())
    }
}

impl Discrepancy {
    fn agreement(&self) -> Agreement {
        if self.is_in_gap {
            return Agreement::Explained;
        }
        agreement(&DocumentFacts {
            expected: self.expected,
            is_written: !self.expected,
            read_at: self.read_at,
            later: &self.later,
            on_server: self.on_server,
        })
    }
}

fn place(record: &Record<'_>) -> EventPlace {
    let (partition, offset) = record.place.position().unwrap_or_default();
    EventPlace {
        partition,
        offset,
        time_ms: record.time.map(|time| time.millis),
    }
}

/// Keeps the first record of each partition. Windows of records are read from the newest one.
fn note_first(firsts: &mut BTreeMap<i32, EventPlace>, place: EventPlace) {
    let first = firsts.entry(place.partition).or_insert(place);
    if place.offset < first.offset {
        *first = place;
    }
}

/// Notes the partitions of which older records were not read: retention has removed them, or the limits exclude them.
fn note_unread(
    evidence: &mut StreamEvidence,
    read: &PrecedingRead,
    firsts: &BTreeMap<i32, EventPlace>,
) {
    for (&partition, &start) in read.starts.iter().filter(|(_, start)| **start > 0) {
        let nothing = EventPlace {
            partition,
            offset: start,
            time_ms: None,
        };
        evidence.note_unread_before(firsts.get(&partition).copied().unwrap_or(nothing));
    }
}

/// Collects later events about doubtful documents.
struct LaterScan<'a> {
    places: HashMap<(String, DocumentId), usize>,
    discrepancies: &'a mut BTreeMap<String, Vec<Discrepancy>>,
    condition: Option<Condition>,
}

impl LaterScan<'_> {
    fn is_open(&self) -> bool {
        let mut discrepancies = self.discrepancies.values().flatten();
        discrepancies.any(|discrepancy| discrepancy.agreement() == Agreement::NeedsQuery)
    }

    /// Reads to the end; with a deadline, until everything is explained or the deadline has passed.
    fn read(&mut self, reader: &mut Reader, deadline: Option<Instant>) -> Result<(), ReadStopped> {
        loop {
            match reader.next(POLL_TIMEOUT) {
                SourceItem::Record(record) => self.record(&record),
                SourceItem::End => return Ok(()),
                SourceItem::Interrupted => return Err(ReadStopped::Interrupted),
                SourceItem::Failed(failure) => return Err(ReadStopped::Failed(failure)),
                SourceItem::OffsetGap(_) | SourceItem::Notice(_) | SourceItem::Idle => {}
            }
            if deadline.is_some_and(|deadline| Instant::now() > deadline || !self.is_open()) {
                return Ok(());
            }
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        let Ok(event) = event::decode(record.payload.as_deref()) else {
            return;
        };
        if matches!(event.kind, EventKind::RequeryRequired) {
            for discrepancy in self.discrepancies.values_mut().flatten() {
                let is_before = |txn_id: u64| discrepancy.txn_id <= txn_id;
                discrepancy.is_in_gap |= event.txn_id.is_none_or(|txn_id| is_before(txn_id.0));
            }
            return;
        }
        let is_present = is_present_after(&event, self.condition.as_ref());
        let (Some(collection), Some(txn_id), Some(is_present)) =
            (&event.collection, event.txn_id, is_present)
        else {
            return;
        };
        let Some(id) = event.id().and_then(DocumentId::parse) else {
            return;
        };
        let place = self.places.get(&(collection.to_string(), id));
        let discrepancies = self.discrepancies.get_mut(collection.as_ref());
        if let Some(discrepancy) = place.and_then(|at| discrepancies?.get_mut(*at))
            && txn_id.0 > discrepancy.txn_id
        {
            discrepancy.later.push((txn_id.0, is_present));
        }
    }
}

/// Adds the contradictions to a collection.
fn conclude(collection: &mut Collection, discrepancies: &[Discrepancy], context: &mut Context<'_>) {
    let mut found: BTreeMap<&str, Vec<&Discrepancy>> = BTreeMap::new();
    let mut confirmed = Vec::new();
    for discrepancy in discrepancies {
        let what = match discrepancy.agreement() {
            Agreement::Agrees | Agreement::Explained => continue,
            Agreement::Confirmed => {
                confirmed.push(discrepancy);
                continue;
            }
            Agreement::Lost => "in the stream and on the server, but not in the snapshot",
            Agreement::Hidden => {
                "in the stream, but the server does not show them: the API key may be limited to a part of the app, so use one that can read everything"
            }
            Agreement::Stale => "removed in the stream and on the server, but in the snapshot",
            Agreement::NeedsQuery if discrepancy.expected => {
                "in the stream, but not in the snapshot"
            }
            Agreement::NeedsQuery => "removed in the stream, but in the snapshot",
        };
        found.entry(what).or_default().push(discrepancy);
    }
    for (what, discrepancies) in found {
        collection.complete = false;
        collection.proof = None;
        collection
            .why_not
            .push(format!("{} {what}", examples(&discrepancies)));
    }
    if !confirmed.is_empty() {
        context.out.note(&format!(
            "{}: {} removed in the stream before the positions, but the server has them now",
            collection.name,
            examples(&confirmed)
        ));
    }
}

/// The number of documents and one of them, as the subject of a sentence.
fn examples(discrepancies: &[&Discrepancy]) -> String {
    let Some(discrepancy) = discrepancies.first() else {
        return String::new();
    };
    let id = discrepancy.id.json();
    let (id, txn_id) = (truncate(&id, MAX_ID_CHARS), discrepancy.txn_id);
    match discrepancies.len() {
        1 => format!("1 document, {id} of transaction {txn_id}, is"),
        count => format!("{count} documents, such as {id} of transaction {txn_id}, are"),
    }
}

/// What was compared, as text.
fn describe(evidence: &ReadEvidence, compared: u64) -> String {
    let records = evidence.read.records;
    let mut text = format!(
        "{compared} documents were compared with their newest event in the {} {records} records before the positions",
        if evidence.read.is_whole {
            "stream's"
        } else {
            "newest"
        }
    );
    let one_in = evidence.written.evidence.sampled_one_in();
    if one_in > 1 {
        let _ = write!(text, ", a sample of one in {one_in}");
    }
    text
}
