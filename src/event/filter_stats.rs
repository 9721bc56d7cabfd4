//! Statistics of a filter: how many events each stage rejects, and the names that the rejected events have.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::read_envelope_unchecked;
use super::filter::{EarlyRejection, Filter, Stage};
use super::{Event, EventKind};
use crate::condition::{
    ComparedConstant, Condition, Facts, Field, MissingField, Property, json_type,
};
use crate::json::{fields, unquote};

/// Limit of the names that are stored for one stage.
const MAX_NAMES: usize = 1_000;
/// Longer names are not stored.
const MAX_NAME_BYTES: usize = 200;
/// Fields are listed from this many documents without the wanted field: later ones mostly have the same fields.
const MAX_LISTED_DOCUMENTS: u64 = 10_000;

/// Different names, up to a limit, and how often each occurs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The names, sorted, with their counts.
    pub counts: BTreeMap<String, u64>,
    /// Whether there were more names, or longer ones.
    pub more: bool,
}

impl Names {
    /// The names, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.counts.keys().map(String::as_str)
    }

    /// Whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    fn insert(&mut self, name: &str) {
        self.add(name, 1);
    }

    fn add(&mut self, name: &str, count: u64) {
        if let Some(known) = self.counts.get_mut(name) {
            *known += count;
        } else if self.counts.len() >= MAX_NAMES || name.len() > MAX_NAME_BYTES {
            self.more = true;
        } else {
            self.counts.insert(name.to_owned(), count);
        }
    }

    fn merge(&mut self, other: &Names) {
        for (name, count) in &other.counts {
            self.add(name, *count);
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

/// Whether documents have a field, and the values that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldStats {
    /// The field.
    pub field: Field,
    /// The constants with which it is compared.
    pub constants: Vec<ComparedConstant>,
    /// Whether any document has it.
    pub found: bool,
    /// How many steps of its path were found at most.
    pub depth: usize,
    /// The names of the other fields where the next step was looked up.
    pub seen: Names,
    /// The JSON types of its values. Complete, unless each constant has one of these types.
    pub types: BTreeSet<&'static str>,
    /// Its values that are strings, if it is compared with a string for equality.
    pub values: Names,
    /// Number of documents whose fields or values were listed.
    listed: u64,
}

/// What one text rejected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextStats {
    /// Number of events.
    pub rejected: u64,
    /// Number of events that contain the text with other capital letters.
    pub in_other_case: u64,
    /// Number of events whose collection's name contains the text.
    pub in_collection: u64,
    /// Number of events whose JSON contains the text, although none of its keys and values does.
    pub in_syntax: u64,
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
    /// The texts.
    pub texts: Vec<TextStats>,
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
        let conditions = filter.conditions().iter().map(ConditionStats::new);
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
            texts: vec![TextStats::default(); filter.texts().len()],
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
                next.types.clone_from(&known.types);
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
            Stage::Text(index) => self.reject_text(filter, index, event),
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

    fn reject_text(&mut self, filter: &Filter, index: usize, event: &Event<'_>) {
        if let (Some(stats), Some(text)) = (self.texts.get_mut(index), filter.texts().get(index)) {
            stats.rejected += 1;
            // Where a hidden value is, is not told.
            if filter.masks_values() {
                return;
            }
            let collection = event.collection.as_deref();
            let is_in_collection = collection.is_some_and(|name| text.is_in_name(name));
            stats.in_other_case += u64::from(text.is_in_event_in_other_case(event));
            stats.in_collection += u64::from(is_in_collection);
            stats.in_syntax += u64::from(text.is_in_syntax(event));
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
        for (one, other) in self.texts.iter_mut().zip(&other.texts) {
            one.rejected += other.rejected;
            one.in_other_case += other.in_other_case;
            one.in_collection += other.in_collection;
            one.in_syntax += other.in_syntax;
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
        let texts = self.texts.iter().enumerate();
        let texts = texts.map(|(at, one)| (Stage::Text(at), one.rejected));
        for (stage, rejected) in stages.into_iter().chain(conditions).chain(texts) {
            if rejected > 0 && rejected == left {
                return Some((stage, left));
            }
            left = left.saturating_sub(rejected);
        }
        None
    }
}

impl ConditionStats {
    fn new(condition: &Condition) -> ConditionStats {
        let fields = condition.fields().into_iter();
        let properties = condition.properties().into_iter();
        ConditionStats {
            rejected: 0,
            fields: fields
                .map(|field| FieldStats::new(condition, field))
                .collect(),
            properties: properties.map(|one| (one, Names::default())).collect(),
        }
    }

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
    fn new(condition: &Condition, field: Field) -> FieldStats {
        FieldStats {
            constants: condition.constants_of(&field),
            field,
            found: false,
            depth: 0,
            seen: Names::default(),
            types: BTreeSet::new(),
            values: Names::default(),
            listed: 0,
        }
    }

    /// The constants that have no type of the values, so that no comparison with them was true.
    pub fn unlike_constants(&self) -> impl Iterator<Item = &ComparedConstant> {
        let constants = self.constants.iter();
        constants.filter(|constant| !self.types.contains(constant.json_type))
    }

    fn look_up(&mut self, facts: &Facts<'_>) {
        let is_full = self.listed >= MAX_LISTED_DOCUMENTS;
        if self.found
            && self.unlike_constants().next().is_none()
            && (is_full || !self.lists_values())
        {
            return;
        }
        match self.field.find_in(facts) {
            Ok(value) => self.add_value(value),
            Err(missing) => self.add_missing(&missing),
        }
    }

    fn lists_values(&self) -> bool {
        self.constants.iter().any(|one| one.equal_to.is_some())
    }

    fn add_value(&mut self, value: &[u8]) {
        if !self.found {
            self.found = true;
            self.listed = 0;
        }
        if self.constants.is_empty() {
            return;
        }
        let found = json_type(value);
        self.types.insert(found);
        if found == "string" && self.lists_values() && self.listed < MAX_LISTED_DOCUMENTS {
            self.listed += 1;
            if let Some(text) = unquote(value) {
                self.values.insert(&text);
            }
        }
    }

    fn add_missing(&mut self, missing: &MissingField<'_>) {
        if self.found || missing.depth < self.depth {
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
        self.types.extend(&other.types);
        self.values.merge(&other.values);
        match (self.found, other.found) {
            (true, false) => return,
            (false, true) => {
                self.found = true;
                self.listed = other.listed;
                return;
            }
            _ => {}
        }
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
