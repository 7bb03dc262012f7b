#!/bin/sh
# usage: audit.sh BUILD_FOLDER
#
# Has cargo-deny check the dependencies against deny.toml: first what needs no network, then the advisories of RustSec, whose
# database it fetches. Where there is no cargo-deny, cargo installs it into BUILD_FOLDER/tools, once: some minutes.
set -eu

tools=$(cd "$1" && pwd)/tools
root=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:$tools/bin

cargo-deny --version 2>/dev/null || cargo install --quiet --locked --root "$tools" cargo-deny

cd "$root"
cargo-deny --offline check licenses bans sources
cargo-deny check advisories || {
    echo "audit: the advisories were not, or not all, found harmless; without network their database cannot be fetched" >&2
    exit 1
}
