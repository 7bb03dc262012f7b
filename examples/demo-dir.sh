#!/bin/sh
# Prints directories of this machine that are worth counting, one on each line: the system's documentation and
# licence texts, else the documentation of Rust, else this repository. Small ones are passed over: a count that
# is over in a few milliseconds says nothing about speed.
set -u

least_kib=$((32 * 1024))

kib() {
    du -skc "$@" 2>/dev/null | tail -n 1 | cut -f 1
}

large_enough() {
    [ "$(kib "$@")" -ge "$least_kib" ]
}

if large_enough /usr/share/doc /usr/share/common-licenses; then
    for dir in /usr/share/doc /usr/share/common-licenses; do
        [ -d "$dir" ] && echo "$dir"
    done
    exit 0
fi

rust=$(rustc --print sysroot 2>/dev/null)/share/doc
if [ -d "$rust" ] && large_enough "$rust"; then
    echo "$rust"
    exit 0
fi

cd "$(dirname "$0")/.." && pwd
