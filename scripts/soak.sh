#!/bin/sh
# usage: soak.sh BUILD_FOLDER SECONDS [SEED]
#
# Two thirds of the time the soak, a third the misuse fuzzer: a third of that plain, the rest with forks, exits, and where
# the compilers have it, under AddressSanitizer and guided by coverage. Ends with the report; fails if any part failed.
set -u

programs=$1/c-tests
seconds=$2
seed=${3:-$(date +%s)}
report=$1/soak.log
failed=0
: >"$report"

part() { # part COMMAND...
    echo "== $*" | tee -a "$report"
    { "$@" 2>&1; echo $? >"$report.status"; } | tee -a "$report"
    [ "$(cat "$report.status")" = 0 ] || { failed=1; echo "FAILED: $*" | tee -a "$report"; }
}

part env PIRN_SOAK_SECONDS=$((seconds * 2 / 3)) PIRN_SOAK_SEED="$seed" "$programs/soak/soak" soak
part "$programs/fuzz/fuzz" misuse $((seconds / 9)) "$seed"
part "$programs/fuzz/fuzz" fork $((seconds / 18)) "$seed"
part "$programs/fuzz/fuzz" exit $((seconds / 18)) "$seed"
if [ -x "$programs/fuzz/fuzz_asan" ]; then
    part "$programs/fuzz/fuzz_asan" misuse $((seconds / 18)) "$seed"
else
    echo "no AddressSanitizer: that part was not run" | tee -a "$report"
fi

if [ -x "$programs/fuzz/fuzz_guided" ]; then
    part "$(dirname "$0")/../c-tests/fuzz/guided.sh" "$1" $((seconds / 18)) "$seed"
else
    echo "no clang with libFuzzer: that part was not run" | tee -a "$report"
fi

echo
echo "report (all of it: $report)"
grep -aE '^(soak|misuse|fork|exit|guided): seed .*:|^FAILED|^no (AddressSanitizer|clang)' "$report"
exit $failed
