#!/bin/sh
# usage: sanitize.sh BUILD_FOLDER JOBS [CTEST ARGUMENT...]
#
# Runs the C suites under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer, and the examples under Valgrind; ends with a
# table. Valgrind is taken from the system, else installed by apt-get for root; without it its rows say so.
set -u

build=$1
jobs=$2
shift 2

if ! command -v valgrind >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "sanitize: apt-get install valgrind"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install valgrind libc6-dbg; } \
        </dev/null >"$build/valgrind-apt.log" 2>&1 || tail -n 3 "$build/valgrind-apt.log"
    cmake "$build" >/dev/null
fi
command -v valgrind >/dev/null || echo "sanitize: NO VALGRIND: memcheck and helgrind are not run"

cmake --build "$build" -j "$jobs" --target tsan.order_test sanitize_programs valgrind_programs || exit 1
log=$build/sanitize.log
cd "$build" || exit 1
{ ctest -C Sanitize -j "$jobs" --output-on-failure -R '^(sanitize|asan|ubsan|tsan|memcheck|helgrind)[.]' "$@" 2>&1; echo $? >"$log.status"; } | tee "$log"

echo
awk '
    /^ *[0-9]+\/[0-9]+ Test +#/ {
        split($0, parts, /: /)
        name = parts[2]
        sub(/ .*/, "", name)
        split(name, words, ".")
        tool = words[1]
        if (words[2] == "order") suite = "each object, used right"
        else if (words[2] == "race") suite = "each object, with a mistake"
        else if (tool == "memcheck" || tool == "helgrind") suite = "examples"
        else suite = "C suites"
        row = sprintf("%-28s %-9s", suite, tool)
        rows[row] = 1
        if (/ Passed /) passed[row]++
        else if (/\*\*\*Skipped/) skipped[row]++
        else failed[row]++
    }
    END {
        printf "%-28s %-9s %7s %7s %7s\n", "suite", "sanitizer", "passed", "failed", "skipped"
        for (row in rows)
            printf "%s %7d %7d %7d\n", row, passed[row], failed[row], skipped[row] | "sort"
    }
' "$log"
exit "$(cat "$log.status")"
