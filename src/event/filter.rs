//! Event filter that reads as few bytes of a payload as possible.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::collection_pattern::{CollectionPattern, GlobError};
use super::decode::{Envelope, EnvelopeError, kind, read_envelope, read_envelope_unchecked};
use super::grep::{Mask, SearchText};
use super::id::DocumentFilter;
use super::{Event, EventKind, Op, TxnId, Unreadable};
use crate::condition::{Condition, Facts};
use crate::json::unquote;

/// The filter options as typed. Empty lists match everything.
#[derive(Debug, Clone, Default)]
pub struct FilterOptions {
    /// Patterns of collection names; `!name` excludes. Case-sensitive; `*` also matches `/`, `?` matches one byte.
    pub collections: Vec<String>,
    /// Literal values of `change.method`.
    pub methods: Vec<String>,
    /// The operations, decided from the values.
    pub ops: Vec<Op>,
    /// Document ids: a string, or JSON for ids of other types; also after `COLLECTION/`.
    pub ids: Vec<String>,
    /// All of these must match.
    pub conditions: Vec<Condition>,
    /// Texts that keys or values must contain; all must be found.
    pub texts: Vec<SearchText>,
    /// Hides what the texts must not find.
    pub mask: Option<Mask>,
    /// Hide `requeryRequired` too, which otherwise passes every filter.
    pub no_control: bool,
    /// Only transactions after this one. Events without a number match.
    pub after_txn: Option<u64>,
    /// Only transactions up to this one. Events without a number match.
    pub until_txn: Option<u64>,
}

/// A compiled [`FilterOptions`].
#[derive(Debug, Clone)]
pub struct Filter {
    include: Vec<CollectionPattern>,
    exclude: Vec<CollectionPattern>,
    methods: Vec<String>,
    ops: Vec<Op>,
    ids: Vec<DocumentFilter>,
    conditions: Vec<Condition>,
    texts: Vec<SearchText>,
    mask: Option<Mask>,
    keep_control: bool,
    after_txn: Option<u64>,
    until_txn: Option<u64>,
}

/// The filter's decision on a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// A matching event; the whole payload was validated.
    Shown(Event<'a>),
    /// An event that does not match; it was read only as far as necessary to decide.
    Hidden,
    /// Not an event. No filter hides these.
    Unreadable(Unreadable),
}

/// A part of the filter. An event is rejected by the first one that it does not match, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The range of transactions.
    Transactions,
    /// `--no-control`
    Control,
    /// The collections.
    Collections,
    /// The methods.
    Methods,
    /// The operations.
    Operations,
    /// The document ids.
    Ids,
    /// The condition with this index.
    Condition(usize),
    /// The text with this index.
    Text(usize),
}

/// Why an event was rejected by its first fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarlyRejection<'a> {
    /// Its collection, with its name.
    Collection(Cow<'a, str>),
    /// Its method, with its name; the collection matches.
    Method(Cow<'a, str>),
    /// Another reason, or an event whose collection is not known yet.
    Other,
}

impl Filter {
    /// Compiles the options.
    ///
    /// # Errors
    /// [`GlobError`] for the first invalid pattern.
    pub fn new(options: &FilterOptions) -> Result<Self, GlobError> {
        let (exclude, include): (Vec<_>, Vec<_>) = options
            .collections
            .iter()
            .partition(|glob| glob.starts_with('!'));
        let patterns = |globs: Vec<&String>| -> Result<Vec<_>, GlobError> {
            globs
                .into_iter()
                .map(|glob| CollectionPattern::new(glob))
                .collect()
        };
        Ok(Filter {
            include: patterns(include)?,
            exclude: patterns(exclude)?,
            methods: options.methods.clone(),
            ops: options.ops.clone(),
            ids: options
                .ids
                .iter()
                .map(|id| DocumentFilter::new(id))
                .collect(),
            conditions: options.conditions.clone(),
            texts: options.texts.clone(),
            mask: options.mask.clone(),
            keep_control: !options.no_control,
            after_txn: options.after_txn,
            until_txn: options.until_txn,
        })
    }

    /// The collections to which the filter restricts the events; `None` if it selects by patterns, or not at all.
    #[must_use]
    pub fn selected_collections(&self) -> Option<BTreeSet<String>> {
        let name = |pattern: &CollectionPattern| pattern.name().map(str::to_owned);
        let names = self.include.iter().map(name).collect::<Option<_>>();
        names.filter(|names: &BTreeSet<String>| !names.is_empty())
    }

    /// Decides on a payload.
    ///
    /// A payload is rejected as soon as its `type` and an unwanted `collection` or `method` are read, or enough to
    /// make a condition false; of the rest only the final brace is checked. Before that, its bytes are searched for the
    /// texts, which is many times faster than reading it. A matching event is validated to its last byte.
    #[must_use]
    pub fn verdict<'a>(&self, payload: Option<&'a [u8]>) -> Verdict<'a> {
        let Some(raw) = payload else {
            return Verdict::Unreadable(Unreadable::Empty);
        };
        let closed = raw.trim_ascii_end().last() == Some(&b'}');
        let lacks_text = closed && self.texts.iter().any(|text| !text.may_be_in(raw));
        if closed && !self.conditions.is_empty() && self.rejects_by_envelope(raw, lacks_text) {
            return Verdict::Hidden;
        }
        let mut rejection = EarlyReject::new(self, lacks_text);
        let decides = closed && (lacks_text || self.rejects_anything());
        let event = match read_envelope(raw, |envelope| decides && rejection.is_certain(envelope)) {
            Ok(envelope) => envelope.event(raw),
            Err(EnvelopeError::Enough) => return Verdict::Hidden,
            Err(EnvelopeError::Syntax(error)) => Err(error),
        };
        match event {
            Ok(event) if self.matches(&event) => Verdict::Shown(event),
            Ok(_) => Verdict::Hidden,
            Err(unreadable) => Verdict::Unreadable(unreadable),
        }
    }

    /// Whether [`Filter::verdict`] would reject a payload by its first fields: `true` is certain, `false` means
    /// unknown. Reads only the envelope's fields, and nothing if they cannot decide.
    #[must_use]
    pub fn rejects_early(&self, payload: Option<&[u8]>) -> bool {
        self.read_early(payload, |_, _| ()).is_some()
    }

    /// Like [`Filter::rejects_early`], with the reason.
    #[must_use]
    pub fn early_rejection<'a>(&self, payload: Option<&'a [u8]>) -> Option<EarlyRejection<'a>> {
        self.read_early(payload, |rejection, envelope| rejection.reason(envelope))
    }

    /// Reads the first fields of a payload; the result of `reason` if they reject it.
    fn read_early<'a, T>(
        &self,
        payload: Option<&'a [u8]>,
        reason: impl Fn(&EarlyReject<'_>, &Envelope<'a>) -> T,
    ) -> Option<T> {
        let raw = payload.filter(|_| self.needs_envelope())?;
        let closed = raw.trim_ascii_end().last() == Some(&b'}');
        let mut rejection = EarlyReject::new(self, false);
        let mut hidden = None;
        let _stopped = read_envelope(raw, |envelope| {
            if closed && rejection.is_certain(envelope) {
                hidden = Some(reason(&rejection, envelope));
            }
            hidden.is_some() || rejection.knows_all(envelope)
        });
        hidden
    }

    /// Whether a collection, a method or a transaction can reject an event.
    fn needs_envelope(&self) -> bool {
        !(self.include.is_empty()
            && self.exclude.is_empty()
            && self.methods.is_empty()
            && !self.has_transaction_limits())
    }

    /// Whether anything can reject an event before all of it was read.
    fn rejects_anything(&self) -> bool {
        self.needs_envelope() || !self.conditions.is_empty() || !self.keep_control
    }

    /// Whether the filter rejects a payload if it is valid JSON. Conditions are evaluated before validation, because most
    /// events do not match them.
    fn rejects_by_envelope(&self, raw: &[u8], lacks_text: bool) -> bool {
        let mut rejection = EarlyReject::new(self, lacks_text);
        match read_envelope_unchecked(raw, |envelope| rejection.is_certain(envelope)) {
            Some(Ok(envelope)) => envelope.event(raw).is_ok_and(|event| !self.matches(&event)),
            Some(Err(_)) => true,
            None => false,
        }
    }

    /// Whether a decoded event matches. Agrees with [`Filter::verdict`].
    #[must_use]
    pub fn matches(&self, event: &Event<'_>) -> bool {
        self.rejected_by(event).is_none()
    }

    /// The first stage that rejects a decoded event; `None` if it matches.
    #[must_use]
    pub fn rejected_by(&self, event: &Event<'_>) -> Option<Stage> {
        self.first_rejection(event, || self.failed_content(event))
    }

    /// Like [`Filter::rejected_by`], for an event that is known to be rejected: a single condition or text is not
    /// evaluated again.
    #[must_use]
    pub fn stage_of_rejected(&self, event: &Event<'_>) -> Option<Stage> {
        self.first_rejection(event, || match (self.conditions.len(), self.texts.len()) {
            (1, 0) => Some(Stage::Condition(0)),
            (0, 1) => Some(Stage::Text(0)),
            _ => self.failed_content(event),
        })
    }

    fn first_rejection(
        &self,
        event: &Event<'_>,
        failed_content: impl FnOnce() -> Option<Stage>,
    ) -> Option<Stage> {
        if self.is_out_of_range(event.txn_id) {
            return Some(Stage::Transactions);
        }
        if event.kind == EventKind::RequeryRequired {
            return (!self.keep_control).then_some(Stage::Control);
        }
        if !self.matches_collection(event.collection.as_deref()) {
            return Some(Stage::Collections);
        }
        if !self.matches_method(event.method.as_deref()) {
            return Some(Stage::Methods);
        }
        if !self.ops.is_empty() && !self.ops.contains(&event.op()) {
            return Some(Stage::Operations);
        }
        if !self.ids.is_empty() && !self.matches_id(event) {
            return Some(Stage::Ids);
        }
        failed_content()
    }

    fn matches_id(&self, event: &Event<'_>) -> bool {
        let collection = event.collection.as_deref();
        let mut ids = self.ids.iter();
        event
            .id()
            .is_some_and(|id| ids.any(|wanted| wanted.matches(collection, id)))
    }

    /// Whether a transaction is outside the requested range. Also applies to gaps, because it is a position in the
    /// stream.
    #[must_use]
    pub fn is_out_of_range(&self, txn_id: Option<TxnId>) -> bool {
        txn_id.is_some_and(|txn| {
            self.after_txn.is_some_and(|after_txn| txn.0 <= after_txn)
                || self.until_txn.is_some_and(|until_txn| txn.0 > until_txn)
        })
    }

    /// Whether the filter limits the transactions.
    #[must_use]
    pub fn has_transaction_limits(&self) -> bool {
        self.after_txn.or(self.until_txn).is_some()
    }

    /// The first condition or text that does not match.
    fn failed_content(&self, event: &Event<'_>) -> Option<Stage> {
        let condition = self.failed_condition(event).map(Stage::Condition);
        condition.or_else(|| self.missing_text(event).map(Stage::Text))
    }

    /// The index of the first text that the event does not contain.
    fn missing_text(&self, event: &Event<'_>) -> Option<usize> {
        let is_found = |text: &SearchText| {
            let mut masks = self.mask.iter();
            text.is_in_event(event) && masks.all(|mask| mask.shows(text, event))
        };
        self.texts.iter().position(|text| !is_found(text))
    }

    /// Whether there are values in which no text is searched.
    #[must_use]
    pub fn masks_values(&self) -> bool {
        self.mask.is_some()
    }

    /// The index of the first condition that does not hold.
    fn failed_condition(&self, event: &Event<'_>) -> Option<usize> {
        if self.conditions.is_empty() {
            return None;
        }
        let facts = event.facts();
        let mut conditions = self.conditions.iter();
        conditions.position(|condition| !condition.holds(&facts))
    }

    /// Whether the filter can reject an event of a document.
    #[must_use]
    pub fn is_selective(&self) -> bool {
        self.needs_envelope()
            || !(self.ops.is_empty() && self.ids.is_empty())
            || !(self.conditions.is_empty() && self.texts.is_empty())
    }

    /// The conditions.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The texts.
    #[must_use]
    pub fn texts(&self) -> &[SearchText] {
        &self.texts
    }

    /// Number of patterns that include collections.
    #[must_use]
    pub fn included_patterns(&self) -> usize {
        self.include.len()
    }

    /// The indexes of the patterns that include a collection.
    pub fn including_patterns(&self, name: &str) -> impl Iterator<Item = usize> {
        let patterns = self.include.iter().enumerate();
        patterns.filter_map(move |(at, pattern)| pattern.matches(name).then_some(at))
    }

    /// The methods that match.
    #[must_use]
    pub fn methods(&self) -> &[String] {
        &self.methods
    }

    /// Whether the filter selects a collection. An event without one matches no included and no excluded collection.
    #[must_use]
    pub fn matches_collection(&self, name: Option<&str>) -> bool {
        let in_any = |patterns: &[CollectionPattern]| {
            name.is_some_and(|name| patterns.iter().any(|one| one.matches(name)))
        };
        (self.include.is_empty() || in_any(&self.include)) && !in_any(&self.exclude)
    }

    fn matches_method(&self, name: Option<&str>) -> bool {
        self.methods.is_empty()
            || name.is_some_and(|name| self.methods.iter().any(|method| method == name))
    }
}

/// Incremental rejection while a payload is being read. Collection and method are matched once each.
struct EarlyReject<'f> {
    filter: &'f Filter,
    /// The payload does not contain one of the texts.
    lacks_text: bool,
    collection: Option<bool>,
    method: Option<bool>,
    /// Number of fields known when the conditions were evaluated, and their result.
    early_result: Option<(usize, bool)>,
}

impl<'f> EarlyReject<'f> {
    fn new(filter: &'f Filter, lacks_text: bool) -> Self {
        EarlyReject {
            filter,
            lacks_text,
            collection: None,
            method: None,
            early_result: None,
        }
    }

    fn is_certain(&mut self, known: &Envelope<'_>) -> bool {
        let filter = self.filter;
        if filter.has_transaction_limits() && filter.is_out_of_range(known.txn_id()) {
            return known.kind.and_then(kind).is_some();
        }
        // A value that is not a string is decided on the whole event.
        let is_rejected =
            |known: &mut Option<bool>, raw: Option<&[u8]>, wanted: &dyn Fn(&str) -> bool| {
                let raw = raw.filter(|_| known.is_none());
                if let Some(text) = raw.and_then(unquote) {
                    *known = Some(wanted(&text));
                }
                *known == Some(false)
            };
        let unwanted = self.lacks_text
            || is_rejected(&mut self.collection, known.collection, &|name| {
                filter.matches_collection(Some(name))
            })
            || is_rejected(&mut self.method, known.method, &|name| {
                filter.matches_method(Some(name))
            })
            || self.is_definitely_false(known);
        match known
            .kind
            .filter(|_| unwanted || !filter.keep_control)
            .and_then(kind)
        {
            Some(EventKind::RequeryRequired) => !filter.keep_control,
            Some(_) => unwanted,
            None => false,
        }
    }

    /// Why a payload with these fields is rejected.
    fn reason<'a>(&self, known: &Envelope<'a>) -> EarlyRejection<'a> {
        let filter = self.filter;
        let is_document = known
            .kind
            .and_then(kind)
            .is_some_and(|kind| kind != EventKind::RequeryRequired);
        if !is_document || filter.has_transaction_limits() {
            return EarlyRejection::Other;
        }
        let name = |raw: Option<&'a [u8]>| raw.and_then(unquote);
        let found = match (self.collection, self.method) {
            (Some(false), _) => name(known.collection).map(EarlyRejection::Collection),
            (Some(true), Some(false)) => name(known.method).map(EarlyRejection::Method),
            _ => None,
        };
        found.unwrap_or(EarlyRejection::Other)
    }

    /// Whether all fields that can cause a rejection were read.
    fn knows_all(&self, known: &Envelope<'_>) -> bool {
        let filter = self.filter;
        let collection = filter.include.is_empty() && filter.exclude.is_empty();
        known.kind.is_some()
            && (collection || known.collection.is_some())
            && (filter.methods.is_empty() || known.method.is_some())
            && (!filter.has_transaction_limits() || known.txn_id().is_some())
    }

    /// Whether a condition is definitely false; evaluated again only if more fields are known.
    fn is_definitely_false(&mut self, known: &Envelope<'_>) -> bool {
        if self.filter.conditions.is_empty() {
            return false;
        }
        let txn_id = known.txn_id();
        let parts = [
            known.collection.is_some(),
            known.method.is_some(),
            txn_id.is_some(),
        ];
        let count = parts.into_iter().filter(|part| *part).count();
        match self.early_result {
            Some((before, is_false)) if is_false || before == count => return is_false,
            _ => {}
        }
        let (collection, method) = (
            known.collection.and_then(unquote),
            known.method.and_then(unquote),
        );
        let facts = Facts {
            collection: collection.as_deref(),
            method: method.as_deref(),
            txn_id: txn_id.map(|id| id.0),
            ..Facts::default()
        };
        let mut conditions = self.filter.conditions.iter();
        let is_false = conditions.any(|condition| condition.fails_early(&facts));
        self.early_result = Some((count, is_false));
        is_false
    }
}
