//! The questions of `config init`, each asked again until its answer can be used.
//! What becomes of the answers is decided elsewhere.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::{Answers, File};
use crate::commands::{Context, connect};
use crate::settings::{Store, expand, mend_brokers, prompt};
use crate::tls;
use crate::util::exit::Exit;
use crate::util::secret::Secret;

/// Asks everything, in the order in which the portal shows it.
pub(super) fn all(context: &mut Context<'_>) -> Result<Answers, Exit> {
    let brokers = until("Endpoint (host:port)", "", context, |text, _| {
        let mended =
            mend_brokers(text).map_err(|wrong| format!("{}; {}", wrong.what, wrong.fix))?;
        Ok(mended)
    })?;
    let topic = until("Topic", "", context, |text, _| {
        some(text, "a topic has a name")
    })?;
    let group_prefix = line("Consumer group prefix (Enter: none)", "", context)?;
    let cluster = file(Store::Cluster, context)?;
    let user = file(Store::User, context)?;
    let url = line("Cloud URL Endpoint, for requery (Enter: none)", "", context)?;
    let api_key = if url.is_empty() {
        None
    } else {
        Some(secret("API key (not shown)", context)?)
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

/// A question that is answered with y or n.
pub(super) fn yes(question: &str, default: bool, context: &mut Context<'_>) -> Result<bool, Exit> {
    let shown = if default { "Y/n" } else { "y/N" };
    until(question, shown, context, |text, _| {
        match text.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            other if other == shown.to_lowercase() => Ok(default),
            _ => Err("y or n".to_owned()),
        }
    })
}

fn some(text: &str, why: &str) -> Result<String, String> {
    (!text.is_empty())
        .then(|| text.to_owned())
        .ok_or_else(|| why.to_owned())
}

/// Asks until `take` takes the answer; an empty one is the default.
fn until<T>(
    question: &str,
    default: &str,
    context: &mut Context<'_>,
    take: impl Fn(&str, &Context<'_>) -> Result<T, String>,
) -> Result<T, Exit> {
    loop {
        let answer = line(question, default, context)?;
        match take(&answer, context) {
            Ok(taken) => return Ok(taken),
            Err(why) => context.out.warn(&why),
        }
    }
}

/// One line, without blanks around it.
fn line(question: &str, default: &str, context: &mut Context<'_>) -> Result<String, Exit> {
    let shown = if default.is_empty() {
        question.to_owned()
    } else {
        format!("{question} [{default}]")
    };
    let answer = context.out.ask(&shown, context.interrupt);
    let answer = answer.map_err(|error| ended(&error))?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_owned())
}

fn secret(question: &str, context: &mut Context<'_>) -> Result<Secret, Exit> {
    let _ = context.out.flush();
    prompt::ask(question).map_err(|error| ended(&error))
}

fn ended(error: &std::io::Error) -> Exit {
    match error.kind() {
        ErrorKind::Interrupted | ErrorKind::UnexpectedEof => Exit::Interrupted,
        _ => Exit::Setup,
    }
}

/// A file and its password, both asked for again until the one opens the other.
fn file(store: Store, context: &mut Context<'_>) -> Result<File, Exit> {
    let (kind, usual) = match store {
        Store::Cluster => ("Cluster certificate", "cluster.p12"),
        Store::User => ("User certificate", "user.p12"),
    };
    loop {
        let default = if context.env.cwd.join(usual).is_file() {
            usual
        } else {
            ""
        };
        let path = until(&format!("{kind}, the file"), default, context, existing)?;
        let password = secret(&format!("{kind}, its password (not shown)"), context)?;
        let one = tls::StoreFile {
            path: path.clone(),
            password: Some(password.clone()),
            password_hint: "the password that the portal shows beside it".to_owned(),
        };
        let read = match store {
            Store::Cluster => tls::load(Some(&one), None),
            Store::User => tls::load(None, Some(&one)),
        };
        match read {
            Ok(_) => return Ok(File { path, password }),
            Err(faults) => connect::show_faults(faults, context),
        }
    }
}

fn existing(text: &str, context: &Context<'_>) -> Result<PathBuf, String> {
    let text = some(text, "the file that was downloaded from the portal")?;
    let path = expand(text.as_ref(), &context.env.cwd, context.env.home.as_deref())?;
    if path.is_file() {
        return Ok(path);
    }
    Err(format!("there is no file {}", path.display()))
}
