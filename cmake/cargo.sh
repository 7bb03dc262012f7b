#!/bin/sh
# usage: cargo.sh SOURCE BUILD RUSTC CARGO ARGUMENT...
#
# Runs CARGO so that what it compiles says nothing of where, and is the same bytes wherever it is built: the folders of the
# source, the build, the crates and Rust's own library get fixed names. The source's is ".", by which a debugger finds it when
# it runs there.
set -eu

source=$1 build=$2 rustc=$3 cargo=$4
shift 4

crates=${CARGO_HOME:-$HOME/.cargo}
# Rust's library is compiled under this name already; where its source is installed, rustc goes back to that.
library=/rustc/$("$rustc" -vV | sed -n 's/^commit-hash: //p')

# The last prefix that fits counts, and the build folder is often inside the source's.
separator=$(printf '\037')
flags=
for pair in "$source=." "$crates=cargo" "$build=build" "$("$rustc" --print sysroot)/lib/rustlib/src/rust=$library"; do
    flags=$flags${flags:+$separator}--remap-path-prefix=$pair
done

# Cargo takes flags from one place alone, so they join those of the user's, wherever these are: in either variable, or in
# cargo's configuration files.
if [ -n "${CARGO_ENCODED_RUSTFLAGS+set}" ]; then
    export CARGO_ENCODED_RUSTFLAGS="$CARGO_ENCODED_RUSTFLAGS${CARGO_ENCODED_RUSTFLAGS:+$separator}$flags"
elif [ -n "${RUSTFLAGS+set}" ]; then
    # Words between spaces, as cargo takes them.
    users=$(printf '%s' "$RUSTFLAGS" | tr -s ' ' "$separator")
    export CARGO_ENCODED_RUSTFLAGS="$users${users:+$separator}$flags"
else
    list=$(printf '%s' "$flags" | sed "s/[\\\\\"]/\\\\&/g; s/$separator/\", \"/g")
    set -- --config "build.rustflags=[\"$list\"]" "$@"
fi
exec "$cargo" "$@"
