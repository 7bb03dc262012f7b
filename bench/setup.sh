#!/bin/sh
# usage: setup.sh FOLDER VENV SHIM PACKAGE...
#
# Sets up what the benchmarks need beside what is there: the Debian PACKAGEs by apt-get, for root; in FOLDER the shim
# around the peers in Rust, if SHIM is not empty; in VENV a virtual environment with matplotlib. Says what it cannot get and
# goes on: peers without their library are reported as missing, and without matplotlib there is no chart.
set -eu

folder=$1
venv=$2
shim=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"

say() { echo "bench setup: $*"; }

if [ $# -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "apt-get install $*"
        { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@"; } \
            </dev/null >"$folder/apt.log" 2>&1 ||
            { say "apt-get failed, and peers will be missing:"; tail -n 3 "$folder/apt.log"; }
    else
        say "not root, or no apt-get: peers will be missing; Debian has them in $*"
    fi
fi

if [ -n "$shim" ]; then
    CARGO_TARGET_DIR=$folder/shim cargo build --quiet --release --locked --manifest-path "$here/shim/Cargo.toml" ||
        say "cargo could not build the shim: missing will be $shim"
fi

if ! "$venv/bin/python" -c "import matplotlib" 2>/dev/null; then
    say "pip install matplotlib (into $venv)"
    { python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet -r "$here/requirements.txt"; } \
        </dev/null >"$folder/pip.log" 2>&1 ||
        { say "no matplotlib, so no chart will be drawn:"; tail -n 3 "$folder/pip.log"; }
fi
