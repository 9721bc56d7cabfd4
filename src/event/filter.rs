//! Which events a person wants to see, decided from as few bytes as possible.
//! What conditions (`--where`, `--changed`) mean is told by `condition`; here is only when they are asked.

use globset::{Glob, GlobMatcher};

use super::decode::{Envelope, Stopped, glance, kind, peek};
use super::id::Wanted;
use super::{Event, Kind, Op, TxnId, Unreadable};
use crate::condition::{Condition, Facts};
use crate::json::unquote;

/// What the user asked for, as typed. Empty lists ask for everything.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Patterns of collection names; `!name` excludes. Case counts, `*` matches `/` too, `?` is one byte.
    pub collections: Vec<String>,
    /// Literal values of `change.method`.
    pub methods: Vec<String>,
    /// What really happened.
    pub ops: Vec<Op>,
    /// Document ids: a text, or JSON for ids of other kinds.
    pub ids: Vec<String>,
    /// What an event has to meet, all of it.
    pub conditions: Vec<Condition>,
    /// Hide `requeryRequired` too, which otherwise passes every filter.
    pub no_control: bool,
    /// Only transactions behind this one. Events without a number are shown.
    pub above: Option<u64>,
    /// Only transactions up to this one. Events without a number are shown.
    pub up_to: Option<u64>,
}

/// A collection pattern that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadGlob {
    /// The pattern as typed.
    pub glob: String,
    /// What is wrong with it.
    pub why: String,
}

/// A compiled [`Wish`].
#[derive(Debug, Clone)]
pub struct Filter {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    methods: Vec<String>,
    ops: Vec<Op>,
    ids: Vec<Wanted>,
    conditions: Vec<Condition>,
    keep_control: bool,
    above: Option<u64>,
    up_to: Option<u64>,
}

/// What a filter says of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// An event that is wanted; all of it was checked.
    Shown(Event<'a>),
    /// An event that is not wanted; it was read no further than needed to know that.
    Hidden,
    /// Not an event. No filter hides these.
    Unreadable(Unreadable),
}

impl Filter {
    /// Compiles what the user asked for.
    ///
    /// # Errors
    /// [`BadGlob`] for the first pattern that cannot be understood.
    pub fn new(wish: &Wish) -> Result<Self, BadGlob> {
        let (exclude, include): (Vec<_>, Vec<_>) = wish
            .collections
            .iter()
            .partition(|glob| glob.starts_with('!'));
        let patterns = |globs: Vec<&String>| -> Result<Vec<_>, BadGlob> {
            globs.into_iter().map(|glob| Pattern::new(glob)).collect()
        };
        Ok(Filter {
            include: patterns(include)?,
            exclude: patterns(exclude)?,
            methods: wish.methods.clone(),
            ops: wish.ops.clone(),
            ids: wish.ids.iter().map(|id| Wanted::new(id)).collect(),
            conditions: wish.conditions.clone(),
            keep_control: !wish.no_control,
            above: wish.above,
            up_to: wish.up_to,
        })
    }

    /// Decides on a payload.
    ///
    /// A payload is hidden as soon as its `type` and a `collection` or `method` that is not wanted have been seen, or
    /// enough to refute a condition; of the rest it is then only checked that it ends with a brace. What is shown was checked to the last byte.
    #[must_use]
    pub fn judge<'a>(&self, payload: Option<&'a [u8]>) -> Verdict<'a> {
        let Some(raw) = payload else {
            return Verdict::Unreadable(Unreadable::Empty);
        };
        let closed = raw.trim_ascii_end().last() == Some(&b'}');
        if closed && !self.conditions.is_empty() && self.hides_at_a_glance(raw) {
            return Verdict::Hidden;
        }
        let (mut rejection, decides) = (Rejection::new(self), closed && self.can_hide());
        let event = match peek(raw, |envelope| decides && rejection.is_certain(envelope)) {
            Ok(envelope) => envelope.event(raw),
            Err(Stopped::Enough) => return Verdict::Hidden,
            Err(Stopped::Flaw(flaw)) => Err(flaw),
        };
        match event {
            Ok(event) if self.shows(&event) => Verdict::Shown(event),
            Ok(_) => Verdict::Hidden,
            Err(unreadable) => Verdict::Unreadable(unreadable),
        }
    }

    /// Whether [`Filter::judge`] would hide a payload because of its first fields: `true` is certain, `false` says
    /// nothing. Reads no further than the envelope's fields, and nothing where they cannot decide.
    #[must_use]
    pub fn hides_early(&self, payload: Option<&[u8]>) -> bool {
        let Some(raw) = payload.filter(|_| self.asks_for_envelope()) else {
            return false;
        };
        let closed = raw.trim_ascii_end().last() == Some(&b'}');
        let mut rejection = Rejection::new(self);
        let mut hidden = false;
        let _stopped = peek(raw, |envelope| {
            hidden = closed && rejection.is_certain(envelope);
            hidden || rejection.has_seen_all(envelope)
        });
        hidden
    }

    /// Whether a collection or a method can be unwanted.
    fn asks_for_envelope(&self) -> bool {
        let limits = self.above.or(self.up_to);
        !(self.include.is_empty()
            && self.exclude.is_empty()
            && self.methods.is_empty()
            && limits.is_none())
    }

    /// Whether anything can be unwanted before all of it was read.
    fn can_hide(&self) -> bool {
        self.asks_for_envelope() || !self.conditions.is_empty() || !self.keep_control
    }

    /// Whether a payload is not wanted if it is JSON: conditions on documents are decided before anything is checked,
    /// since most events do not meet them.
    fn hides_at_a_glance(&self, raw: &[u8]) -> bool {
        let mut rejection = Rejection::new(self);
        match glance(raw, |envelope| rejection.is_certain(envelope)) {
            Some(Ok(envelope)) => envelope.event(raw).is_ok_and(|event| !self.shows(&event)),
            Some(Err(_)) => true,
            None => false,
        }
    }

    /// Whether an event that was decoded already is wanted. Agrees with [`Filter::judge`].
    #[must_use]
    pub fn shows(&self, event: &Event<'_>) -> bool {
        if self.lies_outside(event.txn_id) {
            return false;
        }
        if event.kind == Kind::RequeryRequired {
            return self.keep_control;
        }
        self.wants_collection(event.collection.as_deref())
            && self.wants_method(event.method.as_deref())
            && (self.ops.is_empty() || self.ops.contains(&event.op()))
            && (self.ids.is_empty()
                || event
                    .id()
                    .is_some_and(|id| self.ids.iter().any(|wanted| wanted.is(id))))
            && self.meets_conditions(event)
    }

    /// Whether a transaction is one that was not asked for: a place in the stream, so that it holds for gaps as well.
    fn lies_outside(&self, txn_id: Option<TxnId>) -> bool {
        txn_id.is_some_and(|txn| {
            self.above.is_some_and(|above| txn.0 <= above)
                || self.up_to.is_some_and(|up_to| txn.0 > up_to)
        })
    }

    fn meets_conditions(&self, event: &Event<'_>) -> bool {
        self.conditions.is_empty() || {
            let facts = event.facts();
            self.conditions
                .iter()
                .all(|condition| condition.holds(&facts))
        }
    }

    /// An event without a collection is not in any that was asked for, and in none that was excluded.
    fn wants_collection(&self, name: Option<&str>) -> bool {
        let in_any = |patterns: &[Pattern]| {
            name.is_some_and(|name| patterns.iter().any(|one| one.matches(name)))
        };
        (self.include.is_empty() || in_any(&self.include)) && !in_any(&self.exclude)
    }

    fn wants_method(&self, name: Option<&str>) -> bool {
        self.methods.is_empty()
            || name.is_some_and(|name| self.methods.iter().any(|method| method == name))
    }
}

/// Decides while a payload is being read; each answer is found once.
struct Rejection<'f> {
    filter: &'f Filter,
    collection: Option<bool>,
    method: Option<bool>,
    /// How many fields had been seen when the conditions were asked, and what they said.
    refuted: Option<(usize, bool)>,
}

impl<'f> Rejection<'f> {
    fn new(filter: &'f Filter) -> Self {
        Rejection {
            filter,
            collection: None,
            method: None,
            refuted: None,
        }
    }

    fn is_certain(&mut self, seen: &Envelope<'_>) -> bool {
        let filter = self.filter;
        if (filter.above.or(filter.up_to).is_some()) && filter.lies_outside(seen.txn_id()) {
            return seen.kind.and_then(kind).is_some();
        }
        // Values that are not text are left to the decision on the whole event.
        let ask = |known: &mut Option<bool>, raw: Option<&[u8]>, wanted: &dyn Fn(&str) -> bool| {
            let raw = raw.filter(|_| known.is_none());
            if let Some(text) = raw.and_then(unquote) {
                *known = Some(wanted(&text));
            }
            *known == Some(false)
        };
        let unwanted = ask(&mut self.collection, seen.collection, &|name| {
            filter.wants_collection(Some(name))
        }) || ask(&mut self.method, seen.method, &|name| {
            filter.wants_method(Some(name))
        }) || self.is_refuted(seen);
        match seen
            .kind
            .filter(|_| unwanted || !filter.keep_control)
            .and_then(kind)
        {
            Some(Kind::RequeryRequired) => !filter.keep_control,
            Some(_) => unwanted,
            None => false,
        }
    }

    /// Whether the fields that can make it certain have all been there.
    fn has_seen_all(&self, seen: &Envelope<'_>) -> bool {
        let filter = self.filter;
        let collection = filter.include.is_empty() && filter.exclude.is_empty();
        seen.kind.is_some()
            && (collection || seen.collection.is_some())
            && (filter.methods.is_empty() || seen.method.is_some())
            && (filter.above.or(filter.up_to).is_none() || seen.txn_id().is_some())
    }

    /// Whether a condition is refuted; asked anew only when more has been seen.
    fn is_refuted(&mut self, seen: &Envelope<'_>) -> bool {
        if self.filter.conditions.is_empty() {
            return false;
        }
        let txn_id = seen.txn_id();
        let parts = [
            seen.collection.is_some(),
            seen.method.is_some(),
            txn_id.is_some(),
        ];
        let count = parts.into_iter().filter(|part| *part).count();
        match self.refuted {
            Some((before, refuted)) if refuted || before == count => return refuted,
            _ => {}
        }
        let (collection, method) = (
            seen.collection.and_then(unquote),
            seen.method.and_then(unquote),
        );
        let facts = Facts {
            collection: collection.as_deref(),
            method: method.as_deref(),
            txn_id: txn_id.map(|id| id.0),
            ..Facts::default()
        };
        let mut conditions = self.filter.conditions.iter();
        let refuted = conditions.any(|condition| condition.fails_early(&facts));
        self.refuted = Some((count, refuted));
        refuted
    }
}

/// A pattern of collection names. Plain names are compared as they are, which is many times faster.
#[derive(Debug, Clone)]
enum Pattern {
    Name(String),
    Glob(GlobMatcher),
}

impl Pattern {
    fn new(typed: &str) -> Result<Self, BadGlob> {
        let glob = typed.strip_prefix('!').unwrap_or(typed);
        if !glob.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Ok(Pattern::Name(glob.to_owned()));
        }
        match Glob::new(glob) {
            Ok(glob) => Ok(Pattern::Glob(glob.compile_matcher())),
            Err(error) => Err(BadGlob {
                glob: typed.to_owned(),
                why: error.kind().to_string(),
            }),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Pattern::Name(wanted) => wanted == name,
            Pattern::Glob(glob) => glob.is_match(name),
        }
    }
}
