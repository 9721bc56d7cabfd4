//! The questions of `config init`, each repeated until its answer is valid.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::commands::{Context, connect};
use crate::settings::{Store, expand, normalize_brokers, prompt_password};
use crate::tls;
use crate::util::exit::Exit;
use crate::util::secret::Secret;

/// The answers of the dialogue.
pub(super) struct Answers {
    pub brokers: String,
    pub topic: String,
    pub group_prefix: String,
    pub cluster: CertificateFile,
    pub user: CertificateFile,
    /// Empty if the HTTP API is not used.
    pub url: String,
    pub api_key: Option<Secret>,
}

/// A certificate file and its password.
pub(super) struct CertificateFile {
    /// Absolute.
    pub path: PathBuf,
    pub password: Secret,
}

/// Asks all questions, in the order in which the portal shows the values.
pub(super) fn ask_all(context: &mut Context<'_>) -> Result<Answers, Exit> {
    let brokers = ask_until_valid("Endpoint (host:port)", "", context, |text, _| {
        let brokers =
            normalize_brokers(text).map_err(|error| format!("{}; {}", error.what, error.fix))?;
        Ok(brokers)
    })?;
    let topic = ask_until_valid("Topic", "", context, |text, _| {
        non_empty(text, "the topic must have a name")
    })?;
    let group_prefix = ask_line("Consumer group prefix (Enter: none)", "", context)?;
    let cluster = ask_certificate_file(Store::Cluster, context)?;
    let user = ask_certificate_file(Store::User, context)?;
    let url = ask_line("Cloud URL Endpoint, for requery (Enter: none)", "", context)?;
    let api_key = if url.is_empty() {
        None
    } else {
        Some(ask_secret("API key (not shown)", context)?)
    };
    Ok(Answers {
        brokers,
        topic,
        group_prefix,
        cluster,
        user,
        url,
        api_key: api_key.filter(|key| !key.expose().trim().is_empty()),
    })
}

/// Asks a yes-or-no question.
pub(super) fn confirm(
    question: &str,
    default: bool,
    context: &mut Context<'_>,
) -> Result<bool, Exit> {
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

fn non_empty(text: &str, why: &str) -> Result<String, String> {
    (!text.is_empty())
        .then(|| text.to_owned())
        .ok_or_else(|| why.to_owned())
}

/// Asks until `parse` accepts the answer; an empty answer means the default.
fn ask_until_valid<T>(
    question: &str,
    default: &str,
    context: &mut Context<'_>,
    parse: impl Fn(&str, &Context<'_>) -> Result<T, String>,
) -> Result<T, Exit> {
    loop {
        let answer = ask_line(question, default, context)?;
        match parse(&answer, context) {
            Ok(value) => return Ok(value),
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

fn ask_secret(question: &str, context: &mut Context<'_>) -> Result<Secret, Exit> {
    let _ = context.out.flush();
    prompt_password(question).map_err(|error| exit_code(&error))
}

fn exit_code(error: &std::io::Error) -> Exit {
    match error.kind() {
        ErrorKind::Interrupted | ErrorKind::UnexpectedEof => Exit::Interrupted,
        _ => Exit::Setup,
    }
}

/// Asks for a file and its password until the password opens the file.
fn ask_certificate_file(store: Store, context: &mut Context<'_>) -> Result<CertificateFile, Exit> {
    let (kind, default_name) = match store {
        Store::Cluster => ("Cluster certificate", "cluster.p12"),
        Store::User => ("User certificate", "user.p12"),
    };
    loop {
        let default = if context.env.cwd.join(default_name).is_file() {
            default_name
        } else {
            ""
        };
        let path = ask_until_valid(
            &format!("{kind}, the file"),
            default,
            context,
            existing_file,
        )?;
        let password = ask_secret(&format!("{kind}, its password (not shown)"), context)?;
        let one = tls::StoreFile {
            source: tls::StoreSource::File(path.clone()),
            password: Some(password.clone()),
            password_hint: "the password that the portal shows next to it".to_owned(),
        };
        let read = match store {
            Store::Cluster => tls::load(Some(&one), None),
            Store::User => tls::load(None, Some(&one)),
        };
        match read {
            Ok(_) => return Ok(CertificateFile { path, password }),
            Err(faults) => connect::report_faults(faults, context),
        }
    }
}

fn existing_file(text: &str, context: &Context<'_>) -> Result<PathBuf, String> {
    let text = non_empty(
        text,
        "enter the path of the file that you downloaded from the portal",
    )?;
    let path = expand(text.as_ref(), &context.env.cwd, context.env.home.as_deref())?;
    if path.is_file() {
        return Ok(path);
    }
    Err(format!("there is no file {}", path.display()))
}
