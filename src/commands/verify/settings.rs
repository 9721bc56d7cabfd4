//! Checks of the settings: each value with its source; secrets without their value.

use std::path::Path;

use crate::settings::{Displayed, DisplayedValue, Origin, Protocol, Setting, Settings};
use crate::util::env::Env;
use crate::verify::check::Check;
use crate::verify::check::redact::NameKind;

const NAME: &str = "settings";

/// One check for each value and for each warning.
pub(super) fn checks(settings: &Settings) -> Vec<Check> {
    let brokers = settings
        .brokers
        .as_ref()
        .map(|brokers| value("brokers", brokers, &settings.displayed_brokers(brokers)));
    let values = [
        brokers,
        shown("topic", settings.topic.as_ref(), settings),
        shown("group", settings.group.as_ref(), settings),
        shown(
            "cluster certificate",
            settings.cluster_cert.as_ref(),
            settings,
        ),
        secret(
            "cluster certificate's password",
            settings.cluster_cert_password.as_ref(),
        ),
        shown("user certificate", settings.user_cert.as_ref(), settings),
        secret(
            "user certificate's password",
            settings.user_cert_password.as_ref(),
        ),
        shown("url", settings.url.as_ref(), settings),
        secret("API key", settings.api_key.as_ref()),
    ];
    let mut checks: Vec<Check> = values.into_iter().flatten().collect();
    let extra = settings.extra.iter();
    checks.extend(extra.map(|property| {
        // Any property may contain a secret, so only its name is printed.
        Check::pass(
            NAME,
            format!("{} is set ({})", property.shown_name(), property.origin),
        )
    }));
    let warnings = settings.warnings.iter();
    checks.extend(warnings.map(|warning| Check::warn(NAME, warning)));
    checks
}

/// One failed check for each missing setting.
pub(super) fn missing(settings: &Settings, protocol: Protocol) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Err(wrong) = settings.protocol() {
        checks.push(Check::fail_unnumbered(NAME, wrong.what).fix(wrong.fix));
    }
    for sentence in settings.missing(protocol) {
        let (what, ways) = sentence.split_once(": ").unwrap_or((&sentence, ""));
        checks.push(Check::fail_unnumbered(NAME, what).fix(ways));
    }
    if let Some(hint) = settings.profile_hint().filter(|_| !checks.is_empty()) {
        checks.push(Check::warn(NAME, "no profile is selected").fix(hint));
    }
    let key_withheld = settings.key_to_untrusted_url().is_some();
    if settings.url.is_some() && settings.api_key.is_none() && !key_withheld {
        checks.push(
            Check::warn(NAME, "the url is set, but the API key is not")
                .fix("give --api-key-file or DITTO_CDC_API_KEY"),
        );
    }
    checks
}

fn shown<T: Displayed>(
    name: &str,
    setting: Option<&Setting<T>>,
    settings: &Settings,
) -> Option<Check> {
    let setting = setting?;
    Some(value(name, setting, &settings.displayed(setting)))
}

fn value<T>(name: &str, setting: &Setting<T>, value: &DisplayedValue) -> Check {
    let origins = origins(&setting.origin, &setting.shadowed);
    let message = format!("{name} is {value} ({origins})");
    let check = detailed(Check::pass(NAME, message), name, setting);
    match value {
        DisplayedValue::Text(text) => check.detail("value", text.clone()),
        DisplayedValue::Secret | DisplayedValue::Hidden(_) => check,
    }
}

fn secret<T>(name: &str, setting: Option<&Setting<T>>) -> Option<Check> {
    let setting = setting?;
    let message = format!(
        "{name} is set ({})",
        origins(&setting.origin, &setting.shadowed)
    );
    Some(detailed(Check::pass(NAME, message), name, setting))
}

fn detailed<T>(check: Check, name: &str, setting: &Setting<T>) -> Check {
    let shadowed: Vec<String> = setting.shadowed.iter().map(Origin::to_string).collect();
    check
        .detail("setting", name)
        .detail("origin", setting.origin.to_string())
        .detail("shadowed", shadowed)
}

fn origins(origin: &Origin, shadowed: &[Origin]) -> String {
    let others: Vec<String> = shadowed.iter().map(Origin::to_string).collect();
    if others.is_empty() {
        return origin.to_string();
    }
    format!("{origin}; overrides {}", others.join(" and "))
}

/// The names in the settings that identify a customer.
pub(super) fn customer_names(settings: &Settings) -> Vec<(NameKind, String)> {
    let mut names = Vec::new();
    let mut add = |kind, text: &str| names.push((kind, text.to_owned()));
    for broker in settings.brokers.iter().flat_map(|one| one.value.split(',')) {
        let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
        add(NameKind::Host, host.trim_matches(['[', ']', ' ']));
    }
    if let Some(topic) = &settings.topic {
        add(NameKind::Topic, &topic.value);
    }
    if let Some(group) = &settings.group {
        add(NameKind::Group, &group.value);
    }
    if let Some(url) = &settings.url {
        let shown = url.value.to_string();
        let rest = shown.split_once("://").map_or(&*shown, |(_, rest)| rest);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        add(NameKind::Host, host.split(':').next().unwrap_or(host));
        path.split('/').for_each(|part| add(NameKind::Id, part));
    }
    let files = settings.cluster_cert.iter().chain(&settings.user_cert);
    for folder in files.filter_map(|file| file.value.parent()) {
        add(NameKind::Folder, &folder.display().to_string());
    }
    names
}

/// The folders that identify a customer: home and current folder.
pub(super) fn customer_folders(env: &Env) -> Vec<(NameKind, String)> {
    let folders = env.home.as_deref().into_iter().chain([env.cwd.as_path()]);
    let folders = folders.filter(|folder| *folder != Path::new("/"));
    let named = folders.map(|folder| (NameKind::Folder, folder.display().to_string()));
    named.collect()
}
