#!/bin/sh
# usage: exports.sh shared|headers|static|write LIB_FOLDER INCLUDE_FOLDER
#
# exports.txt is the reviewed list of what the library exports. This compares it with
#   shared   what libpirn.so exports: exactly the list;
#   headers  what the generated headers declare: exactly the list;
#   static   what libpirn.a defines: exactly the list, but for names that no C program may define (with a dot, or with a
#            leading underscore before an upper-case letter or second underscore: compilers' and Rust's mangled ones),
#            weak ones, which give way to others, and rust_eh_personality, which another Rust archive may define too:
#            a program cannot always link two of them.
# `write` makes the list what the headers declare.
set -eu
export LC_ALL=C

list=$(dirname "$0")/exports.txt
lib=$2
include=$3
readelf=${READELF:-readelf}

declared() {
    find "$include" -name '*.h' ! -name with.h -exec cat {} + | grep -Ev '^ *(\*|/\*)' | grep -o '\bpirn_[a-z0-9_]*(' | tr -d '(' | sort -u
}

defined() { # defined BINDINGS ARGUMENT...: names that `readelf ARGUMENT...` shows as defined, with one of the bindings
    bindings=$1
    shift
    "$readelf" -W "$@" | awk -v bindings="$bindings" '$5 ~ bindings && $7 != "UND" && NF == 8 { print $8 }' | sort -u
}

same() { # same WHAT: standard input is the list
    diff -u --label exports.txt "$list" --label "$1" - || {
        echo "$1 and c-tests/exports.txt differ; if that is meant, \`make exports\` writes the list: review it" >&2
        exit 1
    }
    echo "$1: the $(wc -l <"$list") names of exports.txt, and no other"
}

case $1 in
    shared) defined 'GLOBAL|WEAK' --dyn-syms "$lib/libpirn.so" | same libpirn.so ;;
    headers) declared | same "the headers" ;;
    static)
        defined GLOBAL --syms "$lib/libpirn.a" | grep -Ev '\.|^_[A-Z_]|^rust_eh_personality$' | same libpirn.a
        ;;
    write) declared >"$list" ;;
    *) echo "usage: $0 shared|headers|static|write LIB_FOLDER INCLUDE_FOLDER" >&2; exit 2 ;;
esac
