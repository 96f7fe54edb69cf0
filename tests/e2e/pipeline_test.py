# SPDX-License-Identifier: Apache-2.0
"""A pipeline of the binary: killed in each of its stages and resumed, stopped by SIGTERM, with other threads and ranks - always the
same artefacts as an uninterrupted one; and no stage runs twice.

    python3 tests/e2e/pipeline_test.py build/release/lockstep
"""

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

DEADLINE_S = 240
CONFIG = str(pathlib.Path(__file__).parent / "tiny_pipeline.json")
STAGES = ["base", "zero", "traces", "kept", "cold", "table"]


def start(binary, folder, threads=2, more=()):
    command = [binary, "train", CONFIG, "--set", f"output_dir={folder}", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=dict(os.environ, LOCKSTEP_THREADS=str(threads)))


def finish(process, expected=0):
    output, errors = process.communicate(timeout=DEADLINE_S)
    if process.returncode != expected:
        sys.exit(f"exit code {process.returncode}, expected {expected}:\n{errors}")
    return output, errors


def record(folder, stage):
    file = pathlib.Path(folder) / stage / "stage.json"
    return json.loads(file.read_text()) if file.exists() else None


def artefacts(folder):
    """Checksums of everything that the stages leave."""
    out = {}
    for stage in STAGES:
        made = record(folder, stage)
        if not made or not made["is_done"] or not made["outputs"]:
            sys.exit(f"{folder}: stage {stage} is not done: {made}")
        out.update({f"{stage}/{file['name']}": file["sha256"] for file in made["outputs"]})
    return out


def compare(name, expected, folder):
    got = artefacts(folder)
    different = sorted(key for key in expected.keys() | got.keys() if expected.get(key) != got.get(key))
    if different:
        sys.exit(f"{name}: differs from the uninterrupted pipeline: {different}")
    print(f"{name}: equal, {len(got)} files")


def wait_until_begun(process, folder, stage):
    deadline = time.monotonic() + DEADLINE_S
    while not record(folder, stage):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"stage {stage} never began")
        time.sleep(0.002)


def kill_in_each_stage(binary, folder, pick):
    for stage in STAGES:
        process = start(binary, folder)
        wait_until_begun(process, folder, stage)
        time.sleep(pick.uniform(0, 0.4 if stage in ("base", "zero", "cold") else 0.03))
        process.kill()
        process.communicate()
    finish(start(binary, folder))


def check_nothing_runs_twice(binary, folder):
    _, errors = finish(start(binary, folder))
    ran = [line for line in errors.splitlines() if ": begins" in line or ": goes on" in line]
    if ran:
        sys.exit(f"a finished pipeline ran again: {ran}")
    print("a second call runs nothing")


def check_sigterm(binary, folder, expected):
    process = start(binary, folder)
    wait_until_begun(process, folder, "zero")
    process.send_signal(signal.SIGTERM)
    finish(process, expected=75)
    if record(folder, "table"):
        sys.exit("the pipeline went on after SIGTERM")
    finish(start(binary, folder))
    compare("stopped by SIGTERM and resumed", expected, folder)


def main():
    binary = sys.argv[1]
    root = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-pipeline-"))
    pick = random.Random(1)
    try:
        output, _ = finish(start(binary, root / "straight"))
        if "| cold start |" not in output:
            sys.exit(f"no table of the models in:\n{output}")
        expected = artefacts(root / "straight")
        check_nothing_runs_twice(binary, root / "straight")
        for turn in range(2):
            kill_in_each_stage(binary, root / f"killed{turn}", pick)
            compare("killed in each stage and resumed", expected, root / f"killed{turn}")
        check_sigterm(binary, root / "stopped", expected)
        finish(start(binary, root / "one", threads=1))
        compare("one thread", expected, root / "one")
        finish(start(binary, root / "ranks", more=("--launch", "2")))
        compare("trainings as two ranks", expected, root / "ranks")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
