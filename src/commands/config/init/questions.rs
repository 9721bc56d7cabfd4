//! The questions of `config init`. Each is repeated until its answer is valid; `<` goes back to the one before.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::checks;
use crate::commands::{Context, connect};
use crate::settings::{Store, expand, prompt_password};
use crate::tls;
use crate::util::exit::Exit;
use crate::util::secret::Secret;

/// The answer that goes back to the previous question.
const BACK: &str = "<";
/// Faults of a file that another password may remove.
const PASSWORD_FAULTS: [&str; 2] = ["A1", "A2"];

/// The answers of the dialogue. Empty texts and `None` are settings that are not used.
#[derive(Default)]
pub(super) struct Answers {
    pub brokers: String,
    pub topic: String,
    pub group_prefix: String,
    pub cluster: CertificateFile,
    pub user: CertificateFile,
    pub url: String,
    pub api_key: Option<Secret>,
}

/// A certificate file and its password.
#[derive(Default)]
pub(super) struct CertificateFile {
    /// Absolute.
    pub path: PathBuf,
    /// The path as typed.
    typed: String,
    pub password: Option<Secret>,
    needs_password: bool,
}

/// The reply to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply<T> {
    Value(T),
    /// Go back to the previous question.
    Back,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Brokers,
    Topic,
    GroupPrefix,
    File(Store),
    Password(Store),
    Url,
    ApiKey,
}

/// In the order in which the portal shows the values.
const QUESTIONS: [Question; 9] = [
    Question::Brokers,
    Question::Topic,
    Question::GroupPrefix,
    Question::File(Store::Cluster),
    Question::Password(Store::Cluster),
    Question::File(Store::User),
    Question::Password(Store::User),
    Question::Url,
    Question::ApiKey,
];

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    First,
    Last,
}

/// Asks the questions from the first or the last one on.
pub(super) fn ask_all(
    answers: &mut Answers,
    start: Start,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let mut index = match start {
        Start::First => 0,
        Start::Last => previous(QUESTIONS.len(), answers).unwrap_or_default(),
    };
    while let Some(question) = QUESTIONS.get(index) {
        let reply = if is_asked(*question, answers) {
            ask(*question, answers, context)?
        } else {
            Reply::Value(())
        };
        index = match reply {
            Reply::Value(()) => index + 1,
            Reply::Back => previous(index, answers).unwrap_or_else(|| {
                context.out.warn("this is the first question");
                index
            }),
        };
    }
    Ok(())
}

/// The question to go back to.
fn previous(index: usize, answers: &Answers) -> Option<usize> {
    let before = QUESTIONS.get(..index)?;
    before
        .iter()
        .rposition(|question| is_asked(*question, answers))
}

/// Whether the other answers make the question necessary.
fn is_asked(question: Question, answers: &Answers) -> bool {
    match question {
        Question::Password(store) => answers.file(store).needs_password,
        Question::ApiKey => !answers.url.is_empty(),
        _ => true,
    }
}

/// Checks a text and normalizes it.
type TextCheck = fn(&str) -> Result<String, String>;

fn ask(
    question: Question,
    answers: &mut Answers,
    context: &mut Context<'_>,
) -> Result<Reply<()>, Exit> {
    let (target, words, check): (&mut String, &str, TextCheck) = match question {
        Question::Brokers => (
            &mut answers.brokers,
            "Endpoint (host:port)",
            checks::brokers,
        ),
        Question::Topic => (&mut answers.topic, "Topic", checks::topic),
        Question::GroupPrefix => (
            &mut answers.group_prefix,
            "Consumer group prefix (Enter: none)",
            checks::group_prefix,
        ),
        Question::Url => (
            &mut answers.url,
            "Cloud URL Endpoint, for requery (Enter: none)",
            checks::url,
        ),
        Question::File(store) => return ask_file(store, answers, context),
        Question::Password(store) => return ask_password(store, answers, context),
        Question::ApiKey => return ask_api_key(answers, context),
    };
    let reply = ask_until_valid(words, target, context, |text, _| check(text))?;
    Ok(reply.store_in(target))
}

impl<T> Reply<T> {
    fn store_in(self, target: &mut T) -> Reply<()> {
        match self {
            Reply::Value(value) => {
                *target = value;
                Reply::Value(())
            }
            Reply::Back => Reply::Back,
        }
    }
}

impl Answers {
    /// The API key, unless the URL was removed after it.
    pub(super) fn used_api_key(&self) -> Option<&Secret> {
        self.api_key.as_ref().filter(|_| !self.url.is_empty())
    }

    fn file(&self, store: Store) -> &CertificateFile {
        match store {
            Store::Cluster => &self.cluster,
            Store::User => &self.user,
        }
    }

    fn file_mut(&mut self, store: Store) -> &mut CertificateFile {
        match store {
            Store::Cluster => &mut self.cluster,
            Store::User => &mut self.user,
        }
    }
}

/// Asks a yes-or-no question.
pub(super) fn confirm(
    question: &str,
    default: bool,
    context: &mut Context<'_>,
) -> Result<Reply<bool>, Exit> {
    let shown = if default { "Y/n" } else { "y/N" };
    ask_until_valid(question, shown, context, |text, _| {
        match text.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            other if other == shown.to_lowercase() => Ok(default),
            _ => Err("answer y or n".to_owned()),
        }
    })
}

/// Asks until `parse` accepts the answer; an empty answer means the default.
fn ask_until_valid<T>(
    question: &str,
    default: &str,
    context: &mut Context<'_>,
    parse: impl Fn(&str, &Context<'_>) -> Result<T, String>,
) -> Result<Reply<T>, Exit> {
    loop {
        let answer = ask_line(question, default, context)?;
        if answer == BACK {
            return Ok(Reply::Back);
        }
        match parse(&answer, context) {
            Ok(value) => return Ok(Reply::Value(value)),
            Err(why) => context.out.warn(&why),
        }
    }
}

/// Reads one line, trimmed.
fn ask_line(question: &str, default: &str, context: &mut Context<'_>) -> Result<String, Exit> {
    let shown = if default.is_empty() {
        question.to_owned()
    } else {
        format!("{question} [{default}]")
    };
    let answer = context.out.prompt(&shown, context.interrupt);
    let answer = answer.map_err(|error| exit_code(&error))?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_owned())
}

/// Asks for a secret, without echo, until `parse` accepts it.
fn ask_secret_until_valid<T>(
    question: &str,
    context: &mut Context<'_>,
    parse: impl Fn(&Secret) -> Result<T, SecretRefusal>,
) -> Result<Reply<T>, Exit> {
    loop {
        let _ = context.out.flush();
        let secret = prompt_password(question).map_err(|error| exit_code(&error))?;
        if secret.expose() == BACK {
            return Ok(Reply::Back);
        }
        match parse(&secret) {
            Ok(value) => return Ok(Reply::Value(value)),
            Err(SecretRefusal::Message(why)) => context.out.warn(&why),
            Err(SecretRefusal::Faults { faults, is_final }) => {
                connect::report_faults(faults, context);
                if is_final {
                    return Ok(Reply::Back);
                }
            }
        }
    }
}

/// Why a secret was not accepted.
enum SecretRefusal {
    Message(String),
    /// Faults of the file; `is_final` if no password removes them.
    Faults {
        faults: Vec<tls::FileFault>,
        is_final: bool,
    },
}

fn exit_code(error: &std::io::Error) -> Exit {
    match error.kind() {
        ErrorKind::Interrupted | ErrorKind::UnexpectedEof => Exit::Interrupted,
        _ => Exit::Setup,
    }
}

/// The file's name in a question, and its name in the portal's download.
fn names(store: Store) -> (&'static str, &'static str) {
    match store {
        Store::Cluster => ("Cluster certificate", "cluster.p12"),
        Store::User => ("User certificate", "user.p12"),
    }
}

fn ask_file(
    store: Store,
    answers: &mut Answers,
    context: &mut Context<'_>,
) -> Result<Reply<()>, Exit> {
    let (kind, downloaded) = names(store);
    let question = format!("{kind}, the file");
    loop {
        let file = answers.file_mut(store);
        let default = if !file.typed.is_empty() {
            file.typed.clone()
        } else if context.env.cwd.join(downloaded).is_file() {
            downloaded.to_owned()
        } else {
            String::new()
        };
        let reply = ask_until_valid(&question, &default, context, |text, context| {
            existing_file(text, context).map(|path| (text.to_owned(), path))
        })?;
        let Reply::Value((typed, path)) = reply else {
            return Ok(Reply::Back);
        };
        // Without a password: whether it is a certificate file at all.
        let faults = open(store, path.clone(), None).err().unwrap_or_default();
        if needs_other_file(&faults) {
            connect::report_faults(faults, context);
            continue;
        }
        let password = file.password.take().filter(|_| file.path == path);
        *file = CertificateFile {
            path,
            typed,
            password,
            needs_password: !faults.is_empty(),
        };
        if !file.needs_password {
            file.password = None;
            context.out.note("this file needs no password");
        }
        return Ok(Reply::Value(()));
    }
}

fn ask_password(
    store: Store,
    answers: &mut Answers,
    context: &mut Context<'_>,
) -> Result<Reply<()>, Exit> {
    let (kind, _) = names(store);
    let file = answers.file_mut(store);
    let known = file.password.as_ref();
    let hint = known.map_or("", |_| "; Enter keeps it");
    let question = format!("{kind}, its password (not shown{hint})");
    let reply = ask_secret_until_valid(&question, context, |typed| {
        let password = match (typed.expose(), known) {
            ("", Some(known)) => known,
            ("", None) => {
                let why = "enter the password, or < to name another file";
                return Err(SecretRefusal::Message(why.to_owned()));
            }
            _ => typed,
        };
        match open(store, file.path.clone(), Some(password.clone())) {
            Ok(()) => Ok(Some(password.clone())),
            Err(faults) => Err(SecretRefusal::Faults {
                is_final: needs_other_file(&faults),
                faults,
            }),
        }
    })?;
    Ok(reply.store_in(&mut file.password))
}

fn ask_api_key(answers: &mut Answers, context: &mut Context<'_>) -> Result<Reply<()>, Exit> {
    let known = answers.api_key.as_ref();
    let hint = known.map_or("", |_| "; Enter keeps it");
    let question = format!("API key (not shown{hint})");
    let reply = ask_secret_until_valid(&question, context, |typed| match known {
        Some(known) if typed.expose().is_empty() => Ok(Some(known.clone())),
        _ => checks::api_key(typed)
            .map(Some)
            .map_err(SecretRefusal::Message),
    })?;
    Ok(reply.store_in(&mut answers.api_key))
}

/// Opens a certificate file.
fn open(store: Store, path: PathBuf, password: Option<Secret>) -> Result<(), Vec<tls::FileFault>> {
    let file = tls::StoreFile {
        source: tls::StoreSource::File(path),
        password,
        password_hint: "the password that the portal shows next to it".to_owned(),
    };
    let opened = match store {
        Store::Cluster => tls::load(Some(&file), None),
        Store::User => tls::load(None, Some(&file)),
    };
    opened.map(|_| ())
}

fn needs_other_file(faults: &[tls::FileFault]) -> bool {
    faults
        .iter()
        .any(|fault| !PASSWORD_FAULTS.contains(&fault.id))
}

/// The message does not repeat the answer, which may be a password.
fn existing_file(text: &str, context: &Context<'_>) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("enter the path of the file that you downloaded from the portal".to_owned());
    }
    let missing = || {
        format!(
            "there is no such file; paths are relative to {}. If you typed a password, it is on the screen: clear the screen",
            context.env.cwd.display()
        )
    };
    let path = expand(text.as_ref(), &context.env.cwd, context.env.home.as_deref());
    let path = path.map_err(|_| missing())?;
    if path.is_file() {
        return Ok(path);
    }
    Err(missing())
}
