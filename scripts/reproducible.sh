#!/bin/sh
# usage: reproducible.sh BUILD_FOLDER
#
# Builds the libraries once more, from a copy of the source in another folder, with another home of cargo's, another locale,
# time zone, umask and number of jobs, and compares them with those in BUILD_FOLDER, byte by byte. Needs no network.
set -eu

build=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
place="$build/reproducible/quite another place"
log=$build/reproducible.log

rm -rf "$build/reproducible"
mkdir -p "$place/source" "$place/cargo/registry"
for part in CMakeLists.txt Cargo.toml Cargo.lock LICENSE-APACHE LICENSE-MIT build.rs cmake docs include src; do
    cp -R "$root/$part" "$place/source"
done
# Not by a link: rustc would see through it.
home=${CARGO_HOME:-$HOME/.cargo}
registry=$home/registry
[ ! -e "$home/config.toml" ] || cp "$home/config.toml" "$place/cargo"
cp -R "$registry/index" "$place/cargo/registry"
for cache in "$registry"/cache/*; do
    mkdir -p "$place/cargo/registry/cache/${cache##*/}"
    awk -F '"' '/^name = / { name = $2 } /^version = / { print name "-" $2 ".crate" }' "$root/Cargo.lock" | while read -r crate; do
        [ ! -e "$cache/$crate" ] || cp "$cache/$crate" "$place/cargo/registry/cache/${cache##*/}"
    done
done

(
    umask 027
    export CARGO_HOME="$place/cargo" CARGO_NET_OFFLINE=true CARGO_BUILD_JOBS=1
    export LC_ALL=C TZ=Pacific/Kiritimati
    cmake -S "$place/source" -B "$place/build" -DPIRN_BUILD_TESTS=OFF && cmake --build "$place/build" --target pirn_cargo
) >"$log" 2>&1 || { tail -n 20 "$log"; echo "reproducible: the second build failed: $log" >&2; exit 1; }

different=0
for library in libpirn.so libpirn.a; do
    if cmp "$build/lib/$library" "$place/build/lib/$library"; then
        echo "$library: $(wc -c <"$build/lib/$library") bytes, the same in both builds: $(sha256sum <"$build/lib/$library" | cut -c 1-64)"
    else
        different=1
    fi
done
if [ $different = 1 ]; then
    echo "reproducible: the builds differ; both are kept, in $build/lib and $place/build/lib" >&2
    exit 1
fi
rm -rf "$build/reproducible"
