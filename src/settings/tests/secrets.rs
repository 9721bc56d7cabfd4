//! No output shows a secret, wherever lost line ends and forgotten backslashes put it.

use proptest::prelude::*;
use proptest::sample::select;

use super::Scene;
use crate::settings::{ListedValue, Settings, SettingsError};

/// Everything that a command can print about settings.
fn said(resolved: Result<Settings, SettingsError>) -> String {
    let settings = match resolved {
        Ok(settings) => settings,
        Err(error) => return format!("{error:?}"),
    };
    let mut said = String::new();
    for listed in settings.list() {
        let value = match listed.value {
            ListedValue::Set(value) => value.to_string(),
            other => format!("{other:?}"),
        };
        let origins = listed.origin.iter().chain(&listed.shadowed);
        let origins: Vec<String> = origins.map(ToString::to_string).collect();
        let line = [listed.name, value, origins.join(" ")].join(" ");
        said.push_str(&line);
        said.push('\n');
    }
    said += &settings.warnings.join("\n");
    said += &settings.notes.join("\n");
    let required = (settings.require_kafka().err(), settings.require_api().err());
    let guards = (
        settings.key_to_untrusted_url(),
        settings.login_to_untrusted_brokers(),
    );
    let known = &settings.known_secrets;
    said + &known.hide(&format!("{required:?} {guards:?}"))
}

fn with_properties(content: impl AsRef<[u8]>) -> Scene {
    Scene::new()
        .file("c.properties", content)
        .flags(|typed| typed.properties = Some("c.properties".into()))
}

#[test]
fn the_line_of_a_forgotten_backslash_is_named() {
    let check = |content: &str, parts: &[&str]| {
        let said = said(with_properties(content).resolve());
        assert!(!said.contains("Hunter2"), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
    };
    let advice = "line 2 ends with a backslash, so Java joins it with line 3; remove the backslash";
    check(
        "#\nbootstrap.servers=a:1,\\\nssl.truststore.password=Hunter2",
        &[advice, "c.properties:2-3", "not host:port"],
    );
    check(
        "#\nbootstrap.servers=a:1\\\nHunter2",
        &[advice, "c.properties:2-3"],
    );
    check(
        "#\nssl.truststore.location=c.p12\\\n  ssl.truststore.password : Hunter2",
        &[advice, "cluster-cert set, but not shown"],
    );
    check(
        "a=\\\nb\\\nclient.id=Hunter2",
        &["line 2 ends with a backslash, so Java joins it with line 3"],
    );
    check(
        "bootstrap.servers=a:1,\\\n  b:2\nclient.id=me",
        &[
            "brokers a:1,b:2 c.properties: bootstrap.servers",
            "client.id me",
        ],
    );
    check(
        "Hunter2\nHunter2a=\nHunter2b=1",
        &["line 1, line 2, line 3"],
    );
    check(
        "fetch.Hunter2=1\nsasl.login.Hunter2=2",
        &["fetch.*", ":2: sasl.login.*"],
    );
    check(
        "security.protocol=SSL\\\nHunter2",
        &["the value is not a valid"],
    );
}

#[test]
fn lost_line_ends_are_read_or_refused() {
    let file = "DITTO_CDC_BROKERS=a:1\rDITTO_CDC_TOPIC=t\rCLUSTER_CERT_PW=Hunter2\r";
    let settings = Scene::new().file(".env", file).resolve().unwrap();
    assert_eq!(settings.topic.as_ref().unwrap().value, "t");
    let password = settings.cluster_cert_password.as_ref().unwrap();
    assert_eq!(password.value.expose(), "Hunter2");
    assert!(said(Ok(settings)).contains(".env:2)"));
    let check = |line: &str, part: &str| {
        let said = said(Scene::new().file(".env", line).resolve());
        assert!(said.contains(part) && !said.contains("Hunter2"), "{said}");
    };
    check(
        "TOPIC=t CLUSTER_CERT_PW=Hunter2",
        "cannot use the topic from .env: TOPIC",
    );
    check("CLOUD_ENDPOINT=a:1 X=Hunter2", "contains `=`");
    check(
        "DITTO_CDC_GROUP=g X=Hunter2",
        "group set, but not shown, because it contains `=`",
    );
    check("DITTO_CDC_GROUP=\"g\\nHunter2\"", "control characters");
    check(
        "DITTO_CDC_URL=https://a/b USER_CERT_PW=Hunter2",
        "url set, but not shown",
    );
    check(
        "USER_CERT_LOCATION=u.p12 USER_CERT_PW=Hunter2",
        "user-cert set, but not shown",
    );
    check(
        "DITTO_CDC_PROFILE=p X=Hunter2",
        "cannot use the profile from .env",
    );
    check(
        "CLUSTER_CERT_PW=Hunter2\nDITTO_CDC_GROUP=aHunter2",
        "contains a password or key",
    );
    check(
        "CLUSTER_CERT_PW=Hunter2\nCLOUD_ENDPOINT=Hunter2",
        "`(hidden)` has no port",
    );
}

#[test]
fn options_show_neither_values_nor_odd_names() {
    let check = |option: &str, part: &str| {
        let said = said(Scene::new().option("a=1").option(option).resolve());
        assert!(said.contains(part) && !said.contains("Hunter2"), "{said}");
    };
    check("Hunter2=1", "flag -X number 2");
    check("client.id=me,sasl.password=Hunter2", "not shown");
    check("sasl.password=Hunter2", "flag -X sasl.password");
    check("security.protocol=x=Hunter2", "the value is not a valid");
    check("bootstrap.servers=a:1,key=Hunter2", "contains `=`");
}

const PROPERTIES: &[&str] = &[
    "bootstrap.servers=localhost:9093",
    "bootstrap.servers=localhost",
    "ssl.truststore.location=cluster.p12",
    "client.id=me",
    "group.id=g",
    "security.protocol=SSL",
    "ssl.cipher.suites=A",
    "fetch.min.bytes=1",
    "sasl.jaas.config=x",
    "sasl.mechanism=PLAIN",
    "foo.bar",
    "ssl.endpoint.identification.algorithm=",
    "ssl.keystore.password=\\u00e9",
    "# comment",
    "",
];
const PROPERTY_SECRETS: &[&str] = &[
    "ssl.truststore.password=SECRET",
    "ssl.truststore.password : SECRET",
    "ssl.truststore.password SECRET",
    "ssl.truststore.pasword=SECRET",
    "\"ssl.keystore.password=SECRET\"",
    "sasl.jaas.config=Plain required password=\"SECRET\";",
    "my.passphrase=SECRET",
    "ssl.keystore.key=SECRET",
    "ssl.keystore.location=x.p12 password=SECRET",
    "SECRET=",
    "=SECRET",
    "SECRET",
];
const VARIABLES: &[&str] = &[
    "DITTO_CDC_BROKERS=localhost:9093",
    "CLOUD_ENDPOINT=localhost",
    "DITTO_CDC_TOPIC=t",
    "TOPIC='t",
    "DITTO_CDC_GROUP=g",
    "USER_CERT_LOCATION=u.p12",
    "DITTO_CDC_URL=https://x.example/a",
    "DITTO_CDC_PROFILE=p",
    "export A=1",
    "",
];
const VARIABLE_SECRETS: &[&str] = &[
    "CLUSTER_CERT_PW=SECRET",
    "export CLUSTER_CERT_PW = SECRET",
    "CLUSTER_CERT_PW: SECRET",
    "CLUSTER_CERT_PW='SECRET",
    "CLUSTER_CERT_PW=\"SECRET\" x",
    "DITTO_CDC_API_KEYS=SECRET",
    "MY_KEY=SECRET",
    "SECRET=",
    "=SECRET",
    "SECRET",
];
const JOINTS: &[&str] = &[
    "\n", "\r", "\r\n", "\\\n", "\\\r\n", "\\\r", ",\\\n  ", "\\\n\n", " ", "\u{85}", "\u{b}",
];

proptest! {
    #[test]
    fn no_file_makes_an_output_show_a_secret(
        bom in select(&["", "\u{feff}"][..]),
        properties in any::<bool>(),
        (before, line, after) in (any::<usize>(), any::<usize>(), any::<usize>()),
        (joint, next) in (select(JOINTS), select(JOINTS)),
        secret in "[A-Z][0-9][a-zA-Z0-9]{6,10}",
    ) {
        let (lines, secrets) = if properties {
            (PROPERTIES, PROPERTY_SECRETS)
        } else {
            (VARIABLES, VARIABLE_SECRETS)
        };
        let line = secrets[line % secrets.len()];
        // A value with a blank and a word says nothing about the word.
        prop_assume!(line != "SECRET" || joint != " ");
        let (before, after) = (lines[before % lines.len()], lines[after % lines.len()]);
        let file = format!("{bom}{before}{joint}{line}{next}{after}").replace("SECRET", &secret);
        let scene = if properties {
            with_properties(&file)
        } else {
            Scene::new().file(".env", &file)
        };
        let said = said(scene.resolve());
        prop_assert!(!said.contains(&secret), "{file:?}: {said}");
    }
}
