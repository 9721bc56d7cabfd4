//! `config init`: asks for what the portal shows, tries it as `verify` does, and keeps it as a profile.
//! It needs a terminal; without one it shows the section to write.

mod keep;
mod questions;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli;
use crate::commands::{Context, connect, tail, verify};
use crate::settings::{World, profile};
use crate::util::exit::Exit;
use crate::util::secret::Secret;

/// What was answered.
pub(super) struct Answers {
    pub brokers: String,
    pub topic: String,
    pub group_prefix: String,
    pub cluster: File,
    pub user: File,
    /// Empty where the HTTP API is left out.
    pub url: String,
    pub api_key: Option<Secret>,
}

/// One of the two files.
pub(super) struct File {
    /// Absolute.
    pub path: PathBuf,
    pub password: Secret,
}

/// What to write where nobody can be asked.
const SECTION: &str = "\
brokers = \"HOST:443\"
topic = \"TOPIC\"
group-prefix = \"PREFIX\"
cluster-cert = \"cluster.p12\"
cluster-cert-password-file = \"cluster.password\"
user-cert = \"user.p12\"
user-cert-password-file = \"user.password\"";

/// Runs the command.
pub fn run(typed: &cli::Init, context: &mut Context<'_>) -> Exit {
    let Some(path) = profile::file(&connect::world(context)) else {
        return tail::usage(
            context,
            "config init",
            "there is no home folder: set HOME or XDG_CONFIG_HOME",
        );
    };
    let name = typed.profile.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return tail::usage(context, "config init", "a profile needs a name");
    }
    if !(context.env.stdin_terminal && context.env.stderr_terminal) {
        let why = "it asks questions, and there is no terminal";
        let exit = tail::usage(context, "config init", why);
        let path = path.display();
        context.out.warn(&format!(
            "write this to {path} (chmod 600) in its place, paths relative to it:"
        ));
        context.out.warn(&format!("[{name}]\n{SECTION}"));
        return exit;
    }
    match dialogue(name, &path, context) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn dialogue(name: &str, path: &Path, context: &mut Context<'_>) -> Result<Exit, Exit> {
    context.out.warn(&format!(
        "makes the profile {name} in {} of what the Ditto portal shows (Live Query Settings)",
        path.display()
    ));
    context
        .out
        .warn("Enter takes what stands in [brackets]; Ctrl-C leaves everything as it is");
    let known = profile::names(&connect::world(context));
    let there = known.iter().any(|known| known == name);
    if there
        && !questions::yes(
            &format!("Profile {name} is there already. Replace it?"),
            false,
            context,
        )?
    {
        return Ok(Exit::Fine);
    }
    let answers = questions::all(context)?;
    context.out.warn("trying it, as `ditto-cdc verify` does:");
    let tried = try_it(&answers, context);
    if tried == Exit::Interrupted {
        return Err(tried);
    }
    if tried != Exit::Fine
        && !questions::yes(
            "It does not work yet. Keep the profile all the same?",
            false,
            context,
        )?
    {
        return Ok(tried);
    }
    keep::keep(name, path, &answers, context)?;
    context.out.note(&format!(
        "use it: ditto-cdc tail --profile {0}, or export DITTO_CDC_PROFILE={0}",
        crate::util::shell::quoted(name)
    ));
    Ok(tried)
}

/// Runs `verify` in a world whose variables are the answers, and nothing else.
fn try_it(answers: &Answers, context: &mut Context<'_>) -> Exit {
    let Ok(nothing) = tempfile::NamedTempFile::new() else {
        return tail::usage(
            context,
            "config init",
            "there is no place for temporary files",
        );
    };
    let set = variables(answers);
    let outer = context.var;
    let var = |name: &str| -> Option<OsString> {
        let found = set.iter().find(|(known, _)| *known == name);
        match found {
            Some((_, value)) => Some(value.clone()),
            None if World::reads(name) => None,
            None => outer(name),
        }
    };
    let typed = cli::Verify {
        json: false,
        redact: false,
        wait: None,
        round_trip: None,
        connection: cli::Connection {
            // What stands in a `.env` here is no answer.
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
        (
            "DITTO_CDC_CLUSTER_CERT_PASSWORD",
            answers.cluster.password.expose().into(),
        ),
        ("DITTO_CDC_USER_CERT", answers.user.path.clone().into()),
        (
            "DITTO_CDC_USER_CERT_PASSWORD",
            answers.user.password.expose().into(),
        ),
        ("DITTO_CDC_URL", answers.url.clone().into()),
    ];
    if !answers.group_prefix.is_empty() {
        // Any group that starts so must be allowed; none is joined.
        let group = format!("{}ditto-cdc", answers.group_prefix);
        set.push(("DITTO_CDC_GROUP", group.into()));
    }
    if let Some(key) = &answers.api_key {
        set.push(("DITTO_CDC_API_KEY", key.expose().into()));
    }
    set
}
