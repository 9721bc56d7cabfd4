//! No secret is sent to an address that only the working folder's `.env` sets.
//! Each case has a source of the address, a source of the secret, and whether the secret is sent.

use super::Scene;
use crate::settings::{Flags, SecretScope};
use crate::util::secret::Secret;

const FILE: &str = "home/.config/ditto-cdc.toml";
const URL: &str = "https://else.where/app";

/// Adds a value to a scene.
type Put = fn(Scene) -> Scene;

fn profile(scene: Scene) -> Scene {
    let profile = format!(
        "[key]\napi-key = 'secret'\n[both]\nurl = '{URL}'\napi-key = 'secret'\n[asks]\napi-key-command = 'echo secret'\n"
    );
    let scene = scene.file(FILE, profile);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(scene.path(FILE), private).unwrap();
    }
    scene
}

fn choose(scene: Scene, name: &str) -> Scene {
    let name = name.to_owned();
    profile(scene).flags(|typed: &mut Flags| typed.profile = Some(name))
}

#[test]
fn the_api_key_goes_to_no_url_that_only_the_folder_names() {
    let url_of_folder: Put = |scene| scene.file(".env", format!("DITTO_CDC_URL={URL}\n"));
    let old_name: Put = |scene| scene.file(".env", format!("DITTO_CLOUD_URL={URL}\n"));
    let url_by_flag: Put = |scene| scene.flags(|typed| typed.url = Some(URL.to_owned()));
    let url_in_environment: Put = |scene| scene.var("DITTO_CDC_URL", URL);
    let url_of_named_file: Put = |scene| {
        let scene = scene.file("my.env", format!("DITTO_CDC_URL={URL}\n"));
        scene.flags(|typed| typed.env_file = Some("my.env".into()))
    };
    let both_of_folder: Put = |scene| {
        scene.file(
            ".env",
            format!("DITTO_CDC_URL={URL}\nDITTO_API_KEY=theirs\n"),
        )
    };
    let folder_chooses_profile: Put = |scene| {
        profile(scene).file(
            ".env",
            format!("DITTO_CDC_URL={URL}\nDITTO_CDC_PROFILE=key\n"),
        )
    };
    let key_of_profile: Put = |scene| choose(scene, "key");
    let both_of_profile: Put = |scene| choose(scene, "both");
    let key_of_command: Put = |scene| choose(scene, "asks");
    let key_by_flag: Put = |scene| {
        let scene = scene.file("key", "secret\n");
        scene.flags(|typed| typed.api_key_file = Some("key".into()))
    };
    let key_in_environment: Put = |scene| scene.var("DITTO_CDC_API_KEY", "secret");
    let nothing: Put = |scene| scene;
    // Source of the address, source of the secret, and whether the secret is sent.
    let definitions: &[(&str, Put, Put, bool)] = &[
        ("profile", url_of_folder, key_of_profile, false),
        ("profile, older name", old_name, key_of_profile, false),
        (
            "folder shadows profile",
            url_of_folder,
            both_of_profile,
            false,
        ),
        ("command", url_of_folder, key_of_command, false),
        ("flag", url_of_folder, key_by_flag, false),
        ("environment", url_of_folder, key_in_environment, false),
        (
            "folder selects profile",
            folder_chooses_profile,
            nothing,
            false,
        ),
        ("flag over folder's key", both_of_folder, key_by_flag, false),
        ("both of the folder", both_of_folder, nothing, true),
        ("folder over profile", both_of_folder, key_of_profile, true),
        ("both of the profile", nothing, both_of_profile, true),
        ("url by flag", url_by_flag, key_of_profile, true),
        (
            "url by flag over folder",
            |s| {
                s.file(".env", "DITTO_CDC_URL=x")
                    .flags(|t| t.url = Some(URL.to_owned()))
            },
            key_of_profile,
            true,
        ),
        (
            "url of environment",
            url_in_environment,
            key_of_command,
            true,
        ),
        (
            "url of a named file",
            url_of_named_file,
            key_of_profile,
            true,
        ),
    ];
    for (name, url, key, sent) in definitions {
        let scene = key(url(Scene::new()));
        let mut settings = scene.resolve().unwrap();
        settings.fetch_secrets(SecretScope::All).unwrap();
        let given = settings.require_api();
        assert_eq!(given.is_ok(), *sent, "{name}");
        assert_eq!(settings.key_to_untrusted_url().is_none(), *sent, "{name}");
        if let Err(wrong) = given {
            let said = format!("{} {}", wrong.what, wrong.fix);
            for part in [
                "the API key is not sent, because it comes from ",
                ".env: ",
                URL,
                "--url",
            ] {
                assert!(said.contains(part), "{name}: {said}");
            }
            assert!(!said.contains("secret"), "{said}");
        }
        // A command whose output must not be sent is not run either.
        assert_eq!(
            settings.secret_sources.is_empty(),
            *sent || *name != "command",
            "{name}"
        );
    }
}

#[test]
fn a_key_that_was_typed_goes_where_the_question_said() {
    let scene = Scene::new().file(".env", format!("DITTO_CDC_URL={URL}\n"));
    let mut settings = scene.resolve().unwrap();
    settings.set_api_key(&Secret::new("typed".to_owned()));
    assert!(settings.require_api().is_ok());
}

#[test]
fn a_login_goes_to_no_brokers_that_only_the_folder_names() {
    let definitions: &[(&str, &[&str], bool)] = &[
        ("SASL_PLAINTEXT", &["sasl.password=secret"], false),
        (
            "SASL_SSL",
            &[
                "sasl.password=secret",
                "ssl.ca.location=x",
                "ssl.certificate.location=y",
            ],
            false,
        ),
        ("SASL_SSL", &["ssl.ca.location=x"], true),
        ("PLAINTEXT", &["sasl.password=secret"], true),
    ];
    for (protocol, options, sent) in definitions {
        let folder = |text: &str| {
            let mut scene = Scene::new().file(".env", text);
            scene = scene.flags(|typed| typed.topic = Some("t".to_owned()));
            scene = scene.option(&format!("security.protocol={protocol}"));
            options
                .iter()
                .fold(scene, |scene, option| scene.option(option))
        };
        let settings = folder("DITTO_CDC_BROKERS=else.where:443\n")
            .resolve()
            .unwrap();
        let wrong = settings.login_to_untrusted_brokers();
        assert_eq!(wrong.is_none(), *sent, "{protocol} {options:?}");
        if let Some(wrong) = wrong {
            assert!(wrong.what.contains("else.where:443") && !wrong.what.contains("secret"));
        }
        let mine = folder("").flags(|typed| typed.brokers = Some("mine:443".to_owned()));
        let mine = mine.resolve().unwrap();
        assert_eq!(mine.login_to_untrusted_brokers(), None, "{protocol}");
    }
}
