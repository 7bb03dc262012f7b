#!/bin/sh
# usage: sanitize.sh BUILD_FOLDER JOBS [TOOL...]
#
# Runs the C suites under AddressSanitizer (asan), UndefinedBehaviorSanitizer (ubsan) and ThreadSanitizer (tsan), and the examples under
# Valgrind's memcheck and helgrind: all of that, or the TOOLs that are named. Ends with a table, and with why what was skipped.
# Valgrind is taken from the system, else installed by apt-get for root; without it its rows say so.
set -u

build=$1
jobs=$2
shift 2
[ $# -gt 0 ] || set -- asan ubsan tsan memcheck helgrind

targets=
for tool; do
    case $tool in
        asan | ubsan | tsan | memcheck | helgrind) targets="$targets ${tool}_programs" ;;
        *) echo "sanitize: no tool $tool; there are asan, ubsan, tsan, memcheck, helgrind" >&2; exit 2 ;;
    esac
done
tools=$(echo "$*" | tr ' ' '|')

case $tools in
    *memcheck* | *helgrind*)
        if ! command -v valgrind >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            echo "sanitize: apt-get install valgrind"
            { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install valgrind libc6-dbg; } \
                </dev/null >"$build/valgrind-apt.log" 2>&1 || tail -n 3 "$build/valgrind-apt.log"
            cmake "$build" >/dev/null
        fi
        command -v valgrind >/dev/null || echo "sanitize: NO VALGRIND: memcheck and helgrind are not run"
        ;;
esac

# shellcheck disable=SC2086
cmake --build "$build" -j "$jobs" --target $targets || exit 1
log=$build/sanitize.log
cd "$build" || exit 1
{ ctest -C Sanitize -j "$jobs" --output-on-failure -R "^($tools)[.]" 2>&1; echo $? >"$log.status"; } | tee "$log"

echo
awk '
    /^ *[0-9]+\/[0-9]+ Test +#/ {
        split($0, parts, /: /)
        name = parts[2]
        sub(/ .*/, "", name)
        n = split(name, words, ".")
        tool = words[1]
        if (words[2] == "order") suite = "each object, used right"
        else if (words[2] == "race" && n == 3 && words[3] != "cpp") suite = "each object, with a mistake"
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
# Each test that is skipped says why.
awk '
    /^[0-9]+\/[0-9]+ Testing: / { tool = $3; sub(/[.].*/, "", tool) }
    /^skipped: / { count[sprintf("%-9s %s", tool, substr($0, 10))]++ }
    END { for (why in count) printf "%4d skipped: %s\n", count[why], why | "sort -k3" }
' Testing/Temporary/LastTest.log
exit "$(cat "$log.status")"
