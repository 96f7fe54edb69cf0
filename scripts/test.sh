#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up, builds Release with tests into build/release, and runs every test; what CI runs and what README names.
#   scripts/test.sh [ctest arguments]     e.g. scripts/test.sh -R base; -C slow adds the whole quickstart and its control
# LOCKSTEP_PRESET names another preset than release (asan, tsan, dev, cuda).
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'test: %s\n' "$*"; }

preset=${LOCKSTEP_PRESET:-release}
# Tests never depend on the user's settings or on a terminal.
unset LOCKSTEP_THREADS
scripts/setup.sh

say "configuring build/$preset"
cmake --preset "$preset" --log-level=WARNING -DLOCKSTEP_DEPS="$(realpath "${LOCKSTEP_DEPS:-.deps}")"

say "building"
build_started=$SECONDS
cmake --build --preset "$preset"
build_s=$((SECONDS - build_started))

say "testing"
test_started=$SECONDS
status=0
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error "$@" || status=$?
say "build took $build_s s, tests took $((SECONDS - test_started)) s"
exit "$status"
