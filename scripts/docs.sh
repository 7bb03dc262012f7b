#!/bin/sh
# usage: docs.sh OUT_FOLDER VERSION
#
# Makes the reference manual in HTML. Doxygen is taken from the system; where it is missing, apt-get installs it for root. Fails with
# any warning, and with 77 if there is no doxygen to be had.
set -eu

out=$1
version=$2
cd "$(dirname "$0")/.."

if ! command -v doxygen >/dev/null && [ "${PIRN_SETUP_METHODS:-apt}" != system ]; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends doxygen; } >/dev/null 2>&1 || true
    fi
fi
command -v doxygen >/dev/null || {
    echo "docs: needs doxygen (Debian, Ubuntu: apt-get install doxygen)" >&2
    exit 77
}
rm -rf "$out"
mkdir -p "$out"
PIRN_DOCS_OUT=$out PIRN_VERSION=$version doxygen docs/reference/Doxyfile
[ -s "$out/index.html" ]
echo "the manual: $out/index.html"
