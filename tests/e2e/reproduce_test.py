# SPDX-License-Identifier: Apache-2.0
"""A whole run (pre-training with MTP, GRPO) ends with the same bits on every instruction set that this machine has and at any
number of threads, and they are the bits that are written down here.

    python3 tests/e2e/reproduce_test.py build/release/lockstep
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

CONFIG = str(pathlib.Path(__file__).parent / "tiny_run.json")
DEADLINE_S = 600
# SHA-256 of model/model.safetensors after tests/e2e/tiny_run.json. It changes with the definition of the arithmetic, the
# tokenizer or the corpus, never with the machine: a change needs a reason in DESIGN.md.
WEIGHTS = "ed89ec6f02802b1cdcce7205f5f2452e5155b45c66833dfd3ed80e6ab8791a6b"


def instruction_sets():
    flags = set()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            flags = set(line.split())
            break
    sets = ["scalar"]
    if {"avx2", "fma"} <= flags:
        sets.append("avx2")
        if {"avx512f", "avx512bw", "avx512vl", "avx512dq"} <= flags:
            sets.append("avx512f")
            if "avx512_bf16" in flags:
                sets.append("avx512bf16")
    return sets


def fingerprint(folder):
    """What arithmetic decides: weights, completions, and metrics but for times and throughput."""
    weights = hashlib.sha256((folder / "model/model.safetensors").read_bytes()).hexdigest()
    rest = hashlib.sha256()
    for file in sorted((folder / "completions").iterdir()):
        rest.update(file.read_bytes())
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        row = {k: v for k, v in json.loads(line).items() if k != "step_time" and not k.startswith(("timing_s/", "perf/"))}
        rest.update(json.dumps(row).encode())
        for key in ("sampling/sampling_logp_difference/mean", "sampling/sampling_logp_difference/max"):
            if row.get(key, 0) != 0:
                sys.exit(f"{key} is {row[key]} at step {row.get('step')}")
    return weights, rest.hexdigest()


# What LibTorch is told to use for the element-wise operations that are left to it.
TORCH = {"scalar": "default", "avx2": "avx2", "avx512f": "avx512", "avx512bf16": "avx512"}


def run(binary, folder, isa, threads):
    subprocess.run([binary, "train", CONFIG, "--set", f"output_dir={folder}"], check=True, timeout=DEADLINE_S,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                   env=dict(os.environ, LOCKSTEP_ISA=isa, LOCKSTEP_THREADS=str(threads), ATEN_CPU_CAPABILITY=TORCH[isa]))
    result = fingerprint(pathlib.Path(folder))
    print(f"{isa}, {threads} threads: weights {result[0]}", flush=True)
    return result


def main():
    binary = sys.argv[1]
    root = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-reproduce-"))
    try:
        sets = instruction_sets()
        runs = [(isa, 2) for isa in sets] + [(sets[-1], 1), (sets[-1], 5)]
        results = {case: run(binary, root / f"{case[0]}-{case[1]}", *case) for case in runs}
    finally:
        shutil.rmtree(root, ignore_errors=True)
    if len(set(results.values())) != 1:
        sys.exit("the runs differ")
    weights = next(iter(results.values()))[0]
    if weights != WEIGHTS:
        sys.exit(f"the weights are {weights}, expected {WEIGHTS}")


if __name__ == "__main__":
    main()
