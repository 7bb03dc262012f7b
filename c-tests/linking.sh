#!/bin/sh
# usage: linking.sh hardened|paths LIB_FOLDER
#        linking.sh finds
#
#   hardened   how libpirn.so is linked: no memory that is writable and executable, neither stack nor code that is relocated;
#              what the loader fills in is read-only afterwards; nothing of where other libraries are looked for, and no library
#              beside the C library's and the unwinder
#   paths      neither library has a path of this machine in it: those of SOURCE, BUILD, cargo's home and RUSTC's own library
#   finds      that `hardened` fails for a library that is linked otherwise, one way at a time
set -eu
export LC_ALL=C

readelf=${READELF:-readelf}
failed=0

fail() { echo "FAILED: $*" >&2; failed=1; }

hardened() { # hardened LIB_FOLDER
    segments=$("$readelf" -lW "$1/libpirn.so")
    dynamic=$("$readelf" -dW "$1/libpirn.so")
    echo "$segments" | grep 'GNU_STACK' | grep -q ' RW ' || fail "no GNU_STACK, or an executable one"
    ! echo "$segments" | grep -E '^ *LOAD .* [R ]WE ' || fail "a segment that is writable and executable"
    echo "$segments" | grep -q '^ *GNU_RELRO' || fail "no GNU_RELRO"
    echo "$dynamic" | grep -q 'BIND_NOW\|FLAGS_1.*NOW' || fail "no BIND_NOW: what the loader fills in stays writable"
    ! echo "$dynamic" | grep 'TEXTREL' || fail "relocations in code"
    ! echo "$dynamic" | grep -E '\((RPATH|RUNPATH)\)' || fail "a path to look for libraries"
    others=$(echo "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        grep -Ev '^(libc|libgcc_s|libm|libpthread|libdl|librt|ld-linux[-a-z0-9_]*)\.so\.[0-9]$') || true
    [ -z "$others" ] || fail "needs $others"
}

paths() { # paths LIB_FOLDER
    for library in libpirn.so libpirn.a; do
        # A source folder like /src is a part of other names; its own src/ hardly ever.
        for path in "$SOURCE/src/" "$BUILD/" "${CARGO_HOME:-$HOME/.cargo}/registry/" "$("$RUSTC" --print sysroot)/lib/rustlib/"; do
            ! grep -aqF -e "$path" "$1/$library" || fail "$library has $path in it"
        done
        folders=$("$readelf" --debug-dump=info --dwarf-depth=1 "$1/$library" 2>/dev/null | sed -n 's/.*DW_AT_comp_dir.*: //p' | sort -u)
        [ -n "$folders" ] || fail "$library does not say where it was compiled: this test has nothing to look at"
        ! echo "$folders" | grep -xF -e "$SOURCE" || fail "$library says that it was compiled there"
    done
    [ $failed = 0 ] || echo "cmake/cargo.sh gives these folders other names, unless cargo's configuration has flags for the target" >&2
}

finds() {
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    good="-Wl,-z,noexecstack,-z,relro,-z,now"
    cat >"$folder/f.c" <<'END'
static int here;
int *there = &here;
int f(void) { return here; }
#ifdef WRITABLE_CODE
__asm__(".section .both, \"awx\"\n.byte 0\n");
#endif
#ifdef RELOCATED_CODE
__asm__(".text\n.quad there\n");
#endif
END
    "${CC:-cc}" -shared -fPIC -Wl,-soname,libother.so.1 -o "$folder/libother.so" "$folder/f.c"
    for flags in "" -Wl,-z,execstack -Wl,-z,norelro -Wl,-z,lazy -Wl,-rpath,/opt -DWRITABLE_CODE "-DRELOCATED_CODE -Wl,-z,notext" \
        "-Wl,--no-as-needed $folder/libother.so"; do
        # shellcheck disable=SC2086
        "${CC:-cc}" -shared -fPIC $good $flags -o "$folder/libpirn.so" "$folder/f.c"
        if (hardened "$folder"; exit $failed) >"$folder/said" 2>&1; then
            [ -z "$flags" ] || fail "nothing was found in a library that is linked with $flags"
        else
            [ -n "$flags" ] || fail "a library that is linked as it should be: $(cat "$folder/said")"
        fi
    done
}

"$@"
[ $failed = 0 ] || exit 1
echo "$1: all as it should be"
