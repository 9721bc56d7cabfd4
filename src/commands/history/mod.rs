//! `history`: the versions of one document, from a topic, captures or a mirror.

mod as_of;
mod blame;
mod coverage;
mod document_reader;
mod field_origins;
mod log;
mod mirror;
mod moment;
mod survey;
mod timeline;
mod wanted;

#[cfg(test)]
mod tests;

use self::as_of::AsOf;
use self::blame::Blame;
use self::document_reader::{DocumentReader, VersionSink};
use self::log::Log;
use self::mirror::MirrorDocument;
use self::moment::Moment;
use self::survey::Survey;
use self::wanted::Wanted;
use super::Context;
use super::pager;
use super::read_source::{TopicRead, read_to_end, read_topic, report};
use super::tail;
use super::tail::plan::{Plan, SharedArgs, TypedTimeLimits};
use crate::capture::{MergedCaptures, OrderedCapture};
use crate::cli::{self, OnGap, PositionRange};
use crate::diff::redact::redacts_id;
use crate::record::position::Position;
use crate::util::env::Env;
use crate::util::exit::Exit;
use crate::util::sqlite_file::is_sqlite;
use crate::util::text::plural;
use crate::view::{Format, OutputFormat};

/// A history to read.
struct Request<'a> {
    typed: &'a cli::History,
    plan: Plan,
    wanted: Wanted,
}

/// Runs the command.
pub fn run(typed: &cli::History, context: &mut Context<'_>) -> Exit {
    let plan = match plan(typed, context.env) {
        Ok(plan) => plan,
        Err(why) => return context.usage_error("history", &why),
    };
    for note in &plan.notes {
        context.out.note(note);
    }
    let request = Request {
        typed,
        plan,
        wanted: Wanted::new(&typed.collection, &typed.id),
    };
    match &typed.at {
        Some(at) => match Moment::parse(at, context.env) {
            Ok(moment) => request.print_as_of(moment, context),
            Err(why) => context.usage_error("history", &why),
        },
        None if typed.blame => request.blame(context),
        None => request.log(context),
    }
}

fn plan(typed: &cli::History, env: &Env) -> Result<Plan, String> {
    if typed.collection.trim().is_empty() || typed.id.is_empty() {
        return Err("the collection or the id is empty".to_owned());
    }
    let range = PositionRange {
        from: typed.from.clone(),
        until: typed.until.clone(),
        ..PositionRange::default()
    };
    let filter = cli::Filter {
        ops: typed.filter.ops.clone(),
        conditions: typed.filter.conditions.clone(),
        texts: typed.filter.texts.clone(),
        changed: typed.filter.changed.clone(),
        ..cli::Filter::default()
    };
    let shared = SharedArgs {
        filter: &filter,
        range: &range,
        time_limits: TypedTimeLimits::default(),
        format: typed.format.clone().unwrap_or(Format::Diff.into()),
        changes: &typed.changes,
        inputs: typed.files.clone(),
        on_gap: Some(OnGap::Mark),
        has_state: false,
    };
    let mut plan = shared.plan(env)?;
    if plan.format.has_changes_only() {
        return Err("--format debezium is for tail, diff and requery: it cannot express what is missing in a history".to_owned());
    }
    if typed.blame
        && !matches!(
            plan.format,
            OutputFormat::Named(Format::Diff | Format::Json)
        )
    {
        return Err("--blame has the formats diff and json".to_owned());
    }
    if plan.snapshot.is_some() {
        return Err(
            "--from with a requery folder is for tail; a snapshot has no history".to_owned(),
        );
    }
    if let Some(folder) = typed.files.iter().find(|path| path.is_dir()) {
        return Err(format!(
            "{} is a folder: a snapshot has no history; name captures, or no file for the topic",
            folder.display()
        ));
    }
    if let Some(mirror) = typed.files.iter().find(|path| is_sqlite(path))
        && typed.files.len() > 1
    {
        return Err(format!(
            "{} is a SQLite database: a mirror has a history of its own, which is read without other files",
            mirror.display()
        ));
    }
    if matches!(plan.from, Position::Back(_)) && !typed.files.is_empty() {
        return Err(
            "--from -N: the end of a capture is not known in advance; use a time or offsets"
                .to_owned(),
        );
    }
    if typed.from.is_none() {
        plan.from = Position::Beginning;
    }
    plan.until = plan.until.or(Some(Position::End));
    Ok(plan)
}

impl Request<'_> {
    /// Prints the versions.
    fn log(&self, context: &mut Context<'_>) -> Exit {
        if !self.typed.no_pager {
            pager::start(context);
        }
        let new_sink = |context: &Context<'_>| {
            let view = tail::view(&self.plan, context);
            Log::new(
                view,
                &self.plan.filter,
                self.typed.reverse,
                self.typed.limit,
            )
        };
        let (mut reader, read) = self.read(&new_sink, context);
        let written = reader.sink.finish(context.out);
        context.out.end_pager();
        match read.and(written) {
            Err(Exit::Interrupted) => {
                let summary = reader.sink.counts.summary();
                context.out.note(&format!("interrupted: {summary} so far"));
                return Exit::Interrupted;
            }
            Err(exit) if exit != Exit::Success => return exit,
            Ok(()) | Err(_) => {}
        }
        if !reader.is_found() {
            return self.report_not_found(&reader, context);
        }
        self.report_log(&reader, context)
    }

    /// Prints the document as it was at a moment.
    fn print_as_of(&self, moment: Moment, context: &mut Context<'_>) -> Exit {
        let (reader, read) = self.read(&|_| AsOf::new(moment, &self.plan.diff.redact), context);
        if let Err(exit) = read {
            return exit;
        }
        if !reader.is_found() {
            self.report_not_found(&reader, context);
            return Exit::NoDocument;
        }
        let view = tail::view(&self.plan, context);
        let exit = reader.sink.print(&reader.coverage, &view, context.out);
        self.note_both(reader.versions, context);
        self.note_cut(&reader, context);
        self.exit_of_redaction(exit, context)
    }

    /// Prints the version that last changed each field.
    fn blame(&self, context: &mut Context<'_>) -> Exit {
        if !self.typed.no_pager {
            pager::start(context);
        }
        let view = tail::view(&self.plan, context);
        let (mut reader, read) = self.read(&|_| Blame::new(view.clone()), context);
        let exit = match read {
            Ok(()) if reader.is_found() => reader.sink.print(context.out),
            Ok(()) => Exit::NoDocument,
            Err(exit) => exit,
        };
        context.out.end_pager();
        if read.is_err() {
            return exit;
        }
        if !reader.is_found() {
            self.report_not_found(&reader, context);
            return exit;
        }
        self.note_both(reader.versions, context);
        self.note_cut(&reader, context);
        self.exit_of_redaction(exit, context)
    }

    /// A path of `--redact` that no document has is a mistake: values may be shown that were to be hidden.
    fn exit_of_redaction(&self, exit: Exit, context: &mut Context<'_>) -> Exit {
        if self.plan.paths.report(context.out) && exit == Exit::Success {
            return Exit::Failed;
        }
        exit
    }

    fn report_log(&self, reader: &DocumentReader<'_, Log<'_>>, context: &mut Context<'_>) -> Exit {
        let counts = &reader.sink.counts;
        if counts.has_exceptions() || counts.shown < counts.versions || context.out.stderr_terminal
        {
            context.out.note(&counts.summary());
        }
        self.note_both(reader.versions, context);
        self.note_cut(reader, context);
        let hides_nothing = self.plan.paths.report(context.out);
        if counts.unreadable > 0 || hides_nothing {
            Exit::Failed
        } else {
            Exit::Success
        }
    }

    /// The typed id is the string and the number.
    fn note_both(&self, [strings, others]: [u64; 2], context: &mut Context<'_>) {
        if strings > 0 && others > 0 {
            let id = &self.wanted.id;
            let (strings, others) = (plural(strings, "version"), plural(others, "version"));
            context.out.note(&format!(
                "two documents have this id: the string \"{id}\" ({strings}) and {id} ({others}); write '\"{id}\"' for the string only"
            ));
        }
    }

    /// Why earlier events are not there: the user asked for it, or the topic no longer has them.
    fn note_cut<S: VersionSink>(&self, reader: &DocumentReader<'_, S>, context: &mut Context<'_>) {
        if self.plan.inputs.is_empty() && self.typed.from.is_none() {
            let is_its = |(partition, _): &(i32, i64)| {
                !reader.is_found() || reader.partition == Some(*partition)
            };
            let mut cut = reader.coverage.cut_partitions();
            if let Some((partition, offset)) = cut.find(is_its) {
                context.out.note(&format!(
                    "partition {partition} of the topic starts at offset {offset}: earlier records are no longer there"
                ));
            }
        }
        for note in &reader.notes {
            context.out.note(note);
        }
        if let Some(from) = &self.typed.from
            && (self.plan.from != Position::Beginning || self.plan.after_txn.is_some())
        {
            context.out.note(&format!(
                "the history is cut: events before --from {from} were not read"
            ));
        }
    }

    fn report_not_found<S: VersionSink>(
        &self,
        reader: &DocumentReader<'_, S>,
        context: &mut Context<'_>,
    ) -> Exit {
        if let Some(survey) = &reader.survey {
            let hides_ids = redacts_id(&self.plan.diff.redact);
            context.out.warn(&survey.message(&self.wanted, hides_ids));
        }
        self.note_cut(reader, context);
        if reader.unreadable > 0 {
            Exit::Failed
        } else {
            Exit::Success
        }
    }

    /// Reads the document's events. Most lines of a capture are skipped; if none of the others has an event of the document,
    /// all are read, to find what there is instead.
    fn read<'s, S: VersionSink>(
        &'s self,
        new_sink: &dyn Fn(&Context<'_>) -> S,
        context: &mut Context<'_>,
    ) -> (DocumentReader<'s, S>, Result<(), Exit>) {
        let reader = |survey, sink| DocumentReader::new(&self.wanted, &self.plan, survey, sink);
        if let [file] = self.plan.inputs.as_slice()
            && is_sqlite(file)
        {
            let mut of_mirror = reader(None, new_sink(context));
            let is_whole = self.typed.from.is_none() && self.typed.until.is_none();
            let read = MirrorDocument::open(file, &self.wanted, context)
                .and_then(|mirror| mirror.read(&mut of_mirror, is_whole, context));
            return (of_mirror, read);
        }
        if let [file] = self.plan.inputs.as_slice()
            && file.is_file()
            && let Some(search) = self.wanted.search()
        {
            let mut skipping = reader(None, new_sink(context));
            let capture = OrderedCapture::open(file, tail::txn_of, 1, context.interrupt);
            let read = capture
                .map_err(|failure| report(&failure, context))
                .and_then(|mut capture| {
                    capture.skip_lines(Box::new(move |block, found| {
                        search.find_lines(block, found);
                    }));
                    read_to_end(&mut capture, &mut skipping, true, context)
                });
            let is_answered = skipping.is_found() && !skipping.sink.needs_all_records();
            if read.is_err() || is_answered {
                return (skipping, read);
            }
        }
        let mut complete = reader(Some(Survey::new(&self.wanted)), new_sink(context));
        let read = self.read_all(&mut complete, context);
        (complete, read)
    }

    fn read_all<S: VersionSink>(
        &self,
        reader: &mut DocumentReader<'_, S>,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        match self.plan.inputs.as_slice() {
            [] => {
                let topic = TopicRead {
                    command: "history",
                    connection: &self.typed.connection,
                    plan: &self.plan,
                    merge: Some(tail::txn_of),
                };
                read_topic(&topic, reader, context)
            }
            [file] => {
                let capture = OrderedCapture::open(file, tail::txn_of, 1, context.interrupt);
                let mut capture = capture.map_err(|failure| report(&failure, context))?;
                read_to_end(&mut capture, reader, true, context)
            }
            files => {
                let captures = MergedCaptures::open(files, tail::txn_of, context.interrupt);
                let mut captures = captures.map_err(|failure| report(&failure, context))?;
                read_to_end(&mut captures, reader, true, context)
            }
        }
    }
}
