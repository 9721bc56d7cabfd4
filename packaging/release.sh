#!/usr/bin/env bash
# Everything that is handed out, into the folder dist/: an archive with program, manual, completions and documents, a
# Debian package, a bill of materials (CycloneDX) and the checksums of all of them. Needs musl-tools for the static
# program, and installs cargo-deb and cargo-cyclonedx below target/ if they are not there.
#
#   packaging/release.sh [TARGET]      x86_64-unknown-linux-musl unless told: static, runs on any Linux
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-x86_64-unknown-linux-musl}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
name=ditto-cdc-$version-$target
tools=$PWD/target/tools
export PATH=$tools/bin:$PATH

# The same sources and toolchain give the same bytes: no path of this machine, no time of this day.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
export RUSTFLAGS="--remap-path-prefix=$PWD=ditto-cdc --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
if [[ $target == *-musl ]]; then
    export "CC_${target//-/_}=musl-gcc"
fi
for tool in cargo-deb cargo-cyclonedx; do
    command -v "$tool" >/dev/null || RUSTFLAGS= cargo install --quiet --locked "$tool" --root "$tools"
done

cargo build --release --locked --bin ditto-cdc --target "$target"

rm -rf dist
mkdir -p "dist/$name"
strip -o "dist/$name/ditto-cdc" "target/$target/release/ditto-cdc"
cp README.md CHANGELOG.md SECURITY.md LICENSE-MIT LICENSE-APACHE "dist/$name/"
cp -r completions man docs "dist/$name/"
# Files in one order, with one time and nobody's name, so that the archive is the same everywhere.
tar -C dist --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --use-compress-program='gzip -n -9' -cf "dist/$name.tar.gz" "$name"
rm -r "dist/${name:?}"

cargo deb --quiet --no-build --strip --target "$target" --output "dist/"
cargo cyclonedx --quiet --format json --override-filename "ditto-cdc-$version.cdx"
mv "ditto-cdc-$version.cdx.json" dist/

(cd dist && sha256sum -- * >SHA256SUMS)
ls -l dist
