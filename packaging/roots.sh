#!/usr/bin/env bash
# Tests a release on other systems: creates minimal Debian roots, one with an old glibc, installs the package in one and
# runs the demo in all. Needs root and debootstrap.
#
#   packaging/release.sh && packaging/roots.sh
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian 11 has glibc 2.31, Debian 12 has 2.36.
for suite in bullseye bookworm; do
    root=target/roots/$suite
    if [ ! -e "$root/bin/sh" ]; then
        debootstrap --variant=minbase "$suite" "$root" >"target/roots-$suite.log"
    fi
    rm -rf "$root/tmp/dist"
    cp -r dist "$root/tmp/dist"
    chroot "$root" sh -eu -c '
        cd /tmp/dist
        sha256sum --quiet -c SHA256SUMS
        tar -xzf *.tar.gz
        ./ditto-cdc-*/ditto-cdc --version
        dpkg -i ./*.deb >/dev/null
        cd /
        env -i HOME=/tmp /usr/bin/ditto-cdc demo >/tmp/demo.out 2>&1 || { cat /tmp/demo.out; exit 1; }
        tail -n 1 /tmp/demo.out
        dpkg -r ditto-cdc >/dev/null'
    echo "$suite: fine"
done
