//! Buffered standard output and standard error, with progress bar and pager. Nothing else writes to them, so that
//! messages and output keep their order.

mod system;
#[cfg(test)]
mod test_sink;

use std::fmt;
use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::record::{Failure, Progress};
use crate::util::exit::Exit;
use crate::util::known_secrets::{KnownSecrets, hide_assigned};
use crate::util::url::hide_secrets;
use crate::view::escape;

pub use self::system::stdout_is_pipe;
use self::system::{
    increase_pipe_capacity, stdout_ends_in_partial_line, sync_stdout, wait_for_input,
};

/// Why writing ended.
#[derive(Debug)]
pub enum WriteEnd {
    /// The reader closed the pipe.
    Closed,
    /// The output could not be written.
    Failed(io::Error),
}

/// Both streams of the program.
pub struct Output {
    buffer: Vec<u8>,
    quiet: bool,
    /// Standard error is a terminal.
    pub stderr_terminal: bool,
    may_show_progress: bool,
    bar: Option<ProgressBar>,
    /// The capacity of a pipe at standard output was increased, or is to be kept.
    pipe_capacity_increased: Once,
    /// The pager of standard output, if one was started.
    pager: Option<Child>,
    /// Number of flushes of the buffer.
    flushes: u64,
    /// Why standard output cannot be written; repeated at every flush, because the first caller may ignore it.
    failed: Option<io::Error>,
    /// Hints that are collected for a caller.
    hints: Option<Vec<Hint>>,
    /// What no message may contain.
    known_secrets: KnownSecrets,
    /// Number of lines that the next redraw replaces.
    redrawn_lines: usize,
    /// The time zone that was named last.
    named_zone: Option<String>,
    /// Receives standard output in a test; messages are dropped.
    #[cfg(test)]
    sink: Option<test_sink::Sink>,
}

/// Label and text of a hint.
pub type Hint = (String, String);

/// The buffer is flushed at this size, even if more output follows at once.
const BUFFER_BYTES: usize = 128 << 10;
/// Buffers above this size, grown by one large event, are not reused.
const MAX_REUSED_BUFFER: usize = 1 << 20;
/// Redraw rate of the progress bar.
const REDRAWS_PER_SECOND: u8 = 10;

impl Output {
    /// With `quiet`, only errors are printed.
    #[must_use]
    pub fn new(stderr_terminal: bool, quiet: bool, no_progress: bool) -> Output {
        Output {
            buffer: Vec::with_capacity(2 * BUFFER_BYTES),
            quiet,
            stderr_terminal,
            may_show_progress: stderr_terminal && !quiet && !no_progress,
            bar: None,
            pipe_capacity_increased: Once::new(),
            pager: None,
            flushes: 0,
            failed: None,
            hints: None,
            known_secrets: KnownSecrets::default(),
            redrawn_lines: 0,
            named_zone: None,
            #[cfg(test)]
            sink: None,
        }
    }

    /// Hides these secrets in every message from now on: the last guard for texts of libraries and servers.
    pub fn hide(&mut self, secrets: &KnownSecrets) {
        self.known_secrets.extend(secrets);
    }

    /// The secrets that messages do not contain.
    #[must_use]
    pub fn known_secrets(&self) -> &KnownSecrets {
        &self.known_secrets
    }

    /// Collects the hints from now on.
    pub fn collect_hints(&mut self) {
        self.hints = Some(Vec::new());
    }

    /// The hints that were collected.
    pub fn take_hints(&mut self) -> Vec<Hint> {
        let _ = self.flush();
        self.hints.take().unwrap_or_default()
    }

    /// Sends standard output through a pager, a command line for the shell, from now on. If it does not start,
    /// nothing changes.
    pub fn start_pager(&mut self, command: &str, variables: &[(&str, &str)]) {
        let started = Command::new("sh")
            .args(["-c", command])
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .spawn();
        self.pager = started.ok();
        // The pager owns the terminal: a progress bar would overwrite its page.
        self.may_show_progress &= self.pager.is_none();
    }

    /// Closes the pager's input and waits until the user quits it.
    pub fn end_pager(&mut self) {
        if let Some(mut pager) = self.pager.take() {
            drop(pager.stdin.take());
            // The pager's exit code does not matter.
            let _ = pager.wait();
        }
    }

    /// The buffer of standard output.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Leaves the capacity of a pipe at standard output as it is: what is in the pipe is lost with its reader.
    pub fn keep_pipe_capacity(&mut self) {
        self.pipe_capacity_increased.call_once(|| ());
    }

    /// Whether there is output that was not flushed, also because standard output cannot be written.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        !self.buffer.is_empty() || self.failed.is_some()
    }

    /// Number of flushes. Unless output is dirty, everything before the last flush was written.
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.flushes
    }

    /// Whether the reader of a pipe at standard output is gone, without writing to it.
    #[cfg(unix)]
    #[must_use]
    pub fn reader_is_gone(&self) -> bool {
        let stdout = io::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let polled = poll(&mut fds, Some(&Timespec::default()));
        polled.is_ok() && fds[0].revents().contains(PollFlags::ERR)
    }

    /// On other systems only a write can detect it.
    #[cfg(not(unix))]
    #[must_use]
    pub fn reader_is_gone(&self) -> bool {
        false
    }

    /// Flushes the buffer if it is full.
    ///
    /// # Errors
    /// [`WriteEnd`] if standard output cannot be written.
    pub fn flush_if_full(&mut self) -> Result<(), WriteEnd> {
        if self.buffer.len() < BUFFER_BYTES {
            return Ok(());
        }
        self.flush()
    }

    /// Flushes the buffer.
    ///
    /// # Errors
    /// [`WriteEnd`] if standard output cannot be written.
    pub fn flush(&mut self) -> Result<(), WriteEnd> {
        if let Some(error) = &self.failed {
            return Err(repeat_error(error).into());
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let written = self.write_through(&buffer);
        self.buffer = if buffer.capacity() > MAX_REUSED_BUFFER {
            Vec::with_capacity(2 * BUFFER_BYTES)
        } else {
            buffer
        };
        self.buffer.clear();
        written
    }

    /// Flushes the buffer, then writes bytes directly.
    ///
    /// # Errors
    /// [`WriteEnd`] if standard output cannot be written.
    pub fn write(&mut self, text: &[u8]) -> Result<(), WriteEnd> {
        self.flush()?;
        if text.is_empty() {
            return Ok(());
        }
        self.pipe_capacity_increased
            .call_once(increase_pipe_capacity);
        self.write_through(text)
    }

    fn write_through(&mut self, text: &[u8]) -> Result<(), WriteEnd> {
        let pipe = self.pager.as_mut().and_then(|pager| pager.stdin.as_mut());
        #[cfg(test)]
        let sink = self.sink.as_mut();
        let write = || {
            #[cfg(test)]
            if let Some(sink) = sink {
                return sink.write_all(text);
            }
            if let Some(pipe) = pipe {
                return pipe.write_all(text);
            }
            let mut stdout = io::stdout().lock();
            stdout.write_all(text).and_then(|()| stdout.flush())
        };
        let written = match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        };
        match written {
            Ok(()) => self.flushes += 1,
            Err(error) => {
                self.failed = Some(repeat_error(&error));
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Waits until flushed output is on disk, if standard output is a file.
    ///
    /// # Errors
    /// [`WriteEnd`] for I/O errors of the file.
    pub fn sync(&mut self) -> Result<(), WriteEnd> {
        sync_stdout().map_err(|error| {
            self.failed = Some(repeat_error(&error));
            error.into()
        })
    }

    /// Ends a partial line that a killed run left at the end of the file to which standard output is appended.
    /// Otherwise the first new line would become its continuation.
    ///
    /// # Errors
    /// [`WriteEnd`] if standard output cannot be written.
    pub fn end_partial_line(&mut self) -> Result<(), WriteEnd> {
        if self.buffer.is_empty() && stdout_ends_in_partial_line() {
            self.buffer.push(b'\n');
        }
        self.flush()
    }

    /// Prints a complete output to standard output.
    pub fn print_text(&mut self, text: &[u8]) -> Exit {
        self.buffer.extend_from_slice(text);
        match self.flush() {
            Ok(()) | Err(WriteEnd::Closed) => Exit::Success,
            Err(WriteEnd::Failed(error)) => {
                self.warn(&format!("writing to standard output: {error}"));
                Exit::Failed
            }
        }
    }

    /// Replaces the text that this function printed before on a terminal: as many lines as fit. Elsewhere, appends it.
    ///
    /// # Errors
    /// [`WriteEnd`] if standard output cannot be written.
    pub fn redraw(&mut self, text: &str) -> Result<(), WriteEnd> {
        let Some((height, _)) = terminal_size() else {
            return self.write(text.as_bytes());
        };
        let mut lines: Vec<&str> = text.lines().collect();
        let more = format!("… {} more lines", (lines.len() + 2).saturating_sub(height));
        // The cursor stands on a line of its own.
        if lines.len() + 1 > height && height > 2 {
            lines.truncate(height - 2);
            lines.push(&more);
        }
        let mut frame = match std::mem::take(&mut self.redrawn_lines) {
            0 => String::new(),
            before => format!("\x1b[{before}A\x1b[J"),
        };
        self.redrawn_lines = lines.len();
        for line in lines {
            frame.push_str(line);
            frame.push('\n');
        }
        self.write(frame.as_bytes())
    }

    /// Columns of the terminal at standard output; `None` without one.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        terminal_size().map(|(_, columns)| columns)
    }

    /// Asks a question at the terminal and reads a line of standard input.
    ///
    /// # Errors
    /// `Interrupted` at Ctrl-C, `UnexpectedEof` at Ctrl-D.
    pub fn prompt(&mut self, question: &str, interrupt: &AtomicBool) -> io::Result<String> {
        let _ = self.flush();
        write!(io::stderr(), "{}: ", escape::text(question))?;
        io::stderr().flush()?;
        wait_for_input(interrupt)?;
        let mut answer = String::new();
        match io::stdin().read_line(&mut answer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(answer),
        }
    }

    /// Prints a message, unless `--quiet` is set.
    pub fn note(&mut self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// Names the time zone of the times on the terminal, once.
    pub fn note_zone(&mut self, zone: &str) {
        if self.named_zone.as_deref() != Some(zone) {
            self.named_zone = Some(zone.to_owned());
            self.note(&format!("times are in {zone}"));
        }
    }

    /// Prints a warning or error, even with `--quiet`.
    pub fn warn(&mut self, text: &str) {
        self.line(text);
    }

    /// Prints an error: what failed, what to do, and the library's message last.
    pub fn failure(&mut self, failure: &Failure) {
        self.failure_with_list(failure, &[]);
    }

    /// Prints an error with a list between what failed and what to do.
    pub fn failure_with_list(&mut self, failure: &Failure, list: &[String]) {
        self.line(&failure.what);
        for item in list {
            self.print_labelled("  ", item);
        }
        if let Some(fix) = &failure.fix {
            self.indented("try: ", fix);
        }
        // Libraries write several lines on purpose. Each has the label, so that none looks like another message.
        for line in failure.raw.iter().flat_map(|raw| raw.lines()) {
            self.indented("raw: ", &hide_assigned(line));
        }
    }

    /// Prints an error about what the user typed: further lines, which quote it, are indented by two blanks.
    pub fn quoting(&mut self, text: &str) {
        let mut lines = text.lines();
        self.line(lines.next().unwrap_or_default());
        for line in lines {
            self.print_labelled("  ", line.strip_prefix("  ").unwrap_or(line));
        }
    }

    /// Reports a usage error of a command, which has a blank before its name; the program itself has no name.
    pub fn usage_error(&mut self, command: &str, why: &str) -> Exit {
        self.quoting(why);
        self.warn(&format!("for help: ditto-cdc{command} --help"));
        Exit::Usage
    }

    /// Prints lines that the user can copy, without a label.
    pub fn copyable(&mut self, lines: &[&str]) {
        for line in lines {
            self.print_labelled("", line);
        }
    }

    fn line(&mut self, text: &str) {
        self.print_labelled("ditto-cdc: ", text);
    }

    fn indented(&mut self, label: &str, text: &str) {
        self.print_labelled(&format!("  {label}"), text);
    }

    /// Prints exactly one line. Line ends in its text are escaped like other control characters, because names, ids and
    /// errors of servers are part of it: they must not look like a message of their own.
    fn print_labelled(&mut self, label: &str, text: &str) {
        let text = self.known_secrets.hide(text.trim_end());
        let text = hide_secrets(&text);
        self.print(&format!("{label}{}", escape::text(&text)));
    }

    fn print(&mut self, line: &str) {
        // What is redrawn next would replace the message.
        self.redrawn_lines = 0;
        // Earlier output must precede the message if both streams are the same terminal.
        let _ = self.flush();
        #[cfg(test)]
        if self.sink.is_some() {
            return;
        }
        if self.pager.is_some() {
            // The pager owns the terminal: it would overwrite a line on standard error.
            self.buffer.extend_from_slice(line.as_bytes());
            self.buffer.push(b'\n');
            let _ = self.flush();
            return;
        }
        // A closed standard error cannot be reported anywhere.
        let write = || drop(writeln!(io::stderr(), "{line}"));
        self.bar
            .as_ref()
            .map_or_else(write, |bar| bar.suspend(write));
    }

    /// Prints a hint below the message that it belongs to.
    pub fn hint(&mut self, label: &str, text: &str) {
        if let Some(hints) = &mut self.hints {
            hints.push((label.to_owned(), text.to_owned()));
        }
        self.indented(&format!("{label}: "), text);
    }

    /// Shows the progress of a bounded read.
    pub fn progress(&mut self, progress: Progress, bytes: bool) {
        let Some(total) = progress.total.filter(|_| self.may_show_progress) else {
            return;
        };
        let bar = self.bar.get_or_insert_with(|| bar(total, bytes));
        bar.set_length(total);
        bar.set_position(progress.done);
    }

    /// Shows in one line that a read without an end is alive.
    pub fn activity(&mut self, message: &str) {
        if !self.may_show_progress {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = bar(0, false);
            styled(&bar, "{msg}");
            bar
        });
        bar.set_message(escape::text(message));
    }

    /// Shows the progress of a requery, with its current step.
    pub fn requery_progress(&mut self, done: u64, total: u64, message: &str) {
        if !self.may_show_progress {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| bar(total, false));
        // Without a total, nothing is counted yet.
        let template = if total == 0 && done == 0 {
            "{msg}"
        } else {
            "{bar:20} {human_pos} of {human_len} documents  {rate}/s  {eta} left  {msg}"
        };
        styled(bar, template);
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(escape::text(message));
    }

    /// Removes the progress bar.
    pub fn end_progress(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl From<io::Error> for WriteEnd {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => WriteEnd::Closed,
            _ => WriteEnd::Failed(error),
        }
    }
}

/// Lines and columns of the terminal at standard output; `None` without one.
fn terminal_size() -> Option<(usize, usize)> {
    let (lines, columns) = Term::stdout().size_checked()?;
    Some((lines.into(), columns.into()))
}

/// A copy of an error, which `io::Error` cannot clone.
fn repeat_error(error: &io::Error) -> io::Error {
    let code = error.raw_os_error();
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

fn bar(total: u64, bytes: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(total),
        ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND),
    );
    let template = if bytes {
        "{bar:24} {percent}%  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left"
    } else {
        "{bar:24} {percent}%  {human_pos} of {human_len} records  {rate}/s  {eta} left"
    };
    styled(&bar, template);
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

fn styled(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = write!(out, "{:.0}", state.per_sec());
        });
        bar.set_style(style.progress_chars("=> "));
    }
}
