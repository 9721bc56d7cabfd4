//! Stores with several keys and PEM without line ends: the program reads what Java's own client reads.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::events::{TIMEOUT, event};
use crate::support::kafka::{CLUSTER_PASSWORD, Kafka, Message, USER_PASSWORD};
use crate::support::program::{Output, run};

const TOPIC: &str = "open-stores";

/// A topic that only `CN=user` may read.
fn broker() -> Option<&'static Kafka> {
    static CREATED: std::sync::Once = std::sync::Once::new();
    let kafka = Kafka::shared()?;
    CREATED.call_once(|| {
        kafka.create_topic(TOPIC, 1, &[]);
        kafka.produce(TOPIC, [Message::to(0, event("people", 1))]);
    });
    Some(kafka)
}

fn shell(folder: &Path, script: &str) {
    let mut command = Command::new("sh");
    command.args(["-euc", script]).current_dir(folder);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A store with the entries of others in this order, each under its alias.
fn merged(kafka: &Kafka, folder: &TempDir, entries: &[(&str, &str)]) -> String {
    let target = folder.path().join("two-keys.p12");
    for (store, alias) in entries {
        let known = kafka.file(store);
        let source = if known.exists() {
            known
        } else {
            folder.path().join(store)
        };
        shell(
            folder.path(),
            &format!(
                "keytool -importkeystore -noprompt -srckeystore {} -srcstorepass {USER_PASSWORD} -srcalias user \
                 -destalias {alias} -destkeystore {} -deststoretype PKCS12 -deststorepass {USER_PASSWORD} -destkeypass {USER_PASSWORD}",
                source.display(),
                target.display()
            ),
        );
    }
    target.display().to_string()
}

/// A user certificate of the CA that the broker accepts, for `CN=second`, which may read nothing.
fn second(kafka: &Kafka, folder: &TempDir, new_key: &str) {
    let ca = kafka.file("clients-ca").display().to_string();
    shell(
        folder.path(),
        &format!(
            "openssl req {new_key} -nodes -keyout s.key -out s.csr -subj /CN=second
             openssl x509 -req -in s.csr -CA {ca}.pem -CAkey {ca}.key -set_serial 77 -days 10 -out s.pem
             openssl pkcs12 -export -in s.pem -inkey s.key -name user -passout pass:{USER_PASSWORD} -out second.p12"
        ),
    );
}

/// Whether Java's console consumer reads the record with these properties.
fn java_reads(kafka: &Kafka, properties: &Path) -> bool {
    let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let mut command = Command::new("java");
    command.args(["-Xmx256m", "-cp", &kafka.classpath(), class]);
    command.args(["--bootstrap-server", &kafka.endpoint(), "--topic", TOPIC]);
    command.args([
        "--partition",
        "0",
        "--offset",
        "earliest",
        "--max-messages",
        "1",
    ]);
    command.args(["--timeout-ms", "10000", "--command-config"]);
    let output = command.arg(properties).output().unwrap();
    String::from_utf8_lossy(&output.stdout).contains("documentChanged")
}

/// The program with the same properties.
fn tail(kafka: &Kafka, properties: &Path) -> Output {
    let properties = properties.display().to_string();
    let endpoint = kafka.endpoint();
    let args = [
        "tail",
        "--topic",
        TOPIC,
        "--brokers",
        &endpoint,
        "--properties",
        &properties,
    ];
    let args = [&args[..], &["--from", "beginning", "--until", "end"]].concat();
    run(&[], &args, TIMEOUT)
}

fn properties_of(kafka: &Kafka, folder: &TempDir, keystore: &str) -> std::path::PathBuf {
    let path = folder.path().join("client.properties");
    let truststore = kafka.file("cluster.p12").display().to_string();
    let text = format!(
        "security.protocol=SSL\nssl.truststore.location={truststore}\nssl.truststore.password={CLUSTER_PASSWORD}\n\
         ssl.keystore.location={keystore}\nssl.keystore.password={USER_PASSWORD}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_key_is_the_one_that_java_takes() {
    let Some(kafka) = broker() else { return };
    let rsa = "-newkey rsa:2048";
    let ec = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
    let user = ("user.p12", "user");
    for (new_key, entries, reads, words) in [
        // The broker's list decides, whatever the order.
        (
            rsa,
            [("stranger.p12", "a"), user],
            true,
            "issued by CN=clients-ca; not used: a (CN=user, issued by CN=unknown-ca)",
        ),
        (
            rsa,
            [user, ("stranger.p12", "zz")],
            true,
            "issued by CN=clients-ca; not used: zz",
        ),
        // Both fit: the alias decides, in the order of a Java map.
        (
            rsa,
            [user, ("second.p12", "other")],
            false,
            "other (CN=second) is used",
        ),
        (
            rsa,
            [("second.p12", "second"), user],
            true,
            "user (CN=user) is used",
        ),
        // Both fit: the broker names EC before RSA.
        (
            ec,
            [user, ("second.p12", "second")],
            false,
            "second (CN=second) is used",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        second(kafka, &folder, new_key);
        let keystore = merged(kafka, &folder, &entries);
        let properties = properties_of(kafka, &folder, &keystore);
        assert_eq!(java_reads(kafka, &properties), reads, "Java, {entries:?}");
        let output = tail(kafka, &properties);
        assert!(
            output.stderr.contains(words),
            "{entries:?}: {}",
            output.stderr
        );
        assert_eq!(
            output.status == Some(0),
            reads,
            "{entries:?}: {}",
            output.stderr
        );
        assert_eq!(output.lines().len(), usize::from(reads));
    }
}

#[test]
fn one_store_has_both_roles() {
    let Some(kafka) = broker() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shared = merged(kafka, &folder, &[("user.p12", "user")]);
    let ca = kafka.file("cluster-ca.pem").display().to_string();
    let import = format!(
        "keytool -importcert -noprompt -alias ca -file {ca} -keystore {shared} -storepass {USER_PASSWORD}"
    );
    shell(folder.path(), &import);
    let path = folder.path().join("client.properties");
    let text = format!(
        "security.protocol=SSL\nssl.truststore.location={shared}\nssl.truststore.password={USER_PASSWORD}\n\
         ssl.keystore.location={shared}\nssl.keystore.password={USER_PASSWORD}\n"
    );
    std::fs::write(&path, text).unwrap();
    assert!(java_reads(kafka, &path));
    let output = tail(kafka, &path);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
}

#[test]
fn pem_in_properties_is_read_as_java_reads_it() {
    let Some(kafka) = broker() else { return };
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| std::fs::read_to_string(kafka.file(name)).unwrap();
    let (key, chain) = (read("known-user.key"), read("known-user.pem"));
    let trusted = read("cluster-ca.pem");
    let blanks = |pem: &str| pem.split_whitespace().collect::<Vec<_>>().join(" ");
    let escaped = |pem: &str| pem.replace('\n', "\\n");
    let attributes = |pem: &str| {
        let named = pem.replace("-----\nMI", "-----\nComment: of a test\n\nMI");
        escaped(&format!("Bag Attributes\n{named}# the end"))
    };
    for (name, change) in [
        ("blanks", &blanks as &dyn Fn(&str) -> String),
        ("escaped line ends", &escaped),
        ("attributes", &attributes),
    ] {
        let path = folder.path().join("client.properties");
        let text = format!(
            "security.protocol=SSL\nssl.truststore.type=PEM\nssl.keystore.type=PEM\nssl.truststore.certificates={}\n\
             ssl.keystore.certificate.chain={}\nssl.keystore.key={}\n",
            change(&trusted),
            change(&chain),
            change(&key)
        );
        std::fs::write(&path, text).unwrap();
        assert!(java_reads(kafka, &path), "Java, {name}");
        let output = tail(kafka, &path);
        assert_eq!(output.status, Some(0), "{name}: {}", output.stderr);
    }
}
