#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a trained model: sets up, builds the binary alone, trains configs/quickstart.json on the CPU.
#   scripts/quickstart.sh [arguments of lockstep train]     e.g. scripts/quickstart.sh --set seed=2
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'quickstart: %s\n' "$*"; }

scripts/setup.sh
say "building build/release/lockstep"
cmake --preset release --log-level=WARNING -DLOCKSTEP_DEPS="$(realpath "${LOCKSTEP_DEPS:-.deps}")"
cmake --build --preset release --target lockstep
command=(build/release/lockstep train configs/quickstart.json "$@")
run_folder=$("${command[@]}" --dry-run | sed -n 's/^  "output_dir": "\(.*\)",\{0,1\}$/\1/p')
say "training: ${command[*]}"
started=$SECONDS
"${command[@]}"
say "trained in $((SECONDS - started)) s; the run folder is $run_folder"
