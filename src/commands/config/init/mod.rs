//! `config init`: asks for the settings that the portal shows, tests them as `verify` does, and saves them as a profile.

mod checks;
mod questions;
mod template;

use std::ffi::OsString;
use std::path::Path;

use self::questions::{Answers, Reply, Start};
use crate::cli;
use crate::commands::{Context, connect, verify};
use crate::settings::{Environment, key_store, profile, profile_write};
use crate::util::exit::Exit;
use crate::util::secret::Secret;

/// Runs the command.
pub fn run(typed: &cli::Init, context: &mut Context<'_>) -> Exit {
    let Some(path) = profile::path(&connect::environment(context)) else {
        return context.usage_error(
            "config init",
            "the home folder is unknown: set HOME or XDG_CONFIG_HOME",
        );
    };
    let name = match checks::profile_name(typed.profile.trim()) {
        Ok(name) => name,
        Err(why) => return context.usage_error("config init", &why),
    };
    if !(context.env.stdin_terminal && context.env.stderr_terminal) {
        let template = template::text(&name, &path);
        let _ = context.out.print_text(template.as_bytes());
        return context.usage_error(
            "config init",
            "config init asks questions, but there is no terminal; standard output has a template to fill in instead",
        );
    }
    match dialogue(&name, &path, context) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn dialogue(name: &str, path: &Path, context: &mut Context<'_>) -> Result<Exit, Exit> {
    context.out.warn(&format!(
        "creating the profile {name} in {} from what the Ditto portal shows (Live Query Settings)",
        path.display()
    ));
    context
        .out
        .warn("Enter accepts the value in [brackets]; < goes back to the previous question; Ctrl-C quits without changes");
    let known = profile::names(&connect::environment(context));
    if known.iter().any(|known| known == name) {
        let question = format!("Profile {name} already exists. Replace it?");
        if questions::confirm(&question, false, context)? != Reply::Value(true) {
            return Ok(Exit::Success);
        }
    }
    let mut answers = Answers::default();
    let mut start = Start::First;
    let (verified, in_store) = loop {
        questions::ask_all(&mut answers, start, context)?;
        start = Start::Last;
        context
            .out
            .warn("testing the settings, as `ditto-cdc verify` does:");
        let verified = verify_answers(&answers, context);
        if verified == Exit::Interrupted {
            return Err(verified);
        }
        if verified != Exit::Success {
            let question = "The test failed. Save the profile anyway? (< goes back)";
            match questions::confirm(question, false, context)? {
                Reply::Value(true) => {}
                Reply::Value(false) => return Ok(verified),
                Reply::Back => continue,
            }
        }
        if let Reply::Value(in_store) = confirm_key_store(context)? {
            break (verified, in_store);
        }
    };
    save_profile(name, path, &answers, in_store, context)?;
    context.out.note(&format!(
        "to use it: ditto-cdc tail --profile {0}, or export DITTO_CDC_PROFILE={0}",
        crate::util::shell::quoted(name)
    ));
    Ok(verified)
}

/// Writes the profile.
fn save_profile(
    name: &str,
    path: &Path,
    answers: &Answers,
    in_store: bool,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let mut lines = Vec::new();
    for (setting, text) in [
        ("brokers", answers.brokers.clone()),
        ("topic", answers.topic.clone()),
        ("group-prefix", answers.group_prefix.clone()),
        ("cluster-cert", answers.cluster.path.display().to_string()),
        ("user-cert", answers.user.path.display().to_string()),
        ("url", answers.url.clone()),
    ] {
        if !text.is_empty() {
            lines.push((setting.to_owned(), text));
        }
    }
    for (setting, secret) in [
        ("cluster-cert-password", answers.cluster.password.as_ref()),
        ("user-cert-password", answers.user.password.as_ref()),
        ("api-key", answers.used_api_key()),
    ] {
        let Some(secret) = secret else { continue };
        lines.push(secret_line(name, setting, secret, in_store, context)?);
    }
    profile_write::write(path, name, &lines)
        .map_err(|error| connect::report_error(context, &error))?;
    context.out.note(&format!(
        "saved profile {name} in {}, which only you can read",
        path.display()
    ));
    Ok(())
}

/// The line of a secret: the secret, or the name of its entry in the key store.
fn secret_line(
    profile: &str,
    setting: &str,
    secret: &Secret,
    in_store: bool,
    context: &mut Context<'_>,
) -> Result<(String, String), Exit> {
    if !in_store {
        return Ok((setting.to_owned(), secret.expose().to_owned()));
    }
    let entry = format!("{profile}/{setting}");
    key_store::set(&entry, secret).map_err(|error| connect::report_error(context, &error))?;
    Ok((format!("{setting}-keyring"), entry))
}

fn confirm_key_store(context: &mut Context<'_>) -> Result<Reply<bool>, Exit> {
    if !key_store::is_available() {
        context.out.note("this session has no key store, so the passwords are saved in the file, which only you can read");
        return Ok(Reply::Value(false));
    }
    questions::confirm(
        "Save the passwords in the system's key store? (no: in the file, which only you can read)",
        true,
        context,
    )
}

/// Runs `verify` with an environment that has only the answers as settings.
fn verify_answers(answers: &Answers, context: &mut Context<'_>) -> Exit {
    let Ok(nothing) = tempfile::NamedTempFile::new() else {
        return context.usage_error("config init", "cannot create a temporary file");
    };
    let set = variables(answers);
    let outer = context.var;
    let var = |name: &str| -> Option<OsString> {
        let found = set.iter().find(|(known, _)| *known == name);
        match found {
            Some((_, value)) => Some(value.clone()),
            None if Environment::reads(name) => None,
            None => outer(name),
        }
    };
    let typed = cli::Verify {
        json: false,
        redact: false,
        state: None,
        wait: None,
        round_trip: None,
        connection: cli::Connection {
            // An empty file, so that `.env` in the working folder is not read.
            env_file: Some(nothing.path().to_owned()),
            ..cli::Connection::default()
        },
        api: cli::Api::default(),
    };
    let mut inner = Context {
        global: context.global,
        env: context.env,
        var: &var,
        interrupt: context.interrupt,
        out: context.out,
    };
    verify::run(&typed, &mut inner)
}

fn variables(answers: &Answers) -> Vec<(&'static str, OsString)> {
    let mut set: Vec<(&'static str, OsString)> = vec![
        ("DITTO_CDC_BROKERS", answers.brokers.clone().into()),
        ("DITTO_CDC_TOPIC", answers.topic.clone().into()),
        (
            "DITTO_CDC_CLUSTER_CERT",
            answers.cluster.path.clone().into(),
        ),
        ("DITTO_CDC_USER_CERT", answers.user.path.clone().into()),
        ("DITTO_CDC_URL", answers.url.clone().into()),
    ];
    if !answers.group_prefix.is_empty() {
        // Any group with this prefix must be allowed; none is joined.
        let group = format!("{}ditto-cdc", answers.group_prefix);
        set.push(("DITTO_CDC_GROUP", group.into()));
    }
    for (name, secret) in [
        (
            "DITTO_CDC_CLUSTER_CERT_PASSWORD",
            answers.cluster.password.as_ref(),
        ),
        (
            "DITTO_CDC_USER_CERT_PASSWORD",
            answers.user.password.as_ref(),
        ),
        ("DITTO_CDC_API_KEY", answers.used_api_key()),
    ] {
        set.extend(secret.map(|secret| (name, secret.expose().into())));
    }
    set
}
