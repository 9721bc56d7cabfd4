#!/usr/bin/env bash
# Builds a release in dist/: an archive with program, manual pages, completions and documents, a Debian package, a bill of
# materials (CycloneDX) and checksums. Installs cargo-deb and cargo-cyclonedx below target/ if they are missing.
#
#   packaging/release.sh [TARGET]
#
# Default: x86_64-unknown-linux-musl, static, runs on any Linux; needs this rustup target and musl-tools.
# x86_64-unknown-linux-gnu is compiled in a bare Debian 11, so that glibc 2.31 is enough; needs root and debootstrap.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-x86_64-unknown-linux-musl}
[ -d "$(rustc --print target-libdir --target "$target")" ] || { echo "first: rustup target add $target" >&2; exit 1; }
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
name=ditto-cdc-$version-$target
tools=$PWD/target/tools
export PATH=$tools/bin:$PATH
cargo_home=${CARGO_HOME:-$HOME/.cargo}

# OpenSSL embeds its build folder, so the build always uses the same folder.
export CARGO_TARGET_DIR=/tmp/ditto-cdc-build
mkdir -p -m 700 "$CARGO_TARGET_DIR"
[ -O "$CARGO_TARGET_DIR" ] || { echo "$CARGO_TARGET_DIR belongs to another user" >&2; exit 1; }

# The same sources, compilers and CARGO_HOME (which OpenSSL embeds in its flags) should give the same bytes: no other path
# and no build time is embedded.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
export RUSTFLAGS="--remap-path-prefix=$PWD=ditto-cdc --remap-path-prefix=$cargo_home=cargo"
export "CFLAGS_${target//-/_}=-ffile-prefix-map=$cargo_home=cargo"
if [[ $target == *-musl ]]; then
    export "CC_${target//-/_}=musl-gcc"
fi
for tool in cargo-deb cargo-cyclonedx; do
    command -v "$tool" >/dev/null || RUSTFLAGS= CARGO_TARGET_DIR=target/tools/build cargo install --quiet --locked "$tool" --root "$tools"
done

build=(cargo build --release --locked --offline --bin ditto-cdc --target "$target")
sysroot=$(rustc --print sysroot)

# The compiler and its inputs have the same paths in the Debian root as on this machine.
build_in_old_root() {
    local root=$PWD/target/roots/compile
    if [ ! -e "$root/usr/bin/perl" ]; then
        debootstrap --variant=minbase --include=gcc,g++,make,perl bullseye "$root" >target/roots-compile.log
    fi
    # shellcheck disable=SC2016
    PATH=$sysroot/bin:/usr/sbin:/usr/bin:/sbin:/bin unshare --mount bash -euc '
        root=$1 folder=$2
        for shared in "$folder" "$3" "$4" "$5"; do
            mkdir -p "$root$shared"
            mount --bind "$shared" "$root$shared"
        done
        mount -t proc proc "$root/proc"
        exec chroot "$root" bash -c '\''cd "$0" && exec "$@"'\'' "$folder" "${@:6}"
    ' - "$root" "$PWD" "$cargo_home" "$sysroot" "$CARGO_TARGET_DIR" "${build[@]}"
}

cargo fetch --quiet --locked --target "$target"
case $target in
*-gnu) build_in_old_root ;;
*) "${build[@]}" ;;
esac

rm -rf dist
mkdir -p "dist/$name"
strip -o "dist/$name/ditto-cdc" "$CARGO_TARGET_DIR/$target/release/ditto-cdc"
cp README.md CHANGELOG.md SECURITY.md LICENSE-MIT LICENSE-APACHE "dist/$name/"
cp -r completions man docs "dist/$name/"
# Fixed order, time and owner of files, so that the archive is reproducible.
tar -C dist --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --use-compress-program='gzip -n -9' -cf "dist/$name.tar.gz" "$name"
rm -r "dist/${name:?}"

variant=()
[[ $target == *-gnu ]] || variant=(--variant static)
cargo deb --quiet --no-build --strip --target "$target" "${variant[@]}" --output "dist/"
cargo cyclonedx --quiet --format json --override-filename "ditto-cdc-$version.cdx"
mv "ditto-cdc-$version.cdx.json" dist/

(cd dist && sha256sum -- * >SHA256SUMS)
ls -l dist
