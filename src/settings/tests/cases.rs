//! Relative paths, password files, malformed inputs, required settings, and that no secret is ever shown.

use std::ffi::OsString;

use super::Scene;
use crate::settings::{Flags, Origin, Settings, Store};
use crate::util::secret::Secret;

#[test]
fn a_name_as_common_as_topic_counts_in_the_env_file_only() {
    let scene = Scene::new().var("TOPIC", "from the shell");
    assert_eq!(scene.resolve().unwrap().topic, None);
    let scene = scene.file(".env", "TOPIC=mine\n");
    let topic = scene.resolve().unwrap().topic.unwrap();
    let env_file = scene.path(".env");
    assert_eq!(topic.value, "mine");
    assert_eq!(
        topic.origin.to_string(),
        format!(".env: TOPIC ({}:1)", env_file.display())
    );
}

#[test]
fn relative_paths_are_relative_to_where_they_were_written() {
    let check = |scene: Scene, expected: &str| {
        let found = scene.resolve().unwrap().user_cert.unwrap();
        assert_eq!(found.value, scene.path(expected), "{}", found.origin);
    };
    let flag = |typed: &mut Flags| typed.user_cert = Some("a/u.p12".into());
    check(Scene::new().flags(flag), "a/u.p12");
    check(Scene::new().var("USER_CERT_LOCATION", "a/u.p12"), "a/u.p12");
    check(
        Scene::new().var("USER_CERT_LOCATION", "~/u.p12"),
        "home/u.p12",
    );
    check(
        Scene::new().file(".env", "USER_CERT_LOCATION=u.p12"),
        "u.p12",
    );
    check(
        Scene::new()
            .file("sub/prod.env", "USER_CERT_LOCATION=u.p12")
            .file(".env", "DITTO_CDC_USER_CERT=not-read.p12")
            .flags(|typed| typed.env_file = Some("sub/prod.env".into())),
        "sub/u.p12",
    );
    check(
        Scene::new()
            .file("sub/c.properties", "ssl.keystore.location : u.p12")
            .flags(|typed| typed.properties = Some("sub/c.properties".into())),
        "sub/u.p12",
    );
    check(
        Scene::new().option("ssl.keystore.location=a/u.p12"),
        "a/u.p12",
    );
}

#[test]
fn password_files_lose_one_line_end_and_nothing_else() {
    let check = |content: &str, expected: &str| {
        let scene = Scene::new()
            .file("pw", content)
            .flags(|typed| typed.cluster_cert_password_file = Some("pw".into()));
        let found = scene.resolve().unwrap().cluster_cert_password.unwrap();
        assert_eq!(found.value.expose(), expected, "{content:?}");
    };
    check("pw", "pw");
    check("pw\n", "pw");
    check("pw\r\n", "pw");
    check("pw\r", "pw");
    check("\u{feff}pw\n", "pw");
    check(" p w \n", " p w ");
    check("", "");
    check("\n", "");
}

#[test]
fn errors_name_what_cannot_be_read() {
    let check = |scene: Scene, parts: &[&str]| {
        let error = scene.resolve().unwrap_err();
        for part in parts {
            assert!(error.what.contains(part), "{part}: {error}");
        }
        assert!(!error.fix.is_empty(), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error}");
    };
    let here = Scene::new;
    check(
        here().flags(|t| t.user_cert_password_file = Some("no".into())),
        &[
            "password file",
            "/no",
            "--user-cert-password-file",
            "no such file",
        ],
    );
    check(
        here()
            .file("pw", b"hunter2\xff")
            .flags(|t| t.user_cert_password_file = Some("pw".into())),
        &["/pw", "UTF-8"],
    );
    check(
        here()
            .file("pw", "hunter2\nhunter2\n")
            .flags(|t| t.user_cert_password_file = Some("pw".into())),
        &["/pw", "several lines"],
    );
    check(
        here()
            .file("pw", "\u{feff}hunter2\rhunter2")
            .flags(|t| t.api_key_file = Some("pw".into())),
        &["/pw", "several lines"],
    );
    check(
        here()
            .file("c.properties", b"\xff\xfeh\0u\0n\0t\0e\0r\x002\0")
            .flags(|t| t.properties = Some("c.properties".into())),
        &["/c.properties", "UTF-16"],
    );
    check(
        here().flags(|t| t.env_file = Some("no.env".into())),
        &["/no.env", "--env-file"],
    );
    check(
        here().flags(|t| t.env_file = Some(".".into())),
        &["--env-file", "folder"],
    );
    check(
        here().flags(|t| t.properties = Some("no".into())),
        &["/no", "--properties"],
    );
    check(
        here().flags(|t| t.topic = Some(" ".into())),
        &["--topic", "empty"],
    );
    check(
        here().var("DITTO_CDC_USER_CERT", "~you/x"),
        &["DITTO_CDC_USER_CERT", "~you"],
    );
    check(here().option("hunter2"), &["-X"]);
    check(
        here().option("security.protocol=tls"),
        &["security.protocol", "tls"],
    );
    check(
        here().var("CLOUD_ENDPOINT", "https://a/b"),
        &["brokers", "https://a/b"],
    );
}

#[cfg(unix)]
#[test]
fn variables_that_are_not_utf8() {
    use std::os::unix::ffi::OsStringExt;
    let odd = || OsString::from_vec(b"hunter2\xff".to_vec());
    for name in ["DITTO_CDC_TOPIC", "CLUSTER_CERT_PW", "CLOUD_ENDPOINT"] {
        let error = Scene::new().var(name, odd()).resolve().unwrap_err();
        assert!(
            error.what.contains(name) && !error.what.contains("hunter2"),
            "{error}"
        );
    }
    let path = Scene::new()
        .var("CLUSTER_CERT_LOCATION", odd())
        .resolve()
        .unwrap();
    assert_eq!(
        path.cluster_cert.unwrap().value.file_name(),
        Some(odd().as_os_str())
    );
}

#[test]
fn odd_env_files_warn_or_are_left_alone() {
    let scene = Scene::new().file(".env", "hunter2\nTOPIC=t\nK='hunter2");
    let settings = scene.resolve().unwrap();
    assert_eq!(settings.topic.unwrap().value, "t");
    assert_eq!(settings.warnings.len(), 2, "{:?}", settings.warnings);
    assert!(!settings.warnings.concat().contains("hunter2"));
    let folder = Scene::new().file(".env/bin/python", "");
    assert!(folder.resolve().unwrap().warnings.is_empty());
}

#[test]
fn a_dollar_in_an_env_file_is_literal_and_said_so_except_for_passwords() {
    let check = |line: &str, warnings: usize| {
        let settings = Scene::new().file(".env", line).resolve().unwrap();
        assert_eq!(settings.warnings.len(), warnings, "{line}");
    };
    check("CLUSTER_CERT_LOCATION=$HOME/cluster.p12", 1);
    check("CLUSTER_CERT_LOCATION=~/cluster.p12", 0);
    check("CLUSTER_CERT_PW=\"a$b\"", 0);
    let settings = Scene::new()
        .file(".env", "CLUSTER_CERT_PW=\"a$PATH\"")
        .resolve();
    let password = settings.unwrap().cluster_cert_password.unwrap();
    assert_eq!(password.value.expose(), "a$PATH");
}

#[test]
fn options_override_the_properties_file() {
    let settings = Scene::new()
        .file(
            "c.properties",
            "security.protocol=SSL\nclient.id=a\nfoo=1\n",
        )
        .flags(|typed| typed.properties = Some("c.properties".into()))
        .option("client.id=b")
        .option("bootstrap.servers=x")
        .option("security.protocol=plaintext")
        .resolve()
        .unwrap();
    assert_eq!(settings.extra.get("client.id"), Some("b"));
    assert_eq!(settings.extra.get("bootstrap.servers"), None);
    assert_eq!(settings.brokers.unwrap().value, "x:9092");
    let foo = settings
        .warnings
        .iter()
        .filter(|text| text.contains("line 3"));
    assert_eq!(foo.count(), 1, "{:?}", settings.warnings);
}

#[test]
fn what_kafka_needs() {
    let check = |scene: Scene, expected: Result<(bool, bool), &[&str]>| {
        let settings = scene.resolve().unwrap();
        match (settings.require_kafka(), expected) {
            (Ok(kafka), Ok(stores)) => {
                assert_eq!((kafka.cluster.is_some(), kafka.user.is_some()), stores);
            }
            (Err(error), Err(parts)) => {
                assert_eq!(error.missing.len(), parts.len(), "{error:?}");
                for (missing, part) in error.missing.iter().zip(parts) {
                    assert!(
                        missing.contains("is not set") && missing.contains(part),
                        "{part}: {error:?}"
                    );
                }
            }
            (got, expected) => panic!("{got:?}, not {expected:?}"),
        }
    };
    let base = || {
        Scene::new()
            .var("CLOUD_ENDPOINT", "a:1")
            .var("DITTO_CDC_TOPIC", "t")
    };
    let brokers = "brokers is not set: use --brokers, DITTO_CDC_BROKERS, or CLOUD_ENDPOINT";
    let topic = "topic is not set: use --topic, DITTO_CDC_TOPIC, or TOPIC in .env";
    check(
        Scene::new(),
        Err(&[brokers, topic, "--cluster-cert,", "--user-cert,"]),
    );
    check(base(), Err(&["--cluster-cert,", "--user-cert,"]));
    check(
        base().option("security.protocol=plaintext"),
        Ok((false, false)),
    );
    check(
        base()
            .option("security.protocol=PLAINTEXT")
            .var("USER_CERT_LOCATION", "u"),
        Ok((false, false)),
    );
    check(
        base().option("security.protocol=sasl_ssl"),
        Err(&["--cluster-cert,"]),
    );
    check(
        base().option("ssl.ca.location=/ca.pem"),
        Err(&["--user-cert,"]),
    );
    check(
        base()
            .option("ssl.ca.location=/ca.pem")
            .option("ssl.certificate.location=/u.pem"),
        Ok((false, false)),
    );
    check(
        base()
            .var("CLUSTER_CERT_LOCATION", "c")
            .var("USER_CERT_LOCATION", "u"),
        Ok((true, true)),
    );
}

#[test]
fn missing_passwords_are_those_of_stores_that_are_set() {
    let scene = Scene::new()
        .var("CLUSTER_CERT_LOCATION", "c")
        .var("USER_CERT_LOCATION", "u");
    let mut settings = scene.var("CLUSTER_CERT_PW", "").resolve().unwrap();
    assert_eq!(settings.missing_passwords(), [Store::User]);
    settings.set_password(Store::User, Secret::new("pw".to_owned()));
    assert_eq!(settings.missing_passwords(), []);
    assert_eq!(settings.user_cert_password.unwrap().origin, Origin::Prompt);
    assert_eq!(Settings::default().missing_passwords(), []);
}

#[test]
fn no_secret_is_ever_shown() {
    let settings = Scene::new()
        .file("pw", "hunter2\n")
        .file(".env", "CLUSTER_CERT_PW=hunter2\nUSER_CERT_PW=hunter2\n")
        .file(
            "c.properties",
            "ssl.keystore.password=hunter2\nssl.key.password=hunter2-other\nssl.keystore.key=hunter2\n\
             sasl.jaas.config=hunter2\nsasl.password=hunter2\nsasl.login.x=hunter2\nmy.secret=hunter2\n",
        )
        .flags(|typed| {
            typed.properties = Some("c.properties".into());
            typed.cluster_cert_password_file = Some("pw".into());
            typed.url = Some("https://me:hunter2@x.example/app?key=hunter2".into());
        })
        .option("client.rack=https://me:hunter2@x.example?key=hunter2")
        .var("DITTO_CDC_USER_CERT_PASSWORD", "hunter2")
        .var("CLOUD_ENDPOINT", "a:1")
        .var("DITTO_CDC_TOPIC", "t")
        .option("ssl.key.pem=hunter2")
        .option("ssl.keystore.password=hunter2")
        .option("security.protocol=plaintext")
        .resolve()
        .unwrap();
    let said = format!(
        "{settings:?} {:#?} {:?} {:?}",
        settings,
        settings.require_kafka().unwrap(),
        settings.list()
    );
    assert!(!said.contains("hunter2"), "{said}");
    assert!(said.contains("ssl.key.pem=(set)"), "{said}");
    assert!(said.contains("https://x.example/app"), "{said}");
    assert_eq!(
        settings.user_cert_password.unwrap().value.expose(),
        "hunter2"
    );
}
