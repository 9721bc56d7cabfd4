//! Compares the snapshot with the newest events of single documents, which show what the API key does not.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::change_reader::{document_condition, read_range};
use super::outcome::report_stop;
use super::workers::run_in_background;
use crate::commands::Context;
use crate::condition::Condition;
use crate::event::{self, EventKind};
use crate::kafka::{self, Connection, PrecedingRead, ReadLimits, ReadStopped, Reader};
use crate::record::incarnation::Incarnation;
use crate::record::position::Position;
use crate::record::{Place, Record, Source, SourceItem};
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
const MAX_LOOKS_FOR_MISSING: usize = 20;
/// How many removed documents the server is asked for: the answer may confirm them.
const MAX_LOOKS_FOR_REMOVED: usize = 1000;
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
struct Doubt {
    id: DocumentId,
    txn_id: u64,
    /// The newest event says that it is there.
    expected: bool,
    read_at: Option<u64>,
    later: Vec<(u64, bool)>,
    /// A `requeryRequired` after the positions says that events of that time are missing, and its reader is told so.
    is_in_gap: bool,
    look: Option<bool>,
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
        let mut visit = |record: &Record<'_>| {
            let place = place(record);
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
            Ok(read) => read,
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
        let mut doubts = BTreeMap::new();
        for collection in manifest.collections.iter().filter(|one| one.complete) {
            let (count, found) = self.doubts(collection, &evidence.written);
            compared += count;
            if !found.is_empty() {
                doubts.insert(collection.name.clone(), found);
            }
        }
        manifest.stream_evidence = Some(describe(evidence, compared));
        if evidence.written.evidence.sampled_one_in() > 1 || !evidence.read.is_whole {
            let text = manifest.stream_evidence.iter();
            text.for_each(|text| context.out.note(text));
        }
        if doubts.is_empty() {
            return Ok(());
        }
        self.read_later(&mut doubts, context)?;
        self.look(&mut doubts, client, context)?;
        for collection in &mut manifest.collections {
            let doubts = doubts.get(&collection.name).map_or(&[][..], Vec::as_slice);
            conclude(collection, doubts, context);
        }
        Ok(())
    }

    /// The number of documents that were compared, and those that differ.
    fn doubts(&self, collection: &Collection, all: &WrittenEvidence) -> (u64, Vec<Doubt>) {
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
        let mut doubts = Vec::new();
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
                doubts.push(Doubt {
                    id: id.clone(),
                    txn_id,
                    expected: is_present,
                    read_at: collection.read_at(id.json().as_bytes()),
                    later: Vec::new(),
                    is_in_gap: false,
                    look: None,
                });
            }
        }
        doubts.sort_by(|one, other| one.id.cmp(&other.id));
        (count, doubts)
    }

    /// Reads the events after the positions about these documents, and waits for late ones.
    fn read_later(
        &self,
        doubts: &mut BTreeMap<String, Vec<Doubt>>,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let places = doubts.iter().flat_map(|(collection, doubts)| {
            let doubts = doubts.iter().enumerate();
            doubts.map(move |(at, doubt)| ((collection.clone(), doubt.id.clone()), at))
        });
        let mut scan = LaterScan {
            places: places.collect(),
            doubts,
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
        let mut connection = self.connection.clone();
        connection.group = None;
        let topic = kafka::connect(connection, interrupt, note)?;
        let next = self
            .ends
            .iter()
            .map(|(partition, next)| (*partition, *next));
        let incarnation = self.incarnation.clone();
        let range = read_range(next.collect(), incarnation, Some(Position::End));
        let mut reader = kafka::start(topic, &range)?;
        scan.read(&mut reader, None)?;
        if scan.is_open() {
            let range = read_range(reader.next_offsets(), reader.incarnation(), None);
            let mut reader = kafka::start(reader.close(), &range)?;
            scan.read(&mut reader, Some(Instant::now() + MAX_EVENT_DELAY))?;
        }
        Ok(())
    }

    /// Asks the server for documents that no event explains.
    fn look(
        &self,
        doubts: &mut BTreeMap<String, Vec<Doubt>>,
        client: &Arc<RetryingClient>,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let (mut missing, mut removed) = (MAX_LOOKS_FOR_MISSING, MAX_LOOKS_FOR_REMOVED);
        let mut requests = Vec::new();
        for (collection, doubts) in &*doubts {
            for (at, doubt) in doubts.iter().enumerate() {
                let left = if doubt.expected {
                    &mut missing
                } else {
                    &mut removed
                };
                if doubt.agreement() == Agreement::NeedsLook && *left > 0 {
                    *left -= 1;
                    let target = Target::new(collection.clone(), self.condition.clone());
                    requests.push((collection.clone(), at, target.look(&doubt.id.json())));
                }
            }
        }
        let background = Arc::clone(client);
        let looks = run_in_background(client, context, move || {
            let mut looks = Vec::new();
            for (collection, at, query) in requests {
                let doing = format!("asking for documents of the collection {collection}");
                match background.query(&doing, &Request::Dql(query)) {
                    Ok((_, rows)) => looks.push((collection, at, !rows.is_empty())),
                    // Without an answer, the contradiction stays.
                    Err(StopReason::Api(..)) => {}
                    Err(stop) => return Err(stop),
                }
            }
            Ok(looks)
        });
        for (collection, at, found) in looks.map_err(|stop| report_stop(&stop, context))? {
            let doubt = doubts
                .get_mut(&collection)
                .and_then(|doubts| doubts.get_mut(at));
            if let Some(doubt) = doubt {
                doubt.look = Some(found);
            }
        }
        Ok(())
    }
}

impl Doubt {
    fn agreement(&self) -> Agreement {
        if self.is_in_gap {
            return Agreement::Explained;
        }
        agreement(&DocumentFacts {
            expected: self.expected,
            is_written: !self.expected,
            read_at: self.read_at,
            later: &self.later,
            look: self.look,
        })
    }
}

fn place(record: &Record<'_>) -> EventPlace {
    match record.place {
        Place::Offset {
            partition, offset, ..
        } => (partition, offset),
        Place::Line { .. } => (0, 0),
    }
}

/// Collects later events about doubtful documents.
struct LaterScan<'a> {
    places: HashMap<(String, DocumentId), usize>,
    doubts: &'a mut BTreeMap<String, Vec<Doubt>>,
    condition: Option<Condition>,
}

impl LaterScan<'_> {
    fn is_open(&self) -> bool {
        let mut doubts = self.doubts.values().flatten();
        doubts.any(|doubt| doubt.agreement() == Agreement::NeedsLook)
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
            for doubt in self.doubts.values_mut().flatten() {
                let is_before = |txn_id: u64| doubt.txn_id <= txn_id;
                doubt.is_in_gap |= event.txn_id.is_none_or(|txn_id| is_before(txn_id.0));
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
        let doubts = self.doubts.get_mut(collection.as_ref());
        if let Some(doubt) = place.and_then(|at| doubts?.get_mut(*at))
            && txn_id.0 > doubt.txn_id
        {
            doubt.later.push((txn_id.0, is_present));
        }
    }
}

/// Adds the contradictions to a collection.
fn conclude(collection: &mut Collection, doubts: &[Doubt], context: &mut Context<'_>) {
    let mut found: BTreeMap<&str, Vec<&Doubt>> = BTreeMap::new();
    let mut confirmed = Vec::new();
    for doubt in doubts {
        let what = match doubt.agreement() {
            Agreement::Agrees | Agreement::Explained => continue,
            Agreement::Confirmed => {
                confirmed.push(doubt);
                continue;
            }
            Agreement::Lost => "in the stream and on the server, but not in the snapshot",
            Agreement::Hidden => {
                "in the stream, but the server does not show them: the API key may be limited to a part of the app, so use one that can read everything"
            }
            Agreement::Ghost => "removed in the stream and on the server, but in the snapshot",
            Agreement::NeedsLook if doubt.expected => "in the stream, but not in the snapshot",
            Agreement::NeedsLook => "removed in the stream, but in the snapshot",
        };
        found.entry(what).or_default().push(doubt);
    }
    for (what, doubts) in found {
        collection.complete = false;
        collection.proof = None;
        collection
            .why_not
            .push(format!("{} {what}", examples(&doubts)));
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
fn examples(doubts: &[&Doubt]) -> String {
    let Some(doubt) = doubts.first() else {
        return String::new();
    };
    let id = doubt.id.json();
    let (id, txn_id) = (truncate(&id, MAX_ID_CHARS), doubt.txn_id);
    match doubts.len() {
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
