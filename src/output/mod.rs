//! The only toucher of standard output and standard error: buffers, flushes, progress, closed pipes.
//! What is printed was made elsewhere; here it only finds its way.

mod system;

use std::fmt;
use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::record::{Failure, Progress};
use crate::util::exit::Exit;
use crate::view::escape;

use self::system::{settle_stdout, stdout_ends_torn, wait_for_input, widen};

/// Why writing ended.
#[derive(Debug)]
pub enum Ended {
    /// The reader closed the pipe: it has what it wanted.
    Closed,
    /// The output could not be written.
    Failed(io::Error),
}

/// Both streams of the program.
pub struct Out {
    buffer: Vec<u8>,
    quiet: bool,
    /// Standard error is a terminal.
    pub stderr_terminal: bool,
    may_show_progress: bool,
    bar: Option<ProgressBar>,
    /// The pipe behind standard output was asked to take more at once.
    widened: Once,
    /// Shows standard output page by page, once somebody asked for that.
    pager: Option<Child>,
    /// How often the buffer was written.
    flushes: u64,
    /// Why standard output takes no more; said again at every flush, since the first may be nobody's.
    failed: Option<io::Error>,
    /// What is kept for a caller that listens.
    heard: Option<Heard>,
}

/// What was said while somebody listened.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// What would have gone to standard output, where it was kept back.
    pub kept: Vec<u8>,
    /// Each hint's label and text.
    pub hints: Vec<(String, String)>,
    keeps: bool,
}

/// From this size on the buffer is written without waiting for a quiet moment.
const FULL: usize = 128 << 10;
/// A buffer that one large event stretched further than this is let go.
const KEPT: usize = 1 << 20;
/// How often a progress bar is drawn.
const DRAWS_PER_SECOND: u8 = 10;

impl Out {
    /// For a run that says only what went wrong (`quiet`) and may show progress or not.
    #[must_use]
    pub fn new(stderr_terminal: bool, quiet: bool, no_progress: bool) -> Out {
        Out {
            buffer: Vec::with_capacity(2 * FULL),
            quiet,
            stderr_terminal,
            may_show_progress: stderr_terminal && !quiet && !no_progress,
            bar: None,
            widened: Once::new(),
            pager: None,
            flushes: 0,
            failed: None,
            heard: None,
        }
    }

    /// From now on hints are remembered; with `keep`, what goes to standard output is kept back.
    pub fn listen(&mut self, keep: bool) {
        let keeps = keep;
        self.heard = Some(Heard {
            keeps,
            ..Heard::default()
        });
    }

    /// Ends listening.
    pub fn heard(&mut self) -> Heard {
        let _ = self.flush();
        self.heard.take().unwrap_or_default()
    }

    /// From now on standard output goes through a pager, a command line for the shell.
    /// Without one that starts, it goes where it went before.
    pub fn page(&mut self, command: &str, variables: &[(&str, &str)]) {
        let started = Command::new("sh")
            .args(["-c", command])
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .spawn();
        self.pager = started.ok();
        // The pager has the terminal; a bar would draw into its page.
        self.may_show_progress &= self.pager.is_none();
    }

    /// Closes the pager's input and waits until its reader has seen enough.
    pub fn end_page(&mut self) {
        if let Some(mut pager) = self.pager.take() {
            drop(pager.stdin.take());
            // How a pager ends is no business of ours.
            let _ = pager.wait();
        }
    }

    /// Where text for standard output is put together.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Whether something waits to be flushed.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// How often the buffer was written. With an empty buffer, whatever was put in before the last time has arrived.
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.flushes
    }

    /// Whether nobody reads standard output any more, as a pipe can tell: without a write, nobody else would.
    #[cfg(unix)]
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        let stdout = io::stdout();
        let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
        let answered = poll(&mut asked, Some(&Timespec::default()));
        answered.is_ok() && asked[0].revents().contains(PollFlags::ERR)
    }

    /// Elsewhere only a write finds out.
    #[cfg(not(unix))]
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        false
    }

    /// Writes the buffer if it is full.
    ///
    /// # Errors
    /// [`Ended`] where standard output takes no more.
    pub fn flush_if_full(&mut self) -> Result<(), Ended> {
        if self.buffer.len() < FULL {
            return Ok(());
        }
        self.flush()
    }

    /// Writes the buffer.
    ///
    /// # Errors
    /// [`Ended`] where standard output takes no more.
    pub fn flush(&mut self) -> Result<(), Ended> {
        if let Some(error) = &self.failed {
            return Err(again(error).into());
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let written = self.write_now(&buffer);
        self.buffer = if buffer.capacity() > KEPT {
            Vec::with_capacity(2 * FULL)
        } else {
            buffer
        };
        self.buffer.clear();
        written
    }

    /// Writes the buffer, then a text that was put together elsewhere.
    ///
    /// # Errors
    /// [`Ended`] where standard output takes no more.
    pub fn write(&mut self, text: &[u8]) -> Result<(), Ended> {
        self.flush()?;
        if text.is_empty() {
            return Ok(());
        }
        self.widened.call_once(widen);
        self.write_now(text)
    }

    fn write_now(&mut self, text: &[u8]) -> Result<(), Ended> {
        if let Some(heard) = self.heard.as_mut().filter(|heard| heard.keeps) {
            heard.kept.extend_from_slice(text);
            self.flushes += 1;
            return Ok(());
        }
        let pipe = self.pager.as_mut().and_then(|pager| pager.stdin.as_mut());
        let write = || {
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
                self.failed = Some(again(&error));
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Waits until the disk has what was flushed, where standard output is a file.
    ///
    /// # Errors
    /// [`Ended`] where the disk does not take it.
    pub fn settle(&mut self) -> Result<(), Ended> {
        settle_stdout().map_err(|error| {
            self.failed = Some(again(&error));
            error.into()
        })
    }

    /// Ends a line that a killed run left half written at the end of the file that standard output is appended to.
    /// What is then written would otherwise be taken for the rest of it.
    ///
    /// # Errors
    /// [`Ended`] where standard output takes no more.
    pub fn end_torn_line(&mut self) -> Result<(), Ended> {
        if self.buffer.is_empty() && stdout_ends_torn() {
            self.buffer.push(b'\n');
        }
        self.flush()
    }

    /// Prints a whole text to standard output.
    pub fn print_text(&mut self, text: &[u8]) -> Exit {
        self.buffer.extend_from_slice(text);
        match self.flush() {
            Ok(()) | Err(Ended::Closed) => Exit::Success,
            Err(Ended::Failed(error)) => {
                self.warn(&format!("writing to standard output: {error}"));
                Exit::Failed
            }
        }
    }

    /// Asks a question at the terminal and reads a line of standard input.
    ///
    /// # Errors
    /// `Interrupted` at Ctrl-C, `UnexpectedEof` at Ctrl-D.
    pub fn ask(&mut self, question: &str, interrupt: &AtomicBool) -> io::Result<String> {
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

    /// Prints a line for people, unless they asked for quiet.
    pub fn note(&mut self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// Prints a line about something that went wrong.
    pub fn warn(&mut self, text: &str) {
        self.line(text);
    }

    /// Prints why something could not be done and what to do next, the library's words last.
    pub fn failure(&mut self, failure: &Failure) {
        self.line(&failure.what);
        if let Some(fix) = &failure.fix {
            self.indented("try: ", fix);
        }
        if let Some(raw) = &failure.raw {
            self.indented("raw: ", raw);
        }
    }

    /// One line of standard error; foreign text in it cannot reach the terminal unescaped.
    fn line(&mut self, text: &str) {
        self.labelled("ditto-cdc: ", text);
    }

    fn indented(&mut self, label: &str, text: &str) {
        self.labelled(&format!("  {label}"), text);
    }

    fn labelled(&mut self, label: &str, text: &str) {
        let lines: Vec<String> = text.lines().map(escape::text).collect();
        self.print(&format!("{label}{}", lines.join("\n")));
    }

    fn print(&mut self, line: &str) {
        // What was shown before the line was said stands before it, also where both are one terminal.
        let _ = self.flush();
        if self.pager.is_some() {
            // The pager has the terminal: a line beside it would be overwritten.
            self.buffer.extend_from_slice(line.as_bytes());
            self.buffer.push(b'\n');
            let _ = self.flush();
            return;
        }
        // Nobody is left to tell where standard error is closed.
        let write = || drop(writeln!(io::stderr(), "{line}"));
        self.bar
            .as_ref()
            .map_or_else(write, |bar| bar.suspend(write));
    }

    /// Prints what may help, below the line that it is about.
    pub fn hint(&mut self, label: &str, text: &str) {
        if let Some(heard) = &mut self.heard {
            heard.hints.push((label.to_owned(), text.to_owned()));
        }
        self.indented(&format!("{label}: "), text);
    }

    /// Shows how far a bounded read has come.
    pub fn progress(&mut self, progress: Progress, bytes: bool) {
        let Some(total) = progress.total.filter(|_| self.may_show_progress) else {
            return;
        };
        let bar = self.bar.get_or_insert_with(|| bar(total, bytes));
        bar.set_length(total);
        bar.set_position(progress.done);
    }

    /// Shows how far a requery has come, with what it is doing.
    pub fn progress_of(&mut self, done: u64, total: u64, message: &str) {
        if !self.may_show_progress {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = bar(total, false);
            let template =
                "{bar:20} {human_pos} of {human_len} documents  {rate}/s  {eta} left  {msg}";
            styled(&bar, template);
            bar
        });
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

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Ended::Closed,
            _ => Ended::Failed(error),
        }
    }
}

/// The same error once more.
fn again(error: &io::Error) -> io::Error {
    let code = error.raw_os_error();
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

fn bar(total: u64, bytes: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(total),
        ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND),
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
