#!/bin/sh
# usage: audit.sh BUILD_FOLDER
#
# Has cargo-deny check the dependencies against deny.toml: first what needs no network, then the advisories of RustSec, whose
# database it fetches; without network it says so, and fails (3). Where there is no cargo-deny, cargo installs it into BUILD_FOLDER/tools, once: some minutes.
set -eu

tools=$(cd "$1" && pwd)/tools
root=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:$tools/bin

cargo-deny --version 2>/dev/null || cargo install --quiet --locked --root "$tools" cargo-deny

cd "$root"
cargo-deny --offline check licenses bans sources
# Which of the two it is must be plain: not looked, or looked and found something.
if ! cargo-deny fetch db; then
    echo "audit: ADVISORIES NOT CHECKED: their database comes from github.com/RustSec, which was not reached. The rest passed." >&2
    exit 3
fi
cargo-deny check --disable-fetch advisories
