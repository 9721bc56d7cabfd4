//! For each field of a document, the version that last changed it.
//!
//! A version changes a field if its diff names the field or something around it. Elements of arrays are followed as the diff
//! aligns them: what moves only because an element is inserted before it is not changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::diff::path::Step;
use crate::diff::{Change, ChangeKind, Diff, Options};
use crate::json::{Item, items, unescaped};

/// What last changed a field, in the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Something before the first event.
    BeforeFirst,
    /// A change that is missing before this version.
    Missing(usize),
    /// This version.
    Version(usize),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    /// A name, unescaped.
    Name(Vec<u8>),
    Index(u32),
}

type Path = Vec<Segment>;

/// A scalar or an empty container.
pub(super) struct Leaf<'a> {
    /// Its path; indices of elements are both the old and the new one.
    pub steps: Vec<Step<'a>>,
    pub value: &'a [u8],
}

/// The origins of all fields of a document.
#[derive(Debug, Default)]
pub(super) struct FieldOrigins {
    origins: HashMap<Path, Origin>,
}

impl FieldOrigins {
    /// All fields of a document have one origin.
    pub fn set_all(&mut self, document: Option<&[u8]>, origin: Origin) {
        let leaves = document.into_iter().flat_map(leaves);
        self.origins = leaves.map(|leaf| (path_of(&leaf.steps), origin)).collect();
    }

    /// The document changes.
    pub fn apply(
        &mut self,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
        origin: Origin,
        options: &Options,
    ) {
        let (Some(before), Some(after)) = (before, after) else {
            return self.set_all(after, origin);
        };
        let diff = Diff::between(before, after, options);
        let mut alignment = Alignment::new(&diff, options.strict);
        let moved = leaves(after).map(|leaf| {
            let path = path_of(&leaf.steps);
            let old = alignment.old_path(&path);
            let known = old.and_then(|old| self.origins.get(&old).copied());
            (path, known.unwrap_or(origin))
        });
        self.origins = moved.collect();
    }

    /// The origin of a field.
    pub fn of(&self, leaf: &Leaf<'_>) -> Origin {
        let origin = self.origins.get(&path_of(&leaf.steps));
        origin.copied().unwrap_or(Origin::BeforeFirst)
    }
}

/// Where values of a new document are in the old one.
struct Alignment {
    /// Paths in the new document whose values are new.
    changed: HashSet<Path>,
    /// Arrays of the new document whose elements have other indices in the old one.
    arrays: HashMap<Path, Elements>,
}

/// How the elements of an array are aligned.
#[derive(Default)]
struct Elements {
    /// Old indices without an element at the same place in the order.
    removed: BTreeSet<u32>,
    /// New indices without one.
    added: BTreeSet<u32>,
    /// Moved elements: new index to old index.
    moved: BTreeMap<u32, u32>,
    /// The old indices of the first elements.
    old_of_new: Vec<Option<u32>>,
    next_old: u32,
}

impl Alignment {
    fn new(diff: &Diff<'_>, is_strict: bool) -> Alignment {
        let mut alignment = Alignment {
            changed: HashSet::new(),
            arrays: HashMap::new(),
        };
        let mut steps = Vec::new();
        for change in &diff.changes {
            diff.path(change, &mut steps);
            alignment.add(change, &steps, is_strict);
        }
        alignment
    }

    fn add(&mut self, change: &Change<'_>, steps: &[Step<'_>], is_strict: bool) {
        if let Some((last @ (Step::Old { .. } | Step::New { .. }), parents)) = steps.split_last() {
            let elements = self.arrays.entry(path_of(parents)).or_default();
            elements.add(*last, change.kind);
        }
        let is_new = match change.kind {
            ChangeKind::Added | ChangeKind::Changed => true,
            ChangeKind::Respelled => is_strict,
            ChangeKind::Removed | ChangeKind::Moved { .. } | ChangeKind::MovedAway => false,
        };
        if is_new {
            self.changed.insert(path_of(steps));
        }
    }

    /// The path in the old document; `None` if the value is new.
    fn old_path(&mut self, path: &Path) -> Option<Path> {
        let mut old = Path::with_capacity(path.len());
        let mut new = Path::with_capacity(path.len());
        if self.changed.contains(&new) {
            return None;
        }
        for segment in path {
            let elements = self.arrays.get_mut(&new);
            old.push(match (segment, elements) {
                (Segment::Index(at), Some(elements)) => Segment::Index(elements.old_index(*at)?),
                _ => segment.clone(),
            });
            new.push(segment.clone());
            if self.changed.contains(&new) {
                return None;
            }
        }
        Some(old)
    }
}

impl Elements {
    fn add(&mut self, step: Step<'_>, kind: ChangeKind) {
        match (step, kind) {
            (Step::Old { at }, _) => {
                self.removed.insert(at);
            }
            (Step::New { at, .. }, ChangeKind::Moved { from }) => {
                self.moved.insert(at, from);
            }
            (Step::New { at, .. }, _) => {
                self.added.insert(at);
            }
            (Step::Key(_) | Step::Both { .. }, _) => {}
        }
    }

    fn old_index(&mut self, new: u32) -> Option<u32> {
        while self.old_of_new.len() <= new as usize {
            let at = u32::try_from(self.old_of_new.len()).ok()?;
            let old = if let Some(from) = self.moved.get(&at) {
                Some(*from)
            } else if self.added.contains(&at) {
                None
            } else {
                while self.removed.contains(&self.next_old) {
                    self.next_old += 1;
                }
                self.next_old += 1;
                Some(self.next_old - 1)
            };
            self.old_of_new.push(old);
        }
        self.old_of_new.get(new as usize).copied().flatten()
    }
}

fn path_of(steps: &[Step<'_>]) -> Path {
    let segment = |step: &Step<'_>| match *step {
        Step::Key(key) => Segment::Name(unescaped(key).into_owned()),
        Step::Both { new: at, .. } | Step::New { at, .. } | Step::Old { at } => Segment::Index(at),
    };
    steps.iter().map(segment).collect()
}

/// The fields of a document, in its order. Without recursion, because documents can have any depth.
pub(super) fn leaves(document: &[u8]) -> impl Iterator<Item = Leaf<'_>> {
    let mut found = Vec::new();
    let mut open: Vec<(u32, Box<dyn Iterator<Item = Item<'_>> + '_>)> = Vec::new();
    let mut steps = Vec::new();
    let mut value = Some(document.trim_ascii());
    loop {
        if let Some(json) = value.take() {
            let mut inner = items(json).peekable();
            if inner.peek().is_some() {
                open.push((0, Box::new(inner)));
            } else {
                let steps_of_leaf: Vec<Step<'_>> = steps.clone();
                found.push(Leaf {
                    steps: steps_of_leaf,
                    value: json,
                });
                steps.pop();
            }
        }
        let Some((index, iterator)) = open.last_mut() else {
            break;
        };
        if let Some(item) = iterator.next() {
            let at = *index;
            *index += 1;
            steps.push(item.key.map_or(Step::Both { old: at, new: at }, Step::Key));
            value = Some(item.value);
        } else {
            open.pop();
            steps.pop();
        }
    }
    found.into_iter()
}
