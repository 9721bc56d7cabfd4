#!/bin/sh
# Creates in the folder $1 what all brokers of the rig share: jars (lib) and an empty formatted storage (storage), the
# same of an earlier version (lib-old, storage-old), certificates and stores (certs). The first run on a machine takes half a minute.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/certs"
cd "$1"

mvn -B -q -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$PWD/lib"
mvn -B -q -f "$here/pom.xml" -Dkafka.version=4.1.0 dependency:copy-dependencies -DoutputDirectory="$PWD/lib-old"

# Formatted once and copied for each broker, which is two seconds faster than formatting again.
# format JARS STORAGE
format() {
    cat >format.properties <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:1
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://localhost:2,CONTROLLER://localhost:1
log.dirs=$PWD/$2
EOF
    java -Xmx256m -cp "$1/*" -Drig.log="$PWD/format.log" -Dlog4j2.configurationFile="$here/log4j2.properties" \
        kafka.tools.StorageTool format --cluster-id 5L6g3nShT-eMCtK--X86sw --config format.properties
}
format lib storage
format lib-old storage-old

cd certs
# authority NAME: a certificate authority.
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
# keystore NAME FILE: the user certificate in the portal's format.
keystore() {
    openssl pkcs12 -export -in "$1.pem" -inkey "$1.key" -name user -passout pass:user-password -out "$2"
}
# truststore AUTHORITY FILE: the cluster certificate in the portal's format.
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
