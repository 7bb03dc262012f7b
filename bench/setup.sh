#!/bin/sh
# usage: setup.sh FOLDER SHIM PACKAGE...
#
# Sets up in FOLDER what the benchmarks need beside what is there: the Debian PACKAGEs by apt-get, for root; the shim
# around parking_lot, if SHIM is not empty; a virtual environment with matplotlib. Says what it cannot get and goes on:
# peers without their library are reported as missing, and without matplotlib there is no chart.
set -eu

folder=$1
shim=$2
shift 2
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
        say "cargo could not build the shim: parking_lot will be missing"
fi

if ! "$folder/venv/bin/python" -c "import matplotlib" 2>/dev/null; then
    say "pip install matplotlib (into $folder/venv)"
    { python3 -m venv "$folder/venv" && "$folder/venv/bin/python" -m pip install --quiet -r "$here/requirements.txt"; } \
        </dev/null >"$folder/pip.log" 2>&1 ||
        { say "no matplotlib, so no chart will be drawn:"; tail -n 3 "$folder/pip.log"; }
fi
