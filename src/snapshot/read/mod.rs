//! Walks through one collection: counts, reads page after page in the way that the server knows, counts again.
//! Attempts are repeated by `ask`; rows are checked by `rows`; what is in the file is known by `course`.

pub(crate) mod count;
pub mod id_scanner;
pub mod legacy;
pub mod listing;
pub mod page;
pub mod page_size;
pub mod progress;
pub mod queries;
pub mod retrying_client;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use self::legacy::Documents;
use self::page::{Order, Page, Seen};
use self::page_size::{Pace, Size};
use self::progress::{Came, Course, Keeper};
use self::queries::Target;
use self::retrying_client::{Asker, Question, Stop};
use super::document_id::Type;
use super::manifest::{Census, Collection};
use super::write::Store;
use super::write::journal::Past;
use crate::bigpeer::{Answer, ApiError, Kind, Rows};

/// How often a walk by offset begins anew when documents move.
const ATTEMPTS: u32 = 3;
/// In which order the types are read: what needs most of the server comes first, so that it is found out early.
const KINDS: [Type; 5] = [
    Type::Object,
    Type::Array,
    Type::Boolean,
    Type::Integer,
    Type::String,
];

/// What a walk works with.
pub struct Walk<'a> {
    /// Asks the server.
    pub asker: &'a Asker,
    /// What to read.
    pub target: &'a Target,
    /// The largest page that another walk found to work; 0 before the first.
    pub hint: &'a AtomicU64,
    /// Keeps finished pages.
    pub keeper: &'a mut dyn Keeper,
    /// The server knows only the interface before DQL.
    pub legacy: bool,
}

/// Why a way through the collection cannot be gone on.
pub(super) enum Turn {
    /// The run is over.
    Stop(Stop),
    /// The server does not know what the way needs.
    Unknown(ApiError),
    /// This collection cannot be read to its end; others may.
    Fault(String),
    /// Documents moved between two pages by offset.
    Moved,
}

impl From<Stop> for Turn {
    fn from(stop: Stop) -> Self {
        Turn::Stop(stop)
    }
}

/// A page that came well.
struct Read {
    asked: u64,
    documents: u64,
    end_of_overlap: bool,
    answer: Answer,
    last: Option<Vec<u8>>,
    by_type: [u64; 5],
    pace: Pace,
}

impl Walk<'_> {
    /// Reads the collection into the store, or goes on where an earlier run has stopped.
    ///
    /// # Errors
    /// [`Stop`] where the whole run has to end; a collection that cannot be read alone is returned as incomplete.
    pub fn run(mut self, store: Store, past: &Past) -> Result<Collection, Stop> {
        let mut course = Course::new(store);
        let before = match self.before(past) {
            Ok(before) => before,
            Err(Turn::Stop(stop)) => return Err(stop),
            Err(turn) => return Ok(self.failed(course, None, String::new(), turn)),
        };
        let expected = before.as_ref().map_or(0, |census| census.documents);
        self.asker.pulse().begin(&self.target.collection, expected);
        let (way, walked) = self.read(&mut course, before.as_ref(), past);
        if let Err(turn) = walked {
            return match turn {
                Turn::Stop(stop) => Err(stop),
                turn => Ok(self.failed(course, before, way, turn)),
            };
        }
        course.finish().map_err(|error| self.disk(error))?;
        let after = match self.count() {
            Ok(after) => after,
            Err(Turn::Stop(stop)) => return Err(stop),
            Err(_) => None,
        };
        Ok(self.counted(course, way, before, after))
    }

    /// The collection with all its numbers; what they prove is found out when the stream was read.
    fn counted(
        &self,
        course: Course,
        way: String,
        before: Option<Census>,
        after: Option<Census>,
    ) -> Collection {
        // Answers of one transaction need no counts, and the interface before DQL has none.
        let one_cut = course.is_one_cut() && self.legacy;
        let elsewhere = match &before {
            Some(census) if !census.by_type.is_empty() && way.starts_with("keyset") => {
                census.transaction_id
            }
            Some(census) if census.documents == 0 => census.transaction_id,
            _ => course.lowest(),
        };
        let mut collection = course.collection(&self.target.collection, way, elsewhere);
        if one_cut {
            collection.complete = true;
            collection.proof = Some("every answer is of one transaction".to_owned());
        } else if before.is_none() || after.is_none() {
            collection.why_not = vec!["the server did not count the documents".to_owned()];
        }
        (collection.census_before, collection.census_after) = (before, after);
        collection
    }

    /// What there is of a collection that could not be read to its end.
    fn failed(
        &self,
        mut course: Course,
        before: Option<Census>,
        way: String,
        turn: Turn,
    ) -> Collection {
        let why = match turn {
            Turn::Fault(why) => why,
            Turn::Unknown(error) => error.to_string(),
            Turn::Moved => format!("documents moved between pages by offset, {ATTEMPTS} times"),
            Turn::Stop(_) => String::new(),
        };
        // What cannot be flushed is incomplete all the same.
        let flushed = course.finish();
        let mut collection = course.collection(&self.target.collection, way, None);
        collection.why_not = vec![why];
        collection
            .why_not
            .extend(flushed.err().map(|error| error.to_string()));
        collection.census_before = before;
        collection
    }

    /// Goes the best way that the server knows; the way in words.
    fn read(
        &mut self,
        course: &mut Course,
        before: Option<&Census>,
        past: &Past,
    ) -> (String, Result<(), Turn>) {
        if self.legacy {
            return (
                "find by offset, with an overlap".to_owned(),
                self.by_offset(course, before),
            );
        }
        let nothing = before.is_some_and(|census| census.documents == 0);
        let typed = before.filter(|census| !census.by_type.is_empty());
        if nothing {
            return ("nothing to read".to_owned(), Ok(()));
        }
        if let Some(census) = typed {
            let walked = self.by_key(course, census, past);
            if !matches!(walked, Err(Turn::Unknown(_))) {
                return ("keyset by type of id".to_owned(), walked);
            }
        }
        let walked = self.again(course).and_then(|()| self.whole(course, before));
        if !matches!(walked, Err(Turn::Unknown(_))) {
            return ("one query without a limit".to_owned(), walked);
        }
        (
            "by offset, with an overlap".to_owned(),
            self.by_offset(course, before),
        )
    }

    /// Begins the collection anew.
    fn again(&mut self, course: &mut Course) -> Result<(), Turn> {
        let started = course.pages > 0;
        let taken_back = self
            .keeper
            .again(&mut course.store)
            .map_err(|error| self.disk(error))?;
        if started && !taken_back {
            return Err(Turn::Fault("its documents cannot be read in the way that was begun, and those on standard output cannot be taken back: use --output DIR".to_owned()));
        }
        let documents = &self.asker.pulse().documents;
        course.reset(documents).map_err(|error| self.disk(error))?;
        Ok(())
    }

    fn by_key(&mut self, course: &mut Course, census: &Census, past: &Past) -> Result<(), Turn> {
        course.replay(past, &self.asker.pulse().documents);
        let hint = Some(self.hint.load(Ordering::Relaxed)).filter(|hint| *hint > 0);
        let mut size = Size::new(hint, course.store.enough());
        for kind in KINDS {
            let expected = census.by_type.get(kind.name()).copied().unwrap_or(0);
            let of_kind =
                |page: &&super::write::journal::Page| page.kind.as_deref() == Some(kind.name());
            let done = past.pages.iter().rfind(of_kind);
            if expected == 0 || done.is_some_and(|page| page.end) {
                continue;
            }
            course.last = done
                .and_then(|page| page.last.clone())
                .map(String::into_bytes);
            course.order = Order::Keyset(kind);
            self.of_type(course, &mut size, kind, expected)?;
        }
        Ok(())
    }

    fn of_type(
        &mut self,
        course: &mut Course,
        size: &mut Size,
        kind: Type,
        expected: u64,
    ) -> Result<(), Turn> {
        let mut short = None;
        loop {
            let target = self.target;
            let page = self.page(course, size, false, &|limit, last| {
                Question::Dql(target.page(kind, last, limit))
            })?;
            // Fewer than were asked for are the end only where as many were counted: the server may cut pages.
            let all = course.of_type(kind) + page.documents >= expected;
            let end = page.documents == 0 || (page.documents < page.asked && all);
            if page.documents < page.asked && !end && page.documents > 0 {
                if short == Some(page.documents) {
                    size.cut_at(page.documents);
                }
                short = Some(page.documents);
            } else if page.documents == page.asked {
                size.full(page.answer.bytes, page.pace);
            }
            self.hint.fetch_max(size.good(), Ordering::Relaxed);
            let last = page.last.clone().or_else(|| course.last.clone());
            self.keep(course, &page, Some(kind), last, end)?;
            if end {
                return Ok(());
            }
        }
    }

    fn whole(&mut self, course: &mut Course, before: Option<&Census>) -> Result<(), Turn> {
        course.order = Order::Seen(Box::<Seen>::default());
        // A size that cannot shrink: there is only one page.
        let mut size = Size::new(Some(1), course.store.enough());
        let target = self.target;
        let page = self.page(course, &mut size, false, &|_, _| {
            Question::Dql(target.whole())
        });
        let page = match page {
            Ok(page) => page,
            // Too much at once: in parts, then.
            Err(Turn::Fault(why)) => {
                return Err(Turn::Unknown(ApiError::new(Kind::TooLarge, why)));
            }
            // Nothing is simpler: what the server refuses here is the user's condition.
            Err(Turn::Unknown(error)) => {
                let doing = format!("reading the collection {}", self.target.collection);
                return Err(Stop::Api(doing, error).into());
            }
            Err(turn) => return Err(turn),
        };
        if before.is_some_and(|census| page.documents < census.documents) {
            let why = "the server cut the result";
            return Err(Turn::Unknown(ApiError::new(Kind::TooLarge, why)));
        }
        self.keep(course, &page, None, page.last.clone(), true)
    }

    fn by_offset(&mut self, course: &mut Course, before: Option<&Census>) -> Result<(), Turn> {
        for _ in 0..ATTEMPTS {
            self.again(course)?;
            match self.once_by_offset(course, before) {
                Err(Turn::Moved) => {}
                other => return other,
            }
        }
        Err(Turn::Moved)
    }

    fn once_by_offset(&mut self, course: &mut Course, before: Option<&Census>) -> Result<(), Turn> {
        course.order = Order::Seen(Box::<Seen>::default());
        let mut size = Size::new(None, course.store.enough());
        loop {
            let done = course.documents();
            let overlap = u64::from(done > 0);
            let (target, legacy) = (self.target, self.legacy);
            let page = self.page(course, &mut size, overlap > 0, &|limit, _| {
                let (limit, offset) = (limit + overlap, done - overlap);
                if legacy {
                    Question::Find(legacy::find(target, limit, offset))
                } else {
                    Question::Dql(target.offset(limit, offset))
                }
            })?;
            if page.end_of_overlap {
                return Err(Turn::Moved);
            }
            let all = before.is_some_and(|census| done + page.documents >= census.documents);
            let end = page.documents == 0 || (page.documents < page.asked && all);
            if page.documents == page.asked {
                size.full(page.answer.bytes, page.pace);
            }
            let last = page.last.clone().or_else(|| course.last.clone());
            self.keep(course, &page, None, last, end)?;
            if end {
                return Ok(());
            }
        }
    }

    /// One page, asked for until it is there.
    fn page(
        &mut self,
        course: &mut Course,
        size: &mut Size,
        overlap: bool,
        question: &dyn Fn(u64, Option<&str>) -> Question,
    ) -> Result<Read, Turn> {
        let doing = format!("reading the collection {}", self.target.collection);
        let mut attempts = self.asker.attempts();
        loop {
            let last = course.last.as_deref().map(String::from_utf8_lossy);
            let asked = size.now();
            let question = question(asked, last.as_deref());
            let counter = &self.asker.pulse().documents;
            let mut page = Page::new(
                &mut course.store,
                &mut course.order,
                counter,
                course.last.clone(),
                overlap,
            );
            let asking = Instant::now();
            let answered = match &question {
                Question::Dql(_) => self.asker.once(&question, &attempts, &mut page),
                Question::Find(_) => self.asker.once(
                    &question,
                    &attempts,
                    &mut Documents::new(&mut page as &mut dyn Rows),
                ),
            };
            let error = match answered {
                Ok(answer) => {
                    let took = asking.elapsed();
                    let wait = page.first.map_or(took, |first| first - asking);
                    return Ok(Read {
                        asked,
                        pace: Pace { wait, took },
                        documents: page.documents,
                        end_of_overlap: page.overlap,
                        last: page.last.take().filter(|_| page.documents > 0),
                        by_type: page.by_type,
                        answer,
                    });
                }
                Err(error) => error,
            };
            let fault = page.fault.take();
            page.forget().map_err(|error| self.disk(error))?;
            self.after_error(&doing, error, fault, size, overlap, &mut attempts)?;
        }
    }

    /// Decides whether a page is asked for again, and how much of it.
    fn after_error(
        &self,
        doing: &str,
        error: ApiError,
        fault: Option<String>,
        size: &mut Size,
        overlap: bool,
        attempts: &mut self::retrying_client::Attempts,
    ) -> Result<(), Turn> {
        match (fault, error.kind) {
            (Some(_), _) if overlap => Err(Turn::Moved),
            (Some(why), _) => Err(Turn::Fault(why)),
            (None, Kind::Sink(error)) => Err(self.disk(error).into()),
            (None, kind) => {
                let error = ApiError { kind, ..error };
                if error.is_unknown_to_server() {
                    return Err(Turn::Unknown(error));
                }
                if matches!(error.kind, Kind::Forbidden) {
                    return Err(Turn::Fault(error.to_string()));
                }
                let smaller = error.wants_less() && size.too_large();
                if matches!(error.kind, Kind::TooLarge) {
                    return if smaller {
                        Ok(())
                    } else {
                        Err(Turn::Fault(error.to_string()))
                    };
                }
                Ok(self.asker.recover(doing, &self.probe(), error, attempts)?)
            }
        }
    }

    fn keep(
        &mut self,
        course: &mut Course,
        page: &Read,
        kind: Option<Type>,
        last: Option<Vec<u8>>,
        end: bool,
    ) -> Result<(), Turn> {
        let came = Came {
            kind,
            by_type: page.by_type,
            last,
            transaction_id: page.answer.transaction_id,
            end,
        };
        let kept = course
            .take(&came)
            .and_then(|line| self.keeper.kept(&mut course.store, &line));
        Ok(kept.map_err(|error| self.disk(error))?)
    }

    pub(super) fn disk(&self, error: io::Error) -> Stop {
        Stop::Disk(
            format!("writing the collection {}", self.target.collection),
            error,
        )
    }
}
