//! `config`: shows each setting with its source and the sources that it overrides, without secrets.

mod init;

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::{Context, connect};
use crate::cli;
use crate::settings::{DisplayedValue, Environment, ListedSetting, ListedValue, Settings, profile};
use crate::util::exit::Exit;
use crate::view::escape;

/// Runs the command.
pub fn run(typed: &cli::Config, context: &mut Context<'_>) -> Exit {
    if let Some(cli::ConfigAction::Init(init)) = &typed.action {
        return init::run(init, context);
    }
    let mut settings =
        match connect::resolve_without_secrets(&typed.connection, Some(&typed.api), context) {
            Ok(settings) => settings,
            Err(error) => return connect::report_error(context, &error),
        };
    let untrusted = [
        settings.key_to_untrusted_url(),
        settings.login_to_untrusted_brokers(),
    ];
    for error in untrusted.into_iter().flatten() {
        let error = error.without(&settings.known_secrets);
        settings.warnings.push(error.what);
    }
    context.out.hide(&settings.known_secrets);
    let text = if typed.json {
        let (json, mut text) = (as_json(&settings, context).to_string(), Vec::new());
        escape::push_json_line(json.as_bytes(), context.env.stdout_terminal, &mut text);
        text
    } else {
        as_lines(&settings.list()).into_bytes()
    };
    let exit = context.out.print_text(&text);
    if !typed.json {
        report_warnings(&settings, context);
    }
    exit
}

/// Name and value side by side, then one line each for the source and the overridden sources.
fn as_lines(list: &[ListedSetting]) -> String {
    let longest = list.iter().map(|shown| shown.name.len()).max();
    let width = longest.unwrap_or(0);
    let mut text = String::new();
    for shown in list {
        let value = escape::text(&format_value(&shown.value));
        let _ = writeln!(text, "{:width$}  {value}", shown.name);
        let origin = shown.origin.iter().map(|origin| ("from", origin));
        let shadowed = shown.shadowed.iter().map(|origin| ("overrides", origin));
        for (word, origin) in origin.chain(shadowed) {
            let origin = escape::text(&origin.to_string());
            let _ = writeln!(text, "{:width$}    {word} {origin}", "");
        }
    }
    text
}

fn format_value(value: &ListedValue) -> String {
    match value {
        ListedValue::Unset => "-".to_owned(),
        ListedValue::Set(value) => value.to_string(),
        ListedValue::Deferred(source) => format!("read from {source} when it is needed"),
    }
}

fn as_json(settings: &Settings, context: &Context<'_>) -> Json {
    let list = settings.list();
    let rows = list.iter().map(|shown| {
        let secret = match &shown.value {
            ListedValue::Unset => false,
            ListedValue::Set(value) => !matches!(value, DisplayedValue::Text(_)),
            ListedValue::Deferred(_) => true,
        };
        let value = (shown.value != ListedValue::Unset).then(|| format_value(&shown.value));
        let shadows: Vec<String> = shown.shadowed.iter().map(ToString::to_string).collect();
        json!({
            "name": shown.name,
            "value": value,
            "secret": secret,
            "origin": shown.origin.as_ref().map(ToString::to_string),
            "shadows": shadows,
        })
    });
    let environment = connect::environment(context);
    json!({
        "settings": rows.collect::<Vec<Json>>(),
        "profiles": profile::names(&environment),
        "profilesFile": profiles_file(&environment),
        "warnings": settings.warnings,
        "notes": settings.notes,
    })
}

fn profiles_file(environment: &Environment<'_>) -> Option<String> {
    profile::path(environment).map(|path| path.display().to_string())
}

fn report_warnings(settings: &Settings, context: &mut Context<'_>) {
    for warning in &settings.warnings {
        context.out.warn(warning);
    }
    for note in &settings.notes {
        context.out.note(note);
    }
    let environment = connect::environment(context);
    let (names, file) = (profile::names(&environment), profiles_file(&environment));
    if let Some(file) = file.filter(|_| !names.is_empty()) {
        let names = names.join(", ");
        context.out.note(&format!("profiles in {file}: {names}"));
    }
}
