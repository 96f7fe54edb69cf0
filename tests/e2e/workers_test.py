# SPDX-License-Identifier: Apache-2.0
"""A whole run whose completions are drawn by workers under CURVE ends as it does in one process, bit for bit: with one worker,
with three of different instruction sets, stopped while no worker is left and resumed, and with workers that are killed again and
again while strangers knock.

    python3 tests/e2e/workers_test.py build/release/lockstep
"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from resume_test import CONFIG, DEADLINE_S, fingerprint

# More and longer rollouts than tests/e2e/tiny_run.json has, so that workers die in the middle of them.
CASE = ["--set", "grpo.max_steps=12", "--set", "grpo.num_prompts=16", "--set", "grpo.sampling.max_completion_length=96"]
LISTENING = re.compile(r"workers: listening on (tcp://127\.0\.0\.1:(\d+))")


class Run:
    """A trainer with keys, and what connects to it."""

    def __init__(self, binary, keys, folder):
        self.binary, self.keys, self.folder = binary, keys, folder
        self.workers, self.num_started = [], 0
        self.log = open(f"{folder}.log", "w+")
        settings = {"output_dir": folder, "workers.listen": "tcp://127.0.0.1:0", "workers.key": keys / "trainer.key",
                    "workers.allow": keys / "allowed", "workers.heartbeat_s": 0.2, "workers.timeout_s": 2}
        command = [binary, "train", CONFIG, *CASE]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        self.trainer = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.endpoint, self.port = self.wait_for_endpoint()

    def text(self):
        return pathlib.Path(f"{self.folder}.log").read_text(errors="replace")

    def wait_for_endpoint(self):
        deadline = time.monotonic() + DEADLINE_S
        while True:
            match = LISTENING.search(self.text())
            if match:
                return match.group(1), int(match.group(2))
            if self.trainer.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the trainer does not listen:\n{self.text()}")
            time.sleep(0.02)

    def start_worker(self, isa=None, threads=1, key="worker"):
        environment = dict(os.environ, LOCKSTEP_THREADS=str(threads))
        if isa:
            environment["LOCKSTEP_ISA"] = isa
        self.num_started += 1
        command = [self.binary, "worker", "--connect", self.endpoint, "--give-up", "20", "--name", f"w{self.num_started}"]
        if key:
            command += ["--key", str(self.keys / f"{key}.key"), "--server-key", str(self.keys / "trainer.pub")]
        worker = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=environment)
        self.workers.append(worker)
        return worker

    def finish(self):
        code = self.trainer.wait(timeout=DEADLINE_S)
        if code != 0:
            sys.exit(f"the trainer ended with {code}:\n{self.text()[-4000:]}")
        result = fingerprint(self.folder)
        rows = [json.loads(line) for line in (self.folder / "metrics.jsonl").read_text().splitlines()]
        counts = {k.split("/")[2]: v for k, v in rows[-1].items() if k.startswith("perf/workers/")}
        dropped = sum(v for k, v in counts.items() if k.endswith("_dropped"))
        if counts["generated"] != counts["given"] + dropped:
            sys.exit(f"completions do not add up: {counts}")
        return result, counts

    def stop(self):
        for process in [self.trainer, *self.workers]:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.log.close()


def knock(port):
    """Strangers: bytes that are no ZeroMQ, a greeting that stops half-way, and far too much of anything."""
    for payload in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" + b"\0" * 8 + b"\x7f\x03", os.urandom(1 << 16)):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
                stranger.sendall(payload)
        except OSError:
            pass  # the door was shut, or the run has ended


def with_chaos(run):
    """Two workers; after each step of RL, at some moment of the next one, one is killed and another one started. Strangers and
    wrong keys meanwhile."""
    rng = random.Random(5)
    metrics = run.folder / "metrics.jsonl"
    alive = [run.start_worker(), run.start_worker()]
    run.start_worker(key="stranger")
    run.start_worker(key=None)
    kills = seen = 0
    while run.trainer.poll() is None:
        time.sleep(0.01)
        steps = metrics.read_text().count('"stage":"grpo"') if metrics.exists() else 0
        if steps == seen:
            continue
        seen = steps
        time.sleep(rng.uniform(0, 0.1))
        victim = rng.randrange(2)
        alive[victim].send_signal(signal.SIGKILL)
        kills += 1
        alive[victim] = run.start_worker()
        knock(run.port)
    return kills


def wait_until(run, condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if run.trainer.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"waited in vain for {what}:\n{run.text()[-4000:]}")
        time.sleep(0.02)


def stop_without_workers(run):
    """The only worker is killed in the middle of RL, then the trainer is told to stop: it does not wait for another one."""
    metrics = run.folder / "metrics.jsonl"
    worker = run.start_worker()
    wait_until(run, lambda: metrics.exists() and metrics.read_text().count('"stage":"grpo"') >= 2, "two steps of RL")
    calls = run.text().count("waiting for rollout workers")
    worker.kill()
    wait_until(run, lambda: run.text().count("waiting for rollout workers") > calls, "the trainer to miss its worker")
    run.trainer.send_signal(signal.SIGTERM)
    code = run.trainer.wait(timeout=60)
    if code != 75 or "stopped by a signal after step" not in run.text():
        sys.exit(f"stopped without workers, the trainer ended with {code}:\n{run.text()[-4000:]}")


def main():
    binary = sys.argv[1]
    root = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-workers-"))
    keys = root / "keys"
    keys.mkdir()
    runs = []
    try:
        for name in ("trainer", "worker", "stranger"):
            subprocess.run([binary, "keygen", name, "--out", str(keys)], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        shutil.copy(keys / "worker.pub", keys / "allowed")
        subprocess.run([binary, "train", CONFIG, *CASE, "--set", f"output_dir={root / 'alone'}"], check=True, timeout=DEADLINE_S,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        expected = fingerprint(root / "alone")

        def case(name, action):
            started = time.monotonic()
            run = Run(binary, keys, root / name)
            runs.append(run)
            note = action(run)
            result, counts = run.finish()
            if result != expected:
                sys.exit(f"{name}: the run differs from the one in one process:\n{run.text()[-4000:]}")
            for worker in run.workers if name != "chaos" else []:
                if worker.wait(timeout=30) != 0:
                    sys.exit(f"{name}: a worker ended with {worker.returncode}:\n{run.text()[-4000:]}")
            run.stop()
            print(f"{name}: same bits, {time.monotonic() - started:.1f} s, {counts}, {note if name == 'chaos' else 0} kills", flush=True)
            return counts

        case("one", lambda run: run.start_worker().pid)
        runs.append(Run(binary, keys, root / "stopped"))
        stop_without_workers(runs[-1])
        runs[-1].stop()
        case("stopped", lambda run: run.start_worker().pid)  # the same folder: it resumes
        case("three", lambda run: [run.start_worker(*kind).pid for kind in (("scalar",), (None, 2), ("avx2",))])
        counts = case("chaos", with_chaos)
        if counts["joined"] < 4 or counts["left"] < 3:
            sys.exit(f"too little was killed to show anything: {counts}")
    finally:
        for run in runs:
            run.stop()
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
