# SPDX-License-Identifier: Apache-2.0
"""Whole runs of the binary: killed at random moments and resumed, stopped by SIGTERM, at other thread counts - always the
same final weights, metrics and completions as an uninterrupted run.

    python3 tests/e2e/resume_test.py build/release/lockstep
"""

import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

NUM_KILLS = 20
DEADLINE_S = 240  # a laden machine takes four times as long as a free one
CONFIG = str(pathlib.Path(__file__).parent / "tiny_run.json")


def start(binary, folder, threads=2, more=()):
    command = [binary, "train", CONFIG, "--set", f"output_dir={folder}", *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            env=dict(os.environ, LOCKSTEP_THREADS=str(threads)))


def finish(process, expected=0):
    _, errors = process.communicate(timeout=DEADLINE_S)
    if process.returncode != expected:
        sys.exit(f"exit code {process.returncode}, expected {expected}:\n{errors}")
    return errors


def fingerprint(folder):
    """What must not depend on interruptions: weights, completions, metrics but for times and throughput."""
    folder = pathlib.Path(folder)
    digest = {"weights": hashlib.sha256((folder / "model/model.safetensors").read_bytes()).hexdigest()}
    for file in sorted((folder / "completions").iterdir()):
        digest[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    rows = []
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        row = json.loads(line)
        rows.append({k: v for k, v in row.items() if k != "step_time" and not k.startswith(("timing_s/", "perf/"))})
    digest["metrics"] = rows
    digest["files"] = sorted(str(file.relative_to(folder)) for part in ("base", "model", "tokenizer") for file in (folder / part).iterdir())
    return digest


def wait_for_rows(file, count):
    """Until the run has written `count` rows: a moment that does not depend on how busy the machine is."""
    deadline = time.monotonic() + DEADLINE_S
    while not file.exists() or file.read_bytes().count(b"\n") < count:
        if time.monotonic() > deadline:
            sys.exit(f"{file} did not reach {count} rows in {DEADLINE_S} s")
        time.sleep(0.01)


def compare(name, expected, folder):
    got = fingerprint(folder)
    for key in expected:
        if expected[key] != got.get(key):
            sys.exit(f"{name}: {key} differs from the uninterrupted run")
    if expected.keys() != got.keys():
        sys.exit(f"{name}: other files than the uninterrupted run: {expected.keys() ^ got.keys()}")
    print(f"{name}: equal, {len(expected['metrics'])} metric rows, weights {expected['weights'][:16]}")


def main():
    binary = sys.argv[1]
    root = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-resume-"))
    try:
        began = time.monotonic()
        finish(start(binary, root / "straight"))
        seconds = time.monotonic() - began
        expected = fingerprint(root / "straight")
        if len(expected["metrics"]) < 18:
            sys.exit(f"the run wrote only {len(expected['metrics'])} metric rows")

        finish(start(binary, root / "threads", threads=5))
        compare("5 threads", expected, root / "threads")

        # As if a kill had come after the last checkpoint, before or in the middle of the save of the model.
        shutil.copy(root / "threads/base/model.safetensors", root / "threads/model/model.safetensors")
        (root / "threads/model/tokenizer.json.tmp-7-1").write_text("half")
        finish(start(binary, root / "threads"))
        compare("the model of a finished run", expected, root / "threads")

        pick = random.Random(1)
        kills = 0
        while kills < NUM_KILLS:
            process = start(binary, root / "killed")
            try:
                process.wait(timeout=pick.uniform(0.05, 1.0) * seconds)
                if process.returncode != 0:
                    sys.exit(f"resumed run failed with {process.returncode}:\n{process.stderr.read()}")
                shutil.move(root / "killed", root / f"finished-{kills}")
                compare(f"finished after {kills} kills", expected, root / f"finished-{kills}")
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        finish(start(binary, root / "killed"))
        compare(f"killed {NUM_KILLS} times", expected, root / "killed")

        process = start(binary, root / "stopped")
        wait_for_rows(root / "stopped" / "metrics.jsonl", 5)
        process.send_signal(signal.SIGSTOP)
        try:
            refused = finish(start(binary, root / "stopped"), expected=1)
        finally:
            process.send_signal(signal.SIGCONT)
        if "another process works in this folder" not in refused:
            sys.exit("a second process in the run folder was not refused")
        print("a second process: refused")
        process.send_signal(signal.SIGTERM)
        if "stopped by a signal" in finish(process, expected=75):
            print("SIGTERM: saved, exit code 75")
        finish(start(binary, root / "stopped"))
        compare("stopped by SIGTERM", expected, root / "stopped")

        process = start(binary, root / "straight", more=["--set", "seed=4"])
        if "another config" not in finish(process, expected=1):
            sys.exit("a run folder of another config was not refused")
        print("passed")
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
