#!/bin/sh
# usage: demo.sh BUILD_FOLDER [DIRECTORY]
#
# Installs pirn from the build folder into a prefix inside it, builds the examples there as a project that finds pirn
# installed, and counts the words below DIRECTORY, or below what demo-dir.sh finds on this machine.
set -eu

build=$1
examples=$(cd "$(dirname "$0")/../examples" && pwd)
prefix=$build/demo/prefix

cmake --install "$build" --prefix "$prefix" >"$build/demo-install.log"
cmake -S "$examples" -B "$build/demo/examples" "-DCMAKE_PREFIX_PATH=$prefix" --log-level=NOTICE
cmake --build "$build/demo/examples"

if [ -n "${2:-}" ]; then
    set -- "$2"
else
    directories=$(sh "$examples/demo-dir.sh")
    ifs=$IFS
    IFS='
'
    # One directory a line.
    # shellcheck disable=SC2086
    set -- $directories
    IFS=$ifs
fi
echo
echo "counting the words below $*"
exec "$build/demo/examples/wordcount" "$@"
