//! Profiles: selection, names, secret sources, and malformed files.

use super::Scene;
use crate::settings::{ListedValue, SecretScope, Settings};

const FILE: &str = "home/.config/ditto-cdc.toml";

fn scene(text: &str) -> Scene {
    let scene = Scene::new().file(FILE, text);
    private(&scene);
    scene.flags(|typed| typed.profile = Some("p".to_owned()))
}

#[cfg(unix)]
fn chmod(scene: &Scene, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(scene.path(FILE), mode).unwrap();
}

fn private(scene: &Scene) {
    #[cfg(unix)]
    chmod(scene, 0o600);
}

#[test]
fn flag_variable_and_env_file_choose_in_this_order() {
    let text = "[p]\ntopic = 'p'\n[q]\ntopic = 'q'\n[r]\ntopic = 'r'\n";
    let topic = |scene: &Scene| scene.resolve().unwrap().topic.map(|topic| topic.value);
    let scene = Scene::new().file(FILE, text);
    assert_eq!(topic(&scene), None);
    let scene = scene.file(".env", "DITTO_CDC_PROFILE=r\n");
    assert_eq!(topic(&scene).as_deref(), Some("r"));
    let scene = scene.var("DITTO_CDC_PROFILE", "q");
    assert_eq!(topic(&scene).as_deref(), Some("q"));
    let scene = scene.flags(|typed| typed.profile = Some("p".to_owned()));
    assert_eq!(topic(&scene).as_deref(), Some("p"));
}

#[test]
fn the_config_folder_is_the_one_of_the_environment_if_it_is_absolute() {
    let folder = Scene::new().file("elsewhere/ditto-cdc.toml", "[p]\ntopic = 'there'\n");
    let there = folder.path("elsewhere").into_os_string();
    let check = |variable: std::ffi::OsString, expected: &str| {
        let scene = scene("[p]\ntopic = 'home'\n").var("XDG_CONFIG_HOME", variable);
        assert_eq!(scene.resolve().unwrap().topic.unwrap().value, expected);
    };
    check(there, "there");
    check("elsewhere".into(), "home");
    check(String::new().into(), "home");
}

#[test]
fn what_a_profile_may_say() {
    let check = |line: &str, shown: &[(&str, &str)], warnings: &[&str]| {
        let scene = scene(&format!("[p]\n{line}\n"));
        let settings = scene.resolve().unwrap();
        let set = set(&settings);
        let set: Vec<(&str, &str)> = set.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(set, shown, "{line}");
        assert_eq!(
            settings.warnings.len(),
            warnings.len(),
            "{:?}",
            settings.warnings
        );
        for (warning, part) in settings.warnings.iter().zip(warnings) {
            assert!(warning.contains(part), "{warning}");
        }
    };
    check("brokers = 'a:1'", &[("brokers", "a:1")], &[]);
    check(
        "cluster-cert-password = 'x'",
        &[("cluster-cert-password", "set")],
        &[],
    );
    check(
        "api-key-command = 'exit 1'",
        &[("api-key", "read from a command")],
        &[],
    );
    check(
        "user-cert-password-keyring = 'p/user'",
        &[("user-cert-password", "read from the key store")],
        &[],
    );
    check(
        "topics = 'x'",
        &[],
        &["ditto-cdc.toml:2: unknown name topics; did you mean topic?"],
    );
    check("zzzzzzzz = 'x'", &[], &["unknown name zzzzzzzz"]);
    check("topic = 7", &[], &["topic is ignored"]);
    check("kafka.'client.id' = 'me'", &[("client.id", "me")], &[]);
    check(
        "kafka.'fetch.min.bytes' = 7",
        &[("fetch.min.bytes", "7")],
        &[],
    );
    check("kafka.client.id = 'me'", &[], &["client is ignored"]);
    check("kafka.'group.id' = 'g'", &[], &["write it as group in [p]"]);
    check(
        "group = 'mine'\ngroup-prefix = 'team-'",
        &[("group", "mine"), ("group-prefix", "team-")],
        &["does not start with the prefix team-"],
    );
    check(
        "group = 'team-1'\ngroup-prefix = 'team-'",
        &[("group", "team-1"), ("group-prefix", "team-")],
        &[],
    );
}

/// The settings with a value, by name.
fn set(settings: &Settings) -> Vec<(String, String)> {
    let list = settings.list().into_iter();
    let set = list.filter_map(|shown| match shown.value {
        ListedValue::Unset => None,
        ListedValue::Set(value) => Some((shown.name, value.to_string())),
        ListedValue::Deferred(source) => Some((shown.name, format!("read from {source}"))),
    });
    set.collect()
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let scene = scene("[p]\nuser-cert = 'certs/u.p12'\napi-key-file = 'key'\n")
        .file("home/.config/key", " k \n");
    let settings = scene.resolve().unwrap();
    let expected = scene.path("home/.config/certs/u.p12");
    assert_eq!(settings.user_cert.unwrap().value, expected);
    assert_eq!(settings.api_key.unwrap().value.expose(), "k");
}

#[test]
#[cfg(unix)]
fn commands_are_asked_when_the_secret_is_needed() {
    let check = |command: &str, expected: Result<&str, &str>| {
        let scene = scene(&format!(
            "[p]\nuser-cert-password-command = \"{command}\"\n"
        ));
        let mut settings = scene.resolve().unwrap();
        assert_eq!(settings.user_cert_password, None);
        match (settings.fetch_secrets(SecretScope::Kafka), expected) {
            (Ok(()), Ok(password)) => {
                assert_eq!(
                    settings.user_cert_password.unwrap().value.expose(),
                    password
                );
            }
            (Err(error), Err(part)) => {
                let said = format!("{error:?}");
                assert!(error.what.contains(part), "{error}");
                assert!(!said.contains("hunter2"), "{error}");
            }
            (got, _) => panic!("{command}: {got:?}"),
        }
    };
    check("echo pw", Ok("pw"));
    check("printf ' p w '", Ok(" p w "));
    check("echo pw; echo 'url: x'", Ok("pw"));
    check("echo hunter2; exit 3", Err("exit status: 3"));
    check("true hunter2", Err("printed nothing"));
    check("printf '\\\\377hunter2'", Err("UTF-8"));
    check("no-such-program-hunter2 2>/dev/null", Err("127"));
}

#[test]
#[cfg(unix)]
fn the_api_key_is_left_alone_where_only_kafka_is_needed() {
    let scene = scene("[p]\napi-key-command = 'echo \" k \"'\n");
    let mut settings = scene.resolve().unwrap();
    settings.fetch_secrets(SecretScope::Kafka).unwrap();
    assert_eq!(settings.api_key, None);
    settings.fetch_secrets(SecretScope::All).unwrap();
    assert_eq!(settings.api_key.unwrap().value.expose(), "k");
}

#[test]
#[cfg(unix)]
fn who_else_may_read_or_write_the_file_matters() {
    let warnings = |mode: u32, line: &str| {
        let scene = scene(&format!("[p]\n{line}\n"));
        chmod(&scene, mode);
        let mut settings = scene.resolve().unwrap();
        (
            settings.warnings.len(),
            settings.fetch_secrets(SecretScope::All).is_ok(),
        )
    };
    assert_eq!(warnings(0o644, "topic = 'x'"), (0, true));
    assert_eq!(warnings(0o600, "api-key = 'x'"), (0, true));
    assert_eq!(warnings(0o640, "api-key = 'x'"), (1, true));
    assert_eq!(warnings(0o644, "kafka.'sasl.password' = 'x'"), (1, true));
    assert_eq!(warnings(0o644, "api-key-command = 'echo x'"), (0, true));
    assert_eq!(warnings(0o664, "api-key-command = 'echo x'"), (0, false));
}

#[test]
fn what_is_wrong_with_a_file_is_said_without_its_content() {
    let check = |text: &str, parts: &[&str]| {
        let error = scene(text).resolve().unwrap_err();
        let said = format!("{} {}", error.what, error.fix);
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    };
    check("[q]\n[pp]\n", &["--profile", "no section [p]", "q, pp"]);
    check("", &["no profile"]);
    check("p = 1\n", &["no section [p]"]);
    check(
        "[p]\napi-key = hunter2\n",
        &["ditto-cdc.toml:2", "not TOML"],
    );
    check("[p]\n[p]\n", &["not TOML"]);
    let missing = Scene::new().flags(|typed| typed.profile = Some("p".to_owned()));
    let error = missing.resolve().unwrap_err();
    assert!(error.what.contains("there is no file"), "{error}");
    assert!(error.fix.contains("config init p"), "{}", error.fix);
}

#[test]
fn unknown_names_of_ours_in_an_env_file_are_named() {
    let scene = Scene::new().file(".env", "DITTO_CDC_TOPICS=x\nOTHER=1\nDITTO_CDC_URL=u\n");
    let warnings = scene.resolve().unwrap().warnings;
    let [warning] = warnings.as_slice() else {
        panic!("{warnings:?}")
    };
    assert!(warning.contains(".env:1: DITTO_CDC_TOPICS"), "{warning}");
    assert!(
        warning.contains("did you mean DITTO_CDC_TOPIC?"),
        "{warning}"
    );
}
