//! The view's options, and an event with its diff.

use std::cell::OnceCell;

use super::clock::WallClock;
use super::styles::Styles;
use crate::diff::{Diff, Options};
use crate::event::Event;
use crate::record::options::Format;

/// The format and options of the output.
#[derive(Debug, Clone)]
pub struct View {
    /// The format.
    pub format: Format,
    /// Styles by role; empty without colour.
    pub styles: Styles,
    /// Whether `pretty` is coloured (it has its own colours).
    pub coloured: bool,
    /// The output is a terminal: dangerous characters are escaped in every format.
    pub terminal: bool,
    /// Width of the terminal in columns.
    pub width: Option<usize>,
    /// Formats times.
    pub clock: WallClock,
    /// Which changes to show, and how.
    pub diff: Options,
}

/// An event with its diff, computed on first use.
pub(super) struct EventDiff<'e, 'a> {
    pub event: &'e Event<'a>,
    diff: OnceCell<Diff<'a>>,
}

impl<'e, 'a> EventDiff<'e, 'a> {
    pub fn new(event: &'e Event<'a>) -> Self {
        EventDiff {
            event,
            diff: OnceCell::new(),
        }
    }

    pub fn diff(&self, options: &Options) -> &Diff<'a> {
        self.diff
            .get_or_init(|| Diff::from_event(self.event, options))
    }
}
