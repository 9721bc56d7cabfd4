//! Statistics of a filter: how many events each stage rejects, and the names that the rejected events have.

use std::collections::BTreeSet;

use super::decode::read_envelope_unchecked;
use super::filter::{EarlyRejection, Filter, Stage};
use super::{Event, EventKind};
use crate::condition::{Facts, Field, Property};
use crate::json::{fields, unquote};

/// Limit of the names that are stored for one stage.
const MAX_NAMES: usize = 1_000;
/// Longer names are not stored.
const MAX_NAME_BYTES: usize = 200;
/// Fields are listed from this many documents without the wanted field: later ones mostly have the same fields.
const MAX_LISTED_DOCUMENTS: u64 = 10_000;

/// Different names, up to a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The names, sorted.
    pub set: BTreeSet<String>,
    /// Whether there were more names, or longer ones.
    pub more: bool,
    /// Consecutive events mostly have the same name.
    last: String,
}

impl Names {
    fn insert(&mut self, name: &str) {
        if name == self.last && !name.is_empty() || self.set.contains(name) {
            return;
        }
        if self.set.len() >= MAX_NAMES || name.len() > MAX_NAME_BYTES {
            self.more = true;
            return;
        }
        self.set.insert(name.to_owned());
        name.clone_into(&mut self.last);
    }

    fn merge(&mut self, other: &Names) {
        for name in &other.set {
            self.insert(name);
        }
        self.more |= other.more;
    }
}

/// What one stage rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageStats {
    /// Number of events.
    pub rejected: u64,
    /// What the rejected events have instead.
    pub seen: Names,
}

impl StageStats {
    fn reject(&mut self, name: Option<&str>) {
        self.rejected += 1;
        if let Some(name) = name {
            self.seen.insert(name);
        }
    }

    fn merge(&mut self, other: &StageStats) {
        self.rejected += other.rejected;
        self.seen.merge(&other.seen);
    }
}

/// What one condition rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionStats {
    /// Number of events.
    pub rejected: u64,
    /// The fields of documents that the condition reads.
    pub fields: Vec<FieldStats>,
    /// The properties of the event that the condition uses, and their values in the rejected events.
    pub properties: Vec<(Property, Names)>,
}

/// Whether documents have a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldStats {
    /// The field.
    pub field: Field,
    /// Whether any document has it.
    pub found: bool,
    /// How many steps of its path were found at most.
    pub depth: usize,
    /// The names of the other fields where the next step was looked up.
    pub seen: Names,
    /// Number of documents whose fields were listed.
    listed: u64,
}

/// The statistics of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterStats {
    /// Events of documents: without gaps and unreadable records.
    pub events: u64,
    /// Events that match the filter.
    pub passed: u64,
    /// The range of transactions.
    pub transactions: StageStats,
    /// The lowest and the highest transaction outside of the range.
    pub txn_range: Option<(u64, u64)>,
    /// The collections.
    pub collections: StageStats,
    /// The methods.
    pub methods: StageStats,
    /// The operations.
    pub operations: StageStats,
    /// The document ids.
    pub ids: StageStats,
    /// The conditions.
    pub conditions: Vec<ConditionStats>,
    /// For each pattern that includes collections, whether it matched an event; empty if there is only one.
    pub matched_patterns: Vec<bool>,
    /// For each method, whether an event has it; empty if there is only one.
    pub matched_methods: Vec<bool>,
}

impl FilterStats {
    /// Empty statistics.
    #[must_use]
    pub fn new(filter: &Filter) -> FilterStats {
        let several = |count: usize| vec![false; if count > 1 { count } else { 0 }];
        let conditions = filter.conditions().iter().map(|condition| {
            let fields = condition.fields().into_iter().map(|field| FieldStats {
                field,
                found: false,
                depth: 0,
                seen: Names::default(),
                listed: 0,
            });
            let properties = condition.properties().into_iter();
            ConditionStats {
                rejected: 0,
                fields: fields.collect(),
                properties: properties.map(|one| (one, Names::default())).collect(),
            }
        });
        FilterStats {
            events: 0,
            passed: 0,
            transactions: StageStats::default(),
            txn_range: None,
            collections: StageStats::default(),
            methods: StageStats::default(),
            operations: StageStats::default(),
            ids: StageStats::default(),
            conditions: conditions.collect(),
            matched_patterns: several(filter.included_patterns()),
            matched_methods: several(filter.methods().len()),
        }
    }

    /// Statistics without events, to be merged into these: what is known already is not looked up again.
    #[must_use]
    pub fn continued(&self, filter: &Filter) -> FilterStats {
        let mut next = FilterStats::new(filter);
        for (next, known) in next.conditions.iter_mut().zip(&self.conditions) {
            for (next, known) in next.fields.iter_mut().zip(&known.fields) {
                next.found = known.found;
                next.depth = known.depth;
                // Otherwise each part would list the limit again.
                let is_full = known.listed >= MAX_LISTED_DOCUMENTS;
                next.listed = if is_full { MAX_LISTED_DOCUMENTS } else { 0 };
            }
        }
        next
    }

    /// Whether further events can change what is to be reported: nothing has passed, or a value has matched nothing.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.passed == 0
            || self.matched_patterns.contains(&false)
            || self.matched_methods.contains(&false)
    }

    /// Adds a payload that the filter hides; one that is not an event is not counted. It is not validated, because the
    /// filter has rejected it.
    pub fn add_payload(&mut self, filter: &Filter, payload: Option<&[u8]>) {
        let Some(raw) = payload else {
            return;
        };
        if let Some(Ok(envelope)) = read_envelope_unchecked(raw, |_| false)
            && let Ok(event) = envelope.event(raw)
        {
            self.add_with(filter, &event, filter.stage_of_rejected(&event));
        }
    }

    /// Adds a payload that was rejected by its first fields.
    pub fn add_rejected(
        &mut self,
        filter: &Filter,
        payload: Option<&[u8]>,
        why: &EarlyRejection<'_>,
    ) {
        match why {
            EarlyRejection::Collection(name) => {
                self.events += 1;
                self.collections.reject(Some(name));
            }
            EarlyRejection::Method(name) if !self.matched_patterns.contains(&false) => {
                self.events += 1;
                self.methods.reject(Some(name));
            }
            EarlyRejection::Method(_) | EarlyRejection::Other => self.add_payload(filter, payload),
        }
    }

    /// Adds an event.
    pub fn add(&mut self, filter: &Filter, event: &Event<'_>) {
        self.add_with(filter, event, filter.rejected_by(event));
    }

    fn add_with(&mut self, filter: &Filter, event: &Event<'_>, rejected_by: Option<Stage>) {
        if event.kind == EventKind::RequeryRequired {
            return;
        }
        self.events += 1;
        self.note_matches(filter, event, rejected_by);
        let Some(stage) = rejected_by else {
            self.passed += 1;
            return;
        };
        match stage {
            Stage::Transactions => self.reject_transaction(event),
            Stage::Control => {}
            Stage::Collections => self.collections.reject(event.collection.as_deref()),
            Stage::Methods => self.methods.reject(event.method.as_deref()),
            Stage::Operations => self.operations.reject(event.op().word()),
            Stage::Ids => {
                let text = event
                    .id()
                    .map(|id| unquote(id).unwrap_or_else(|| String::from_utf8_lossy(id)));
                self.ids.reject(text.as_deref());
            }
            Stage::Condition(index) => self.reject_condition(index, event),
        }
    }

    fn reject_transaction(&mut self, event: &Event<'_>) {
        self.transactions.rejected += 1;
        if let Some(txn) = event.txn_id {
            let (low, high) = self.txn_range.unwrap_or((txn.0, txn.0));
            self.txn_range = Some((low.min(txn.0), high.max(txn.0)));
        }
    }

    fn reject_condition(&mut self, index: usize, event: &Event<'_>) {
        if let Some(condition) = self.conditions.get_mut(index) {
            let facts = event.facts();
            condition.rejected += 1;
            for field in &mut condition.fields {
                field.look_up(&facts);
            }
            for (property, names) in &mut condition.properties {
                if let Some(value) = value_of(*property, &facts) {
                    names.insert(value);
                }
            }
        }
    }

    /// Notes which of several patterns and methods an event matches.
    fn note_matches(&mut self, filter: &Filter, event: &Event<'_>, rejected_by: Option<Stage>) {
        let passes = |stage: Stage| rejected_by.is_none_or(|rejected| rejected > stage);
        if let (Some(name), true) = (&event.collection, passes(Stage::Collections)) {
            for at in filter.including_patterns(name) {
                if let Some(matched) = self.matched_patterns.get_mut(at) {
                    *matched = true;
                }
            }
        }
        if passes(Stage::Methods) {
            let methods = filter.methods().iter();
            for (matched, method) in self.matched_methods.iter_mut().zip(methods) {
                *matched |= event.method.as_deref() == Some(method.as_str());
            }
        }
    }

    /// Adds the statistics of other events.
    pub fn merge(&mut self, other: &FilterStats) {
        self.events += other.events;
        self.passed += other.passed;
        self.transactions.merge(&other.transactions);
        if let Some((low, high)) = other.txn_range {
            let (old_low, old_high) = self.txn_range.unwrap_or((low, high));
            self.txn_range = Some((low.min(old_low), high.max(old_high)));
        }
        self.collections.merge(&other.collections);
        self.methods.merge(&other.methods);
        self.operations.merge(&other.operations);
        self.ids.merge(&other.ids);
        for (one, other) in self.conditions.iter_mut().zip(&other.conditions) {
            one.merge(other);
        }
        let pairs = [
            (&mut self.matched_patterns, &other.matched_patterns),
            (&mut self.matched_methods, &other.matched_methods),
        ];
        for (ours, theirs) in pairs {
            for (one, other) in ours.iter_mut().zip(theirs) {
                *one |= other;
            }
        }
    }

    /// The stage that lets nothing through, and how many events reach it; `None` if an event passes, or there is none.
    #[must_use]
    pub fn blocking_stage(&self) -> Option<(Stage, u64)> {
        let mut left = self.events;
        let conditions = self.conditions.iter().enumerate();
        let stages = [
            (Stage::Transactions, self.transactions.rejected),
            (Stage::Collections, self.collections.rejected),
            (Stage::Methods, self.methods.rejected),
            (Stage::Operations, self.operations.rejected),
            (Stage::Ids, self.ids.rejected),
        ];
        let conditions = conditions.map(|(at, one)| (Stage::Condition(at), one.rejected));
        for (stage, rejected) in stages.into_iter().chain(conditions) {
            if rejected > 0 && rejected == left {
                return Some((stage, left));
            }
            left = left.saturating_sub(rejected);
        }
        None
    }
}

impl ConditionStats {
    fn merge(&mut self, other: &ConditionStats) {
        self.rejected += other.rejected;
        for (one, other) in self.fields.iter_mut().zip(&other.fields) {
            one.merge(other);
        }
        for ((_, one), (_, other)) in self.properties.iter_mut().zip(&other.properties) {
            one.merge(other);
        }
    }
}

impl FieldStats {
    fn look_up(&mut self, facts: &Facts<'_>) {
        if self.found {
            return;
        }
        let Some(missing) = self.field.missing_in(facts) else {
            self.found = true;
            return;
        };
        if missing.depth < self.depth {
            return;
        }
        if missing.depth > self.depth {
            self.depth = missing.depth;
            self.seen = Names::default();
            self.listed = 0;
        }
        if self.listed >= MAX_LISTED_DOCUMENTS {
            return;
        }
        self.listed += 1;
        let parent = missing
            .parent
            .filter(|parent| parent.first() == Some(&b'{'));
        for (key, _) in parent.into_iter().flat_map(fields) {
            if let Some(name) = unquote(key) {
                self.seen.insert(&name);
            }
        }
    }

    fn merge(&mut self, other: &FieldStats) {
        self.found |= other.found;
        if other.depth > self.depth {
            self.depth = other.depth;
            self.seen = other.seen.clone();
            self.listed = other.listed;
        } else if other.depth == self.depth {
            self.seen.merge(&other.seen);
            self.listed += other.listed;
        }
    }
}

/// The value of a property; `None` for a number, of which there are too many.
fn value_of<'a>(property: Property, facts: &Facts<'a>) -> Option<&'a str> {
    match property {
        Property::Collection => facts.collection,
        Property::Method => facts.method,
        Property::Op => facts.op,
        Property::TxnId => None,
    }
}
