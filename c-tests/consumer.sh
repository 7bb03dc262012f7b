#!/bin/sh
# Steps of the tests in consumer.cmake, which sets the variables in capitals. A TREE is a folder for an installed
# prefix and for what is built against it.
#
#   consumer.sh install TREE BUILD             installs pirn from BUILD into TREE/prefix
#   consumer.sh install-and-move TREE BUILD    for another prefix below DESTDIR, then moves it to TREE/prefix
#   consumer.sh build TREE [SOURCE]            the consumer by CMake, with TREE/prefix or with pirn's SOURCE
#   consumer.sh examples TREE SOURCE           the examples by CMake, with TREE/prefix
#   consumer.sh built TREE KIND LANGUAGE       runs a program that `build` made
#   consumer.sh pkg-config|cc TREE KIND LANGUAGE   makes a program by the compiler and runs it
#
# KIND is shared or static; LANGUAGE is c, cpp (C++ with pirn.h) or hpp (C++ with pirn.hpp). Exits with 77 for a test that cannot be made here.
set -eu

step=$1
tree=$2
prefix=$tree/prefix
libdir=$prefix/$LIBDIR
consumer=$(dirname "$0")/consumer

fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; }

cmake_build() { # cmake_build SOURCE BUILD OPTION...
    source=$1
    build=$2
    shift 2
    "$CMAKE" -S "$source" -B "$build" "$@"
    "$CMAKE" --build "$build"
}

# A program does what it should, and takes libpirn.so with it only if it is linked to that.
check() { # check PROGRAM KIND
    printed=$("$1")
    [ "$printed" = "pirn $VERSION" ] || fail "$1 printed '$printed'"
    needed=$("$READELF" -d "$1" | sed -n 's/.*(NEEDED).*\[\(libpirn.*\)\]/\1/p')
    case $2 in
        shared) [ "$needed" = "$SONAME" ] || fail "$1 needs '$needed', not $SONAME" ;;
        static) [ -z "$needed" ] || fail "$1 needs $needed" ;;
    esac
    echo "$printed ($2)"
}

compile() { # compile LANGUAGE ARGUMENT...: the arguments come after the source, where libraries have to stand
    language=$1
    shift
    case $language in
        c) set -- "$CC" -std=c99 "$consumer/consumer.c" "$@" ;;
        cpp) set -- "$CXX" -std=c++11 "$consumer/consumer.cpp" "$@" ;;
        hpp) set -- "$CXX" -std=c++17 "$consumer/consumer_hpp.cpp" "$@" ;;
    esac
    "$@" -Wall -Wextra -pedantic -Werror -o "$program"
}

by_cc() {
    case $1 in
        shared) compile "$2" -I"$prefix/include" -L"$libdir" -lpirn -Wl,-rpath,"$libdir" ;;
        static) compile "$2" -I"$prefix/include" "$libdir/libpirn.a" -pthread -ldl -lm ;;
    esac
}

# What pkg-config prints is quoted for a shell.
by_pkg_config() {
    command -v pkg-config >/dev/null || skip "no pkg-config"
    export PKG_CONFIG_PATH="$libdir/pkgconfig" LD_LIBRARY_PATH="$libdir"
    case $1 in
        shared) flags=$(pkg-config --cflags --libs 'pirn >= 0.1') ;;
        static)
            echo 'int main(void) { return 0; }' >"$program.c"
            "$CC" -static -o "$program" "$program.c" || skip "no static C library"
            flags="-static $(pkg-config --static --cflags --libs 'pirn >= 0.1')"
            ;;
    esac
    eval "compile $2 $flags"
}

case $step in
    install)
        rm -rf "$tree"
        "$CMAKE" --install "$3" --prefix "$prefix"
        ;;
    install-and-move)
        rm -rf "$tree"
        DESTDIR=$tree/stage "$CMAKE" --install "$3" --prefix /opt/pirn
        mv "$tree/stage/opt/pirn" "$prefix"
        ! grep -rIF -e "$tree" -e /opt/pirn "$prefix" || fail "the tree says where it was installed"
        ;;
    build) cmake_build "$consumer" "$tree/cmake" ${3:+"-DPIRN_SOURCE_DIR=$3"} "-DCMAKE_PREFIX_PATH=$prefix" ;;
    examples) cmake_build "$3/examples" "$tree/examples" "-DCMAKE_PREFIX_PATH=$prefix" ;;
    built) check "$tree/cmake/$3-$4" "$3" ;;
    cc | pkg-config)
        program=$tree/$step-$3-$4
        if [ "$step" = cc ]; then by_cc "$3" "$4"; else by_pkg_config "$3" "$4"; fi
        check "$program" "$3"
        ;;
    *) fail "unknown step $step" ;;
esac
