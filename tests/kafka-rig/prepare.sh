#!/bin/sh
# Makes everything that all brokers of the rig share, into the folder $1: the jars (lib), certificates and
# stores (certs), an empty formatted storage (storage). Takes half a minute the first time on a machine.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/certs"
cd "$1"

mvn -B -q -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$PWD/lib"

# Formatted once: a broker copies it, which is two seconds faster than formatting anew.
cat >format.properties <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:1
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://localhost:2,CONTROLLER://localhost:1
log.dirs=$PWD/storage
EOF
java -Xmx256m -cp "lib/*" -Drig.log="$PWD/format.log" -Dlog4j2.configurationFile="$here/log4j2.properties" \
    kafka.tools.StorageTool format --cluster-id 5L6g3nShT-eMCtK--X86sw --config format.properties

cd certs
# authority NAME: a certificate authority of its own.
authority() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout "$1.key" -out "$1.pem" -subj "/CN=$1" 2>/dev/null
}
# certificate NAME AUTHORITY EXTENSION: a key and a certificate that the authority signed.
certificate() {
    openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
    printf '%s\n' "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 3650 \
        -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}
# keystore NAME FILE: what the portal hands out as user certificate.
keystore() {
    openssl pkcs12 -export -in "$1.pem" -inkey "$1.key" -name user -passout pass:user-password -out "$2"
}
# truststore AUTHORITY FILE: what the portal hands out as cluster certificate.
truststore() {
    keytool -importcert -noprompt -alias ca -file "$1.pem" -keystore "$2" -storetype PKCS12 \
        -storepass cluster-password 2>/dev/null
}

authority cluster-ca
authority clients-ca
authority unknown-ca
certificate broker cluster-ca "subjectAltName=DNS:localhost,IP:127.0.0.1"
certificate user clients-ca "extendedKeyUsage=clientAuth"
cat broker.key broker.pem >broker-keystore.pem
keystore user user.p12
mv user.pem known-user.pem
mv user.key known-user.key
certificate user unknown-ca "extendedKeyUsage=clientAuth"
keystore user stranger.p12
truststore cluster-ca cluster.p12
truststore unknown-ca wrong-cluster.p12
