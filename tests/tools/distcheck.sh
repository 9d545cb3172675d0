#!/bin/sh
# Does the tarball stand by itself? Unpacked in a folder of its own, it builds, its unit
# tests pass, it installs below DESTDIR, and outside build/ nothing has changed by that.
# The archive for hosts: it unpacks, and needs no library. usage: tests/tools/distcheck.sh TARBALL VERSION ARCHIVE
set -eu
tarball=$(readlink -f "$1") version=$2 archive=$(readlink -f "$3")
work=$(mktemp -d "${TMPDIR:-/tmp}/fx-dist.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# What the make around this one was told is no business of the one in there.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES VARIANT DESTDIR PREFIX

files() {
    find . -path ./build -prune -o -type f -exec sha256sum {} + | LC_ALL=C sort -k 2
}

tar -xzf "$tarball" -C "$work"
cd "$work/fxbridge-$version"
grep -q "^## $version - " CHANGELOG.md || { echo "CHANGELOG.md has no entry for $version" >&2; exit 1; }
files >"$work/before"
make -j"$(nproc)" all unit >"$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
make install DESTDIR="$work/root" PREFIX=/usr >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
files | diff "$work/before" - || { echo "making it has changed the source" >&2; exit 1; }

cd "$work/root/usr"
for program in bin/fxctl bin/fx-dispatcher; do
    said=$($program --version)
    [ "$said" = "${program#bin/} $version" ] || { echo "$program --version says $said" >&2; exit 1; }
done
for page in share/man/man1/fxctl.1 share/man/man5/fx.conf.5 share/man/man8/fx-dispatcher.8; do
    grep -q "FX Bridge $version" $page || { echo "$page does not say $version" >&2; exit 1; }
done
mkdir "$work/host"
tar -xzf "$archive" -C "$work/host"
cd "$work/host/fxbridge-$version"
[ "$(env -i bin/fxctl --version)" = "fxctl $version" ]
if readelf -l bin/fxbridge | grep INTERP; then echo "bin/fxbridge needs libraries" >&2; exit 1; fi
echo "${archive##*/} unpacks and runs; it has $(stat -c %s "$archive") bytes"
echo "${tarball##*/} builds, passes its unit tests and installs $(find . -type f | wc -l) files"
