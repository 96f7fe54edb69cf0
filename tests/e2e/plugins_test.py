# SPDX-License-Identifier: Apache-2.0
"""A run of 5 steps with a reward that crashes, hangs, lies and floods its channel: it ends, and with the very weights of the run
without that reward, since a failed reward has no part in any sum.

    python3 tests/e2e/plugins_test.py build/release/lockstep
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

CONFIG = pathlib.Path(__file__).parent / "tiny_run.json"
DEADLINE_S = 240
STEPS = 5
REWARDS = [{"type": "accuracy", "options": {"source": "answer_tag"}},
           {"type": "random", "name": "coin", "weight": 0.5, "options": {"probability": 0.5}}]
BAD = '''
import gc, os, socket, time
def reward(prompts, completions, **kwargs):
    kind = (len(prompts[0]) + sum(map(len, completions))) % 5
    print("misbehaving in way", kind)
    if kind == 0: os._exit(1)
    if kind == 1: time.sleep(1000)
    if kind == 2: return [1.0] * (len(completions) + 1)
    if kind == 3: return ["100"] * len(completions)
    for s in gc.get_objects():
        if isinstance(s, socket.socket): s.sendall(os.urandom(100000))
    time.sleep(1000)
'''


def run(binary, folder, rewards):
    command = [binary, "train", str(CONFIG), "--set", f"output_dir={folder}", "--set", f"grpo.max_steps={STEPS}",
               "--set", "rewards=" + json.dumps(rewards)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, env=dict(os.environ, LOCKSTEP_THREADS="2"))
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode}:\n{done.stderr}")
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    weights = hashlib.sha256((folder / "model/model.safetensors").read_bytes()).hexdigest()
    return weights, [row for row in rows if "rewards/accuracy/mean" in row], done.stderr


def main(binary):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "bad.py").write_text(BAD)
        bad = {"type": "python", "name": "bad", "weight": 3,
               "options": {"file": str(scratch / "bad.py"), "process": {"timeout_s": 0.2}}}
        plain, _, _ = run(binary, scratch / "plain", REWARDS)
        start = time.monotonic()
        weights, rows, log = run(binary, scratch / "with_bad", REWARDS + [bad])
        seconds = time.monotonic() - start
        assert weights == plain, "a reward that only fails changed the weights"
        assert len(rows) == STEPS, f"{len(rows)} steps"
        failed = [row["rewards/bad/error_ratio"] + row["rewards/bad/timeout_ratio"] for row in rows]
        assert all(abs(share - 1) < 1e-9 for share in failed), failed
        assert any(row["rewards/bad/timeout_ratio"] > 0 for row in rows) and any(row["rewards/bad/error_ratio"] > 0 for row in rows)
        assert "reward bad: misbehaving in way" in log
        print(f"plugins: {STEPS} steps with a failing plugin in {seconds:.1f} s, the weights of the run without it")


main(sys.argv[1])
