#!/bin/sh
# usage: setup.sh BUILD_FOLDER
#
# Puts what the build needs beside Rust, a C compiler, make and Python into BUILD_FOLDER/tools/bin: links to the system's
# tools where they are new enough; else to what apt-get installs (as root), else to what pip installs into a virtual
# environment in BUILD_FOLDER/tools. Fetches the crates of Cargo.lock. Once done it is quick and needs no network.
#
# PIRN_SETUP_METHODS chooses and orders the ways; by default "system apt pip".
set -eu

tools=$1/tools
methods=${PIRN_SETUP_METHODS:-system apt pip}
all="cmake ctest ninja pkg-config"

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

oldest() {
    case $1 in
        cmake | ctest) echo 3.16 ;;
        ninja) echo 1.8 ;;
        pkg-config) echo 0.29 ;;
    esac
}

works() { # works TOOL PROGRAM: PROGRAM runs, and is a TOOL that is new enough
    version=$("$2" --version 2>/dev/null | grep -Eo '[0-9]+(\.[0-9]+)+' | head -n 1) && [ -n "$version" ] || return 1
    [ "$(printf '%s\n' "$(oldest "$1")" "$version" | sort -V | head -n 1)" = "$(oldest "$1")" ]
}

missing() {
    for tool in $all; do
        works "$tool" "$tools/bin/$tool" || printf '%s ' "$tool"
    done
}

link_from() { # link_from FIND: links each missing tool to what `FIND tool` prints, where that works
    for tool in $(missing); do
        program=$("$1" "$tool") && works "$tool" "$program" || continue
        ln -sf "$program" "$tools/bin/$tool"
        say "$tool $version: $program"
    done
}

in_system() { command -v "$1"; }
in_venv() { echo "$tools/venv/bin/$1"; }

from_system() { link_from in_system; }

from_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { say "apt: not root, or no apt-get"; return; }
    packages=$(packages cmake ninja-build pkg-config)
    say "apt-get install $packages"
    # shellcheck disable=SC2086
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $packages; } \
        </dev/null >"$tools/apt.log" 2>&1 || { say "apt-get failed:"; tail -n 3 "$tools/apt.log"; }
    link_from in_system
}

from_pip() {
    packages=$(packages cmake ninja pkgconf)
    say "pip install $packages (into $tools/venv)"
    if ! python3 -m venv "$tools/venv" >"$tools/pip.log" 2>&1; then
        say "python3 -m venv failed (Debian and Ubuntu have it in the package python3-venv):"
        tail -n 3 "$tools/pip.log"
        return
    fi
    # shellcheck disable=SC2086
    "$tools/venv/bin/python" -m pip install --quiet --upgrade $packages >"$tools/pip.log" 2>&1 </dev/null ||
        { say "pip failed:"; tail -n 3 "$tools/pip.log"; }
    link_from in_venv
}

packages() { # packages CMAKE NINJA PKG_CONFIG: those names whose tools are missing
    case " $(missing)" in *" cmake "* | *" ctest "*) printf '%s ' "$1" ;; esac
    case " $(missing)" in *" ninja "*) printf '%s ' "$2" ;; esac
    case " $(missing)" in *" pkg-config "*) printf '%s ' "$3" ;; esac
}

command -v cargo >/dev/null || fail "no cargo: install Rust first (rust-version in Cargo.toml says how new)"
command -v cc >/dev/null || fail "no cc: install a C compiler first"

mkdir -p "$tools/bin"
tools=$(cd "$tools" && pwd)
for method in $methods; do
    [ -n "$(missing)" ] || break
    "from_$method"
done
case $(missing) in
    "") ;;
    "pkg-config ") say "no pkg-config: the tests that need it will be skipped" ;;
    *) fail "could not get these: $(missing)(see above); or install it by other means and run this again" ;;
esac

cargo fetch --quiet --locked --manifest-path "$(dirname "$0")/../Cargo.toml"
