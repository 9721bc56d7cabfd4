//! The view's options, and an event with its diff.

use std::cell::OnceCell;
use std::sync::Arc;

use super::clock::WallClock;
use super::debezium::Inexpressible;
use super::styles::Styles;
use super::template::Template;
use crate::diff::{Diff, Options};
use crate::event::Event;
use crate::record::options::Format;

/// How events are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputFormat {
    /// A format with a name.
    Named(Format),
    /// One line for each event, as the template says.
    Template(Arc<Template>),
}

impl OutputFormat {
    /// Whether the format is for people: it shows gaps as lines of its own.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        matches!(self, OutputFormat::Named(format) if format.is_for_people())
    }

    /// Whether the format can express changes of documents only: a gap in the stream cannot be in the output.
    #[must_use]
    pub fn has_changes_only(&self) -> bool {
        matches!(self, OutputFormat::Named(format) if format.has_changes_only())
    }
}

impl From<Format> for OutputFormat {
    fn from(format: Format) -> Self {
        OutputFormat::Named(format)
    }
}

/// What a view does with an event.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutput {
    /// It was appended.
    Shown,
    /// The options hide all of its changes.
    Hidden,
    /// The format cannot express it.
    Inexpressible(Inexpressible),
}

/// The format and options of the output.
#[derive(Debug, Clone)]
pub struct View {
    /// The format.
    pub format: OutputFormat,
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
