#!/bin/sh
# usage: guided.sh BUILD_FOLDER SECONDS [SEED]
#
# The fuzzer that is guided by coverage, from the seeds in `seeds` and what earlier runs have found. An input that
# shows a fault is left in the build folder: `fuzz_guided FILE` repeats it.
set -u

folder=$1/c-tests/fuzz
if [ ! -x "$folder/fuzz_guided" ]; then
    echo "guided: no clang with libFuzzer: that part was not run"
    exit 77
fi
log=$folder/guided.log
"$folder/fuzz_guided" -max_total_time="$2" -seed="${3:-1}" -max_len=512 -len_control=0 -timeout=600 -print_final_stats=1 \
    -artifact_prefix="$folder/" "$folder/corpus" "$(dirname "$0")/seeds" >"$log" 2>&1
status=$?
if [ $status != 0 ]; then
    tail -n 60 "$log"
    exit $status
fi
inputs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
# Without pirn's own code there are a thousand.
if [ "${inputs:-0}" -lt 16 ] || [ "${edges:-0}" -lt 2000 ]; then
    echo "guided: ${inputs:-0} inputs, ${edges:-0} edges: the code of pirn was not watched" >&2
    exit 1
fi
echo "guided: seed ${3:-1}: $inputs inputs, $edges edges of the code, 0 wrong"
