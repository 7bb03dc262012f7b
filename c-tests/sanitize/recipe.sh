#!/bin/sh
# usage: recipe.sh install TREE SOURCE
#        recipe.sh tsan|helgrind TREE COMPILER
#
# Runs the lines of docs/sanitizers.md as a reader would: `install` builds pirn from a copy of its source, TREE/source, and installs it
# below TREE, which stands for the reader's home; the others build program.c there with COMPILER and run it. It is to have no report as it
# is, and one with a mistake in it. CMAKE and CARGO are the programs of that name. Exits with 77 for what cannot be run here.
set -eu

step=$1
tree=$2
here=$(cd "$(dirname "$0")" && pwd)

fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; }

# The n-th block of commands in the text.
block() {
    awk -v n="$1" '/^```$/ { inside = 0 } inside { print } /^```sh$/ { inside = ++blocks == n }' "$here/../../docs/sanitizers.md"
}

# The reader's home, and a program that is called by name.
at_home() { # at_home NAME PROGRAM
    export CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" HOME="$tree"
    mkdir -p bin
    ln -sf "$2" "bin/$1"
    PATH=$PWD/bin:$PATH
}

install_it() { # install_it SOURCE
    rm -rf "$tree"
    mkdir -p "$tree/source/c-tests/sanitize"
    for part in CMakeLists.txt Cargo.toml Cargo.lock LICENSE-APACHE LICENSE-MIT build.rs cmake docs include src; do
        cp -R "$1/$part" "$tree/source"
    done
    cp "$here/helgrind.supp" "$tree/source/c-tests/sanitize"
    cd "$tree"
    at_home cmake "$CMAKE"
    PATH=$PATH:$(dirname "$CARGO")
    block 1 >commands
    grep -q PIRN_ANNOTATED=ON commands || fail "these commands of docs/sanitizers.md build something else: $(cat commands)"
    cd source
    sh -eux ../commands
}

# A ThreadSanitizer that is older than the kernel does not start where addresses are spread widely.
tsan_starts() {
    echo 'int main(void) { return 0; }' >one.c
    "$compiler" -fsanitize=thread one.c -o one 2>said || { cat said; skip "$compiler has no ThreadSanitizer"; }
    ./one >said 2>&1
}

# program EXPECTED [VARIABLE=VALUE...]: runs `commands`; the program has a report or not.
program() {
    expected=$1
    shift
    code=0
    env "$@" sh -eux ./commands >said 2>&1 || code=$?
    if grep -q "$report" said; then found=report; else found=none; fi
    [ "$found" = "$expected" ] || { cat said; fail "a report: $found, not $expected ($*)"; }
    [ "$expected" = report ] && return
    grep -qx "counted to 2000, received 42" said && [ $code = 0 ] || { cat said; fail "the program returned $code ($*)"; }
}

run() { # run BLOCK HOW
    folder=$tree/$step-$(basename "$compiler")
    mkdir -p "$folder"
    cd "$folder"
    at_home cc "$compiler"
    cp "$here/program.c" .
    block "$1" >commands
    grep -q "$2" commands || fail "these commands of docs/sanitizers.md do something else: $(cat commands)"
}

case $step in
    install) install_it "$3" ;;
    tsan)
        compiler=$3
        report='WARNING: ThreadSanitizer: data race'
        run 2 fsanitize=thread
        if ! tsan_starts; then
            [ -z "${PIRN_TEST_UNSPREAD-}" ] || { cat said; skip "ThreadSanitizer does not start"; }
            PIRN_TEST_UNSPREAD=1 exec setarch -R sh "$here/recipe.sh" "$@"
        fi
        program none
        program report RACE=1
        # What the text says of the library as it is shipped, and of the one that is linked in.
        sed 's|/pirn-annotated||' commands >shipped
        sed 's|-lpirn|"$HOME/.local/lib/pirn-annotated/libpirn.a" -pthread -ldl -lm|; s|LD_LIBRARY_PATH=[^ ]*||' commands >linked
        mv linked commands
        program none
        program report RACE=1
        mv shipped commands
        program report
        ;;
    helgrind)
        compiler=$3
        report='Possible data race'
        command -v valgrind >/dev/null || skip "no valgrind"
        run 3 tool=helgrind
        program none
        program report RACE=1
        ;;
    *) fail "unknown step $step" ;;
esac
