//! Every source of every setting against every other: who wins, and who is named as shadowed.
//! The names come from the table itself, so a new setting is tried without a new test.

use std::path::PathBuf;

use super::Scene;
use crate::settings::definitions::{Form, Key, ROWS, Row};
use crate::settings::{Origin, Setting, Settings, Typed};
use crate::util::secret::Secret;

#[test]
fn every_setting_prefers_every_source_over_all_below_it() {
    for row in ROWS {
        let rungs = ladder(row);
        for (index, (expected, _)) in rungs.iter().enumerate() {
            let mut set = Rungs::default();
            rungs.iter().skip(index).for_each(|(_, add)| add(&mut set));
            let settings = set.scene(row).resolve().unwrap();
            let (value, origin, shadowed) = shown(&settings, row.key).unwrap();
            assert_eq!(&origin, expected, "{}", row.flag);
            assert_eq!(shadowed, rungs.len() - index - 1, "{expected}");
            let name = expected.rsplit(' ').next().unwrap().trim_start_matches('-');
            assert!(
                value.ends_with(&format!("-{name}:1")),
                "{expected}: {value}"
            );
        }
    }
}

#[test]
fn an_empty_value_counts_as_unset_except_a_password() {
    for row in ROWS {
        let name = row.variables.first().unwrap();
        let next = row.variables.get(1).unwrap_or(name);
        let scene = Scene::new()
            .var(name, "")
            .file(".env", format!("{next}=x:1\n"));
        let settings = scene.resolve().unwrap();
        let (value, _, shadowed) = shown(&settings, row.key).unwrap();
        let counts = row.is_password && row.key != Key::ApiSecret;
        let expected = if counts { ("", 1) } else { ("x:1", 0) };
        assert_eq!((value.as_str(), shadowed), expected, "{name}");
    }
}

/// Value (for a path its last part), origin and the number of shadowed sources.
fn shown(settings: &Settings, key: Key) -> Option<(String, String, usize)> {
    fn of<T>(
        setting: Option<&Setting<T>>,
        value: impl Fn(&T) -> String,
    ) -> Option<(String, String, usize)> {
        let setting = setting?;
        let origin = match &setting.origin {
            Origin::EnvFile { name, .. } => format!("env file {name}"),
            Origin::Profile { name, .. } => format!("profile {name}"),
            Origin::Properties { name, .. } => format!("properties {name}"),
            other => other.to_string(),
        };
        Some((value(&setting.value), origin, setting.shadowed.len()))
    }
    let last = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let secret = |secret: &Secret| secret.expose().to_owned();
    match key {
        Key::Brokers => of(settings.brokers.as_ref(), String::clone),
        Key::Topic => of(settings.topic.as_ref(), String::clone),
        Key::Group => of(settings.group.as_ref(), String::clone),
        Key::ClusterCert => of(settings.cluster_cert.as_ref(), last),
        Key::ClusterCertPassword => of(settings.cluster_cert_password.as_ref(), secret),
        Key::UserCert => of(settings.user_cert.as_ref(), last),
        Key::UserCertPassword => of(settings.user_cert_password.as_ref(), secret),
        Key::Url => of(settings.url.as_ref(), String::clone),
        Key::ApiSecret => of(settings.api_key.as_ref(), secret),
    }
}

fn set_flag(typed: &mut Typed, key: Key, value: &str) {
    match key {
        Key::Brokers => typed.brokers = Some(value.to_owned()),
        Key::Topic => typed.topic = Some(value.to_owned()),
        Key::Group => typed.group = Some(value.to_owned()),
        Key::ClusterCert => typed.cluster_cert = Some(value.into()),
        Key::ClusterCertPassword => typed.cluster_cert_password_file = Some(value.into()),
        Key::UserCert => typed.user_cert = Some(value.into()),
        Key::UserCertPassword => typed.user_cert_password_file = Some(value.into()),
        Key::Url => typed.url = Some(value.to_owned()),
        Key::ApiSecret => typed.api_key_file = Some(value.into()),
    }
}

/// The origin that a source is shown as, and what switches the source on.
type Rung = (String, Box<dyn Fn(&mut Rungs)>);

/// Every source of a setting in the order of rank, best first.
fn ladder(row: &'static Row) -> Vec<Rung> {
    let mut ladder: Vec<Rung> = Vec::new();
    for name in row.properties {
        let add = move |r: &mut Rungs| r.options.push((*name).to_owned());
        ladder.push((format!("flag -X {name}"), Box::new(add)));
    }
    ladder.push((format!("flag {}", row.flag), Box::new(|r| r.flag = true)));
    for name in row.variables {
        let add = move |r: &mut Rungs| r.variables.push((*name).to_owned());
        ladder.push((format!("environment {name}"), Box::new(add)));
    }
    for name in row.variables.iter().chain(row.only_env_file) {
        let add = move |r: &mut Rungs| r.env_file.push((*name).to_owned());
        ladder.push((format!("env file {name}"), Box::new(add)));
    }
    let own = row
        .profile_names()
        .filter(|(_, form)| !matches!(form, Form::Command | Form::KeyStore));
    for (name, _) in own {
        let shown = format!("profile {name}");
        ladder.push((
            shown,
            Box::new(move |r: &mut Rungs| r.profile.push(name.clone())),
        ));
    }
    for name in row.properties.iter().chain(row.only_java) {
        let add = move |r: &mut Rungs| r.properties.push((*name).to_owned());
        ladder.push((format!("properties {name}"), Box::new(add)));
    }
    ladder
}

/// The sources that are set in one try of the ladder.
#[derive(Default)]
struct Rungs {
    options: Vec<String>,
    flag: bool,
    variables: Vec<String>,
    env_file: Vec<String>,
    profile: Vec<String>,
    properties: Vec<String>,
}

impl Rungs {
    /// A scene in which every source carries a value that says which source it is.
    fn scene(&self, row: &Row) -> Scene {
        let lines = |names: &[String], tag: &str| -> String {
            let lines = names
                .iter()
                .map(|name| format!("{name}={}\n", value(tag, name)));
            lines.collect()
        };
        let profile: Vec<String> = self
            .profile
            .iter()
            .map(|name| format!("{name} = \"{}\"\n", value("t", name)))
            .collect();
        let mut scene = Scene::new()
            .file(
                "home/.config/ditto-cdc.toml",
                format!("[mine]\n{}", profile.concat()),
            )
            .file(".env", lines(&self.env_file, "e"))
            .file("c.properties", lines(&self.properties, "p"))
            .file(&value("f", row.flag), value("f", row.flag))
            .typed(|typed| typed.properties = Some("c.properties".into()))
            .typed(|typed| typed.profile = Some("mine".into()));
        for name in self.profile.iter().filter(|name| name.ends_with("-file")) {
            let file = value("t", name);
            scene = scene.file(&format!("home/.config/{file}"), &file);
        }
        for name in &self.variables {
            scene = scene.var(name, value("v", name));
        }
        // The last -X of a kind wins, so the better rung is typed last.
        for name in self.options.iter().rev() {
            scene = scene.option(&format!("{name}={}", value("x", name)));
        }
        if self.flag {
            scene = scene.typed(|typed| set_flag(typed, row.key, &value("f", row.flag)));
        }
        scene
    }
}

/// A value that suits every kind of setting, also a list of brokers.
fn value(tag: &str, name: &str) -> String {
    format!("{tag}-{}:1", name.trim_start_matches('-'))
}
