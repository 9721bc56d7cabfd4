//! Precedence of every source of every setting over every other, and the overridden sources.
//! The names come from the definitions, so that a new setting is tested without a new test.

use std::path::PathBuf;

use super::Scene;
use crate::settings::definitions::{DEFINITIONS, Definition, Key, ValueForm};
use crate::settings::{Flags, Origin, Setting, Settings};
use crate::util::secret::Secret;

#[test]
fn every_setting_prefers_every_source_over_all_below_it() {
    for definition in DEFINITIONS {
        let rungs = ladder(definition);
        for (index, (expected, _)) in rungs.iter().enumerate() {
            let mut set = Rungs::default();
            rungs.iter().skip(index).for_each(|(_, add)| add(&mut set));
            let settings = set.scene(definition).resolve().unwrap();
            let (value, origin, shadowed) = shown(&settings, definition.key).unwrap();
            assert_eq!(&origin, expected, "{}", definition.flag);
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
    for definition in DEFINITIONS {
        let name = definition.variables.first().unwrap();
        let next = definition.variables.get(1).unwrap_or(name);
        let scene = Scene::new()
            .var(name, "")
            .file(".env", format!("{next}=x:1\n"));
        let settings = scene.resolve().unwrap();
        let (value, _, shadowed) = shown(&settings, definition.key).unwrap();
        let counts = definition.is_password && definition.key != Key::ApiSecret;
        let expected = if counts { ("", 1) } else { ("x:1", 0) };
        assert_eq!((value.as_str(), shadowed), expected, "{name}");
    }
}

/// Value (of a path: its last component), source and the number of overridden sources.
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
        Key::Url => of(settings.url.as_ref(), |url| url.expose().to_owned()),
        Key::ApiSecret => of(settings.api_key.as_ref(), secret),
    }
}

fn set_flag(typed: &mut Flags, key: Key, value: &str) {
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

/// The display of a source, and the function that adds it to a scene.
type Rung = (String, Box<dyn Fn(&mut Rungs)>);

/// Every source of a setting, by descending precedence.
fn ladder(definition: &'static Definition) -> Vec<Rung> {
    let mut ladder: Vec<Rung> = Vec::new();
    for name in definition.properties {
        let add = move |r: &mut Rungs| r.options.push((*name).to_owned());
        ladder.push((format!("flag -X {name}"), Box::new(add)));
    }
    ladder.push((
        format!("flag {}", definition.flag),
        Box::new(|r| r.flag = true),
    ));
    for name in definition.variables {
        let add = move |r: &mut Rungs| r.variables.push((*name).to_owned());
        ladder.push((format!("environment {name}"), Box::new(add)));
    }
    for name in definition.variables.iter().chain(definition.only_env_file) {
        let add = move |r: &mut Rungs| r.env_file.push((*name).to_owned());
        ladder.push((format!("env file {name}"), Box::new(add)));
    }
    let own = definition
        .profile_names()
        .filter(|(_, form)| !matches!(form, ValueForm::Command | ValueForm::KeyStore));
    for (name, _) in own {
        let shown = format!("profile {name}");
        ladder.push((
            shown,
            Box::new(move |r: &mut Rungs| r.profile.push(name.clone())),
        ));
    }
    for name in definition.properties.iter().chain(definition.only_java) {
        let add = move |r: &mut Rungs| r.properties.push((*name).to_owned());
        ladder.push((format!("properties {name}"), Box::new(add)));
    }
    ladder
}

/// The sources that are set in one run.
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
    /// A scene in which the value of each source identifies it.
    fn scene(&self, definition: &Definition) -> Scene {
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
            .file(&value("f", definition.flag), value("f", definition.flag))
            .flags(|typed| typed.properties = Some("c.properties".into()))
            .flags(|typed| typed.profile = Some("mine".into()));
        for name in self.profile.iter().filter(|name| name.ends_with("-file")) {
            let file = value("t", name);
            scene = scene.file(&format!("home/.config/{file}"), &file);
        }
        for name in &self.variables {
            scene = scene.var(name, value("v", name));
        }
        // The last -X takes precedence, so the source of higher precedence comes last.
        for name in self.options.iter().rev() {
            scene = scene.option(&format!("{name}={}", value("x", name)));
        }
        if self.flag {
            scene =
                scene.flags(|typed| set_flag(typed, definition.key, &value("f", definition.flag)));
        }
        scene
    }
}

/// A value that is valid for every setting, including a list of brokers.
fn value(tag: &str, name: &str) -> String {
    format!("{tag}-{}:1", name.trim_start_matches('-'))
}
