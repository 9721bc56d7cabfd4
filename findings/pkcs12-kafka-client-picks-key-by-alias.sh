#!/usr/bin/env bash
# Expected: if a keystore has two keys that the broker accepts, Kafka's Java client uses the first one of the file.
# Observed: the order in the file does not matter. The server's order of key types decides first (EC before RSA), and between
# keys of one type the order in which a Java HashMap lists the aliases. If an alias is renamed, the client logs in with the
# other certificate, without a word in the log.
# Versions: kafka-clients 4.3.1 (Maven), Java 17, stores made with its keytool.
# Why it matters: the certificate decides which principal the broker's access rules see. A user.p12 that was renewed in place
# holds the old and the new key, and which of them is used can change when somebody rewrites the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-clients</artifactId>
      <version>4.3.1</version>
    </dependency>
  </dependencies>
</project>
POM
mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$folder/lib" > /dev/null 2>&1

cat > Choice.java <<'JAVA'
import java.io.FileInputStream;
import java.nio.ByteBuffer;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.*;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.security.ssl.DefaultSslEngineFactory;

/** Prints the certificate with which Kafka's client engine logs in to a server that trusts all keys of its store. */
public class Choice {
    static final char[] PASSWORD = "password".toCharArray();

    static KeyStore store(String file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream input = new FileInputStream(file)) {
            store.load(input, PASSWORD);
        }
        return store;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> settings = new HashMap<>();
        settings.put("ssl.keystore.type", "PKCS12");
        settings.put("ssl.keystore.location", arguments[0]);
        settings.put("ssl.keystore.password", "password");
        settings.put("ssl.truststore.type", "PKCS12");
        settings.put("ssl.truststore.location", "broker.p12");
        settings.put("ssl.truststore.password", "password");
        DefaultSslEngineFactory factory = new DefaultSslEngineFactory();
        factory.configure(new ConfigDef().withClientSslSupport().parse(settings));
        SSLEngine client = factory.createClientSslEngine("localhost", 9093, "");

        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(store("broker-key.p12"), PASSWORD);
        TrustManagerFactory trusted = TrustManagerFactory.getInstance("PKIX");
        trusted.init(store("users.p12"));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trusted.getTrustManagers(), null);
        SSLEngine server = context.createSSLEngine();
        server.setUseClientMode(false);
        server.setNeedClientAuth(true);

        ByteBuffer toServer = ByteBuffer.allocate(100_000), toClient = ByteBuffer.allocate(100_000);
        client.beginHandshake();
        server.beginHandshake();
        for (int step = 0; step < 50; step++) {
            advance(client, toClient, toServer);
            advance(server, toServer, toClient);
        }
        System.out.println(server.getSession().getPeerPrincipal());
    }

    static void advance(SSLEngine engine, ByteBuffer input, ByteBuffer output) throws SSLException {
        input.flip();
        if (input.hasRemaining()) engine.unwrap(input, ByteBuffer.allocate(100_000));
        input.compact();
        for (Runnable task; (task = engine.getDelegatedTask()) != null; ) task.run();
        if (engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_WRAP)
            engine.wrap(ByteBuffer.allocate(0), output);
    }
}
JAVA
tool() { keytool -storetype PKCS12 -storepass password "$@" 2>/dev/null; }
# key STORE ALIAS NAME TYPE: adds a key with a certificate of its own, which the server trusts.
key() {
    tool -genkeypair -keystore "$1" -alias "$2" -dname "CN=$3" -keyalg "$4" -validity 30
    tool -exportcert -keystore "$1" -alias "$2" -file "$3.cer"
    tool -importcert -noprompt -keystore users.p12 -alias "$3" -file "$3.cer"
}
tool -genkeypair -keystore broker-key.p12 -alias broker -dname CN=localhost -ext san=dns:localhost -keyalg RSA -validity 30
tool -exportcert -keystore broker-key.p12 -alias broker -file broker.cer
tool -importcert -noprompt -keystore broker.p12 -alias broker -file broker.cer
key same-type.p12 b first RSA
key same-type.p12 a second RSA
cp same-type.p12 renamed.p12
tool -changealias -keystore renamed.p12 -alias a -destalias c
key two-types.p12 a rsa RSA
key two-types.p12 b ec EC

login() { java -cp "lib/*" Choice.java "$1" 2>/dev/null; }
seen="aliases b, a: $(login same-type.p12); aliases b, c: $(login renamed.p12); RSA before EC: $(login two-types.p12)"
echo "$seen"
[ "$seen" = "aliases b, a: CN=second; aliases b, c: CN=first; RSA before EC: CN=ec" ]
