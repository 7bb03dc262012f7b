#!/bin/sh
# usage: test.sh BUILD_FOLDER JOBS
#
# Runs the tests of Rust, the models, the tests of C, of Python, and the examples in other languages, all of them whether or not some fail. Then looks
# whether the tests that the contract names (docs/semantics.md) were among those that passed, and ends with the counts.
set -u

build=$1
jobs=$2
root=$(cd "$(dirname "$0")/.." && pwd)

# The status of the command, while its output goes both ways; sh alone has only that of the pipe's last part.
logged() { # logged LOG COMMAND...
    log=$1
    shift
    { "$@" 2>&1; echo $? >"$log.status"; } | tee "$log"
    return "$(cat "$log.status")"
}

logged "$build/cargo-test.log" cargo test --locked --no-fail-fast -j "$jobs" --manifest-path "$root/Cargo.toml"
rust_status=$?
logged "$build/models.log" "$root/scripts/models.sh" "$build" "$jobs"
models_status=$?
# Not --test-dir: that is younger than the oldest CMake that pirn takes.
cd "$build" && logged "$build/ctest.log" ctest -j "$jobs" --output-on-failure
c_status=$?
logged "$build/python.log" "$root/scripts/python.sh" "$build" test
python_status=$?
logged "$build/bindings.log" "$root/scripts/bindings.sh" "$build"
bindings_status=$?
[ $python_status = 3 ] && python_status=0    # not there: said and counted

contract() {
    cd "$root" || return
    command -v "${PYTHON:-python3}" >/dev/null || { echo "contract: missing: Python"; return 0; }
    "${PYTHON:-python3}" -B docs/reference/semantics.py docs/semantics.md docs/semantics/*.md -- c-tests/exports.txt include \
        "$build/cargo-test.log" "$build/models.log" "$build/ctest.log"
}
logged "$build/contract.log" contract
contract_status=$?

awk -v contract_status=$contract_status -v python_status=$python_status -v bindings_status=$bindings_status -v rust_status=$rust_status -v models_status=$models_status -v c_status=$c_status '
    function line(what, passed, failed, skipped) {
        printf "%s%d passed, %d failed, %d skipped\n", what, passed, failed, skipped
    }
    FILENAME ~ /cargo-test[.]log$/ && /^test result:/ { rust_passed += $4; rust_failed += $6; rust_skipped += $8 }
    FILENAME ~ /models[.]log$/ && /^test result:/ { models_passed += $4; models_failed += $6; models_skipped += $8 }
    FILENAME ~ /ctest[.]log$/ && /^ *[0-9]+\/[0-9]+ Test +#/ {
        if (/ Passed /) c_passed++
        else if (/\*\*\*Skipped/) c_skipped++
        else c_failed++
    }
    FILENAME ~ /python[.]log$/ && /^python: missing/ { python_skipped++ }
    FILENAME ~ /python[.]log$/ && / in [0-9.]+s/ {
        for (i = 1; i < NF; i++) {
            if ($(i + 1) ~ /^passed/) python_passed += $i
            if ($(i + 1) ~ /^(failed|error)/) python_failed += $i
            if ($(i + 1) ~ /^skipped/) python_skipped += $i
        }
    }
    FILENAME ~ /bindings[.]log$/ && /^bindings: / {
        if ($3 == "passed") others_passed++
        else if ($3 == "failed") others_failed++
        else others_skipped++
        if ($3 ~ /^missing/) missing = missing $0 "\n"
    }
    FILENAME ~ /python[.]log$/ && /^python: missing/ { missing = missing $0 "\n" }
    FILENAME ~ /contract[.]log$/ && /^contract: missing/ { contract_skipped++; missing = missing $0 "\n" }
    FILENAME ~ /contract[.]log$/ && /^contract: [0-9]/ { contract = $0; sub(/^contract: /, "contract:   ", contract); contract_failed = $(NF - 1) }
    END {
        print ""
        line("cargo test: ", rust_passed, rust_failed, rust_skipped)
        line("models:     ", models_passed, models_failed, models_skipped)
        line("ctest:      ", c_passed, c_failed, c_skipped)
        line("python:     ", python_passed, python_failed, python_skipped)
        line("bindings:   ", others_passed, others_failed, others_skipped)
        if (contract) print contract
        printf "%s", missing
        complete = rust_passed > 0 && models_passed > 0 && c_passed > 0
        unexplained = contract_status != 0 && contract_failed == 0 || python_status != 0 && python_failed == 0 || rust_status != 0 && rust_failed == 0 || models_status != 0 && models_failed == 0
        if (unexplained || c_status != 0 && c_failed == 0 || !complete)
            print "not all tests were run: see above"
        line("", rust_passed + models_passed + c_passed + python_passed + others_passed, \
             rust_failed + models_failed + c_failed + python_failed + others_failed + contract_failed, \
             rust_skipped + models_skipped + c_skipped + python_skipped + others_skipped + contract_skipped)
        exit !(contract_status == 0 && rust_status == 0 && models_status == 0 && c_status == 0 && python_status == 0 && bindings_status == 0 && complete)
    }
' "$build/cargo-test.log" "$build/models.log" "$build/ctest.log" "$build/python.log" "$build/bindings.log" "$build/contract.log"
