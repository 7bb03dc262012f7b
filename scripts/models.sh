#!/bin/sh
# usage: models.sh BUILD_FOLDER JOBS [ARGUMENT FOR THE TESTS...]
#
# Runs the models of src/models under loom. LOOM_MAX_PREEMPTIONS sets the bound, LOOM_MAX_DURATION the seconds after which a model
# that has not come to an end is stopped (it says so: --show-output), LOOM_LOG=1 traces a failing one.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
export RUSTFLAGS="${RUSTFLAGS:-} --cfg loom" CARGO_TARGET_DIR="$1/models"
# An endless path through a model is an error of the model or of the code; it is reported, not waited for.
export LOOM_MAX_DURATION="${LOOM_MAX_DURATION:-20}"
export LOOM_MAX_BRANCHES="${LOOM_MAX_BRANCHES:-10000}"
jobs=$2
shift 2
exec cargo test --locked --release --lib -j "$jobs" --manifest-path "$root/Cargo.toml" models:: -- "$@"
