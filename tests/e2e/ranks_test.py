# SPDX-License-Identifier: Apache-2.0
"""Whole runs over several ranks: 1, 2, 3 and 4 end with the same bits, a checkpoint of four is resumed by two and by one, SIGTERM
saves, and the death of a rank ends all within the deadline with its number.

    python3 tests/e2e/ranks_test.py build/release/lockstep
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from resume_test import CONFIG, DEADLINE_S, fingerprint, wait_for_rows

DEATH_S = 30
CASE = ["--set", "pretrain.learner.num_shards=4", "--set", "grpo.learner.num_shards=4"]


def start(binary, folder, ranks, more=()):
    command = [binary, "train", CONFIG, "--set", f"output_dir={folder}", *CASE, *more]
    if ranks > 1:
        command += ["--launch", str(ranks)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(os.environ, LOCKSTEP_THREADS="2"))


def finish(process, expected=0, deadline=DEADLINE_S):
    _, errors = process.communicate(timeout=deadline)
    if process.returncode != expected:
        sys.exit(f"exit code {process.returncode}, expected {expected}:\n{errors}")
    return errors


def children(process):
    """Process ids of the ranks, in their order: they were started one after the other."""
    out = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout
    return sorted(int(pid) for pid in out.split())


def expect(condition, what):
    if not condition:
        sys.exit(what)


def check_equal_bits(binary, root):
    for choice, more in {"plain": [], "lora": ["--set", "grpo.learner.lora.r=2"], "bf16": ["--set", "model.dtype=bfloat16"]}.items():
        expected = None
        for ranks in (1, 2, 3, 4) if choice == "plain" else (1, 2):
            folder = root / f"{choice}{ranks}"
            finish(start(binary, folder, ranks, more))
            got = fingerprint(folder)
            expected = expected or got
            expect(got == expected, f"{choice}: {ranks} ranks end with other bits than one")
    return fingerprint(root / "plain1")


def check_resume(binary, root, expected):
    folder = root / "resumed"
    for ranks, rows in ((4, 4), (2, 13)):
        run = start(binary, folder, ranks)
        wait_for_rows(folder / "metrics.jsonl", rows)
        run.send_signal(signal.SIGTERM)
        finish(run, expected=75)
    finish(start(binary, folder, 1))
    expect(fingerprint(folder) == expected, "four, then two, then one rank end with other bits than one")


def check_death(binary, root, signal_number, victim):
    folder = root / f"death{signal_number}{victim}"
    run = start(binary, folder, 3, ["--set", "grpo.max_steps=500"])
    wait_for_rows(folder / "metrics.jsonl", 12)
    pids = children(run)
    os.kill(pids[victim], signal_number)
    began = time.monotonic()
    errors = finish(run, expected=1, deadline=2 * DEATH_S)
    seconds = time.monotonic() - began
    expect(seconds < DEATH_S + 5, f"the death of rank {victim} was noticed after {seconds:.0f} s")
    expect(f"rank {victim} " in errors or f"rank {victim}," in errors, f"no word of rank {victim}:\n{errors}")
    for pid in pids:
        expect(not pathlib.Path(f"/proc/{pid}").exists(), f"process {pid} is left")


def check_refusal(binary, root):
    errors = finish(start(binary, root / "refused", 5), expected=1)
    expect("num_shards 4 is less than the 5 ranks" in errors, errors)
    expect(not (root / "refused").exists(), "a refused run leaves a folder")


def main():
    binary = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        check_refusal(binary, root)
        expected = check_equal_bits(binary, root)
        check_resume(binary, root, expected)
        check_death(binary, root, signal.SIGKILL, 1)
        check_death(binary, root, signal.SIGKILL, 0)
        check_death(binary, root, signal.SIGSTOP, 2)
    print("ranks: equal bits at 1 to 4, resumed by other numbers, deaths noticed")


if __name__ == "__main__":
    main()
