#!/bin/sh
# usage: bindings.sh BUILD_FOLDER
#
# Runs the examples of the C API in other languages with the built library, and compares what they say. A language whose
# tools are not there is reported as missing, and counted. Ends with a line for each: passed, failed, or missing and what.
set -u

build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../bindings" && pwd)
export PIRN_LIBRARY="$build/lib/libpirn.so"
failed=0
report=

result() { # result LANGUAGE WORDS
    report="$report
bindings: $1 $2"
    case $2 in failed*) failed=1 ;; esac
}

compare() { # compare LANGUAGE EXPECTED COMMAND...
    language=$1
    expected=$2
    shift 2
    said=$(timeout 600 "$@" 2>"$build/$language/err") && [ "$said" = "$expected" ] && { result "$language" passed; return; }
    echo "$language: expected:"
    echo "$expected"
    echo "$language: got:"
    echo "$said"
    cat "$build/$language/err"
    result "$language" failed
}

node_example() {
    command -v node >/dev/null && command -v npm >/dev/null || { result node "missing: node and npm"; return; }
    mkdir -p "$build/node"
    cp "$source/node/package.json" "$source/node/example.js" "$build/node/"
    [ -d "$build/node/node_modules/koffi" ] ||
        (cd "$build/node" && timeout 600 npm install --no-audit --no-fund --loglevel=error >npm.log 2>&1 </dev/null) ||
        { rm -rf "$build/node/node_modules"; result node "missing: koffi ($(grep -v '^$' "$build/node/npm.log" | head -n 1))"; return; }
    compare node "lock: handed over
queue: 1,2,3,4,5
pool: 1,4,9,16, and one that failed: disk full" node "$build/node/example.js"
}

go_example() {
    command -v go >/dev/null || { result go "missing: go (Debian: golang-go)"; return; }
    mkdir -p "$build/go"
    export CGO_CFLAGS="-I$source/../include" CGO_LDFLAGS="-L$build/lib -Wl,-rpath,$build/lib"
    export GOCACHE="$build/go/cache" GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPROXY=off
    (cd "$source/go" && timeout 900 go build -p 2 -o "$build/go/example" . 2>"$build/go/err") ||
        { cat "$build/go/err"; result go failed; return; }
    compare go "lock: 8000
queue: [1 2 3 4 5]
pool: [1 4 9 16], and two that failed: disk full, panic: on purpose" "$build/go/example"
}

node_example
go_example
echo "$report"
exit $failed
