#!/bin/sh
# usage: flags.sh CARGO_SH RUSTC CARGO
#
# That CARGO_SH (cmake/cargo.sh) adds its flags to those of the user's, wherever they are, and that folders with any characters in their
# names come through. A program that prints what it gets stands in for cargo.
set -eu

script=$1
rustc=$2
cargo=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS

cat >"$folder/cargo" <<'END'
#!/bin/sh
printf '%s\n' "${CARGO_ENCODED_RUSTFLAGS-none}" | tr '\037' '\n'
printf '<%s>\n' "$@"
END
chmod +x "$folder/cargo"

said() { CARGO_HOME="/home of/cargo" sh "$script" /the/source "/a build" "$rustc" "$folder/cargo" rustc --lib; }

expect() { # expect WHAT LINE...: these are among what was said
    what=$1
    shift
    for line; do
        said | grep -qxF -e "$line" || { echo "FAILED: $what: no '$line' in"; said; exit 1; } >&2
    done
}

source_flag=--remap-path-prefix=/the/source=.
home_flag="--remap-path-prefix=/home of/cargo=cargo"
expect "no flags of the user's" none '<--config>' '<rustc>' '<--lib>'
said | grep -qF "build.rustflags=[\"$source_flag\", \"$home_flag\"," || { echo "FAILED: no flags in the configuration"; said; exit 1; } >&2

export RUSTFLAGS="-C  target-cpu=native"
expect "RUSTFLAGS" -C target-cpu=native "$source_flag" "$home_flag" '<rustc>'

CARGO_ENCODED_RUSTFLAGS=$(printf -- '-L\037/with a space')
export CARGO_ENCODED_RUSTFLAGS
expect "CARGO_ENCODED_RUSTFLAGS" -L "/with a space" "$source_flag" "$home_flag" '<rustc>'

unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
# Cargo reads its configuration, with these names in it.
sh "$script" "$folder/with \"quotes\", a \\ and a space" /build "$rustc" "$cargo" locate-project --manifest-path "${script%/*}/../Cargo.toml" >/dev/null
echo "flags: all as it should be"
