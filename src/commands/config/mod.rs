//! `config`: each setting, its value, where it came from and what lost to it; never a secret.
//! How values are found is decided in `settings`; commands and key stores of a profile are not asked.

mod init;

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::{Context, connect};
use crate::cli;
use crate::settings::{Settings, Shown, Value, World, profile};
use crate::util::exit::Exit;
use crate::view::escape;

/// Runs the command.
pub fn run(typed: &cli::Config, context: &mut Context<'_>) -> Exit {
    if let Some(cli::ConfigAction::Init(init)) = &typed.action {
        return init::run(init, context);
    }
    let mut settings = match connect::look(&typed.connection, Some(&typed.api), context) {
        Ok(settings) => settings,
        Err(wrong) => return connect::say(context, &wrong),
    };
    let astray = [settings.misdirected_key(), settings.misdirected_login()];
    let astray = astray.into_iter().flatten().map(|wrong| wrong.what);
    settings.warnings.extend(astray);
    let text = if typed.json {
        let mut text = as_json(&settings, context).to_string().into_bytes();
        text.push(b'\n');
        text
    } else {
        as_lines(&settings.list()).into_bytes()
    };
    let exit = context.out.print_text(&text);
    if !typed.json {
        say_the_rest(&settings, context);
    }
    exit
}

/// Name and value side by side, the origin and what it shadows below.
fn as_lines(list: &[Shown]) -> String {
    let longest = list.iter().map(|shown| shown.name.len()).max();
    let width = longest.unwrap_or(0);
    let mut text = String::new();
    for shown in list {
        let value = escape::text(&words(&shown.value));
        let _ = writeln!(text, "{:width$}  {value}", shown.name);
        let origin = shown.origin.iter().map(|origin| ("from", origin));
        let shadowed = shown.shadowed.iter().map(|origin| ("shadows", origin));
        for (word, origin) in origin.chain(shadowed) {
            let origin = escape::text(&origin.to_string());
            let _ = writeln!(text, "{:width$}    {word} {origin}", "");
        }
    }
    text
}

fn words(value: &Value) -> String {
    match value {
        Value::Unset => "-".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Set => "set".to_owned(),
        Value::Asked(whom) => format!("asked of {whom} when it is needed"),
    }
}

fn as_json(settings: &Settings, context: &Context<'_>) -> Json {
    let list = settings.list();
    let rows = list.iter().map(|shown| {
        let secret = matches!(shown.value, Value::Set | Value::Asked(_));
        let value = (shown.value != Value::Unset).then(|| words(&shown.value));
        let shadows: Vec<String> = shown.shadowed.iter().map(ToString::to_string).collect();
        json!({
            "name": shown.name,
            "value": value,
            "secret": secret,
            "origin": shown.origin.as_ref().map(ToString::to_string),
            "shadows": shadows,
        })
    });
    let world = connect::world(context);
    json!({
        "settings": rows.collect::<Vec<Json>>(),
        "profiles": profile::names(&world),
        "profilesFile": profiles_file(&world),
        "warnings": settings.warnings,
        "notes": settings.notes,
    })
}

fn profiles_file(world: &World<'_>) -> Option<String> {
    profile::file(world).map(|path| path.display().to_string())
}

fn say_the_rest(settings: &Settings, context: &mut Context<'_>) {
    for warning in &settings.warnings {
        context.out.warn(warning);
    }
    for note in &settings.notes {
        context.out.note(note);
    }
    let world = connect::world(context);
    let (names, file) = (profile::names(&world), profiles_file(&world));
    if let Some(file) = file.filter(|_| !names.is_empty()) {
        let names = names.join(", ");
        context.out.note(&format!("profiles in {file}: {names}"));
    }
}
