# SPDX-License-Identifier: Apache-2.0
"""A run of 5 steps with a reward that crashes, hangs, lies and floods its channel, a different way in each call: it ends, with the
very weights of the run without that reward, since what has no score has no part in any sum, and each way is counted as what it is.

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
NUM_GROUPS = 4  # of a step, num_prompts in the config
REWARDS = [{"type": "accuracy", "options": {"source": "answer_tag"}},
           {"type": "random", "name": "coin", "weight": 0.5, "options": {"probability": 0.5}}]
# The file counts calls, since the process does not live to.
BAD = '''
import gc, os, socket, time
def reward(prompts, completions, **kwargs):
    with open(__file__ + ".calls", "a+") as calls:
        calls.write("x")
        way = (calls.tell() - 1) % 7
    print("misbehaving in way", way)
    if way == 0: os._exit(1)
    if way == 1: time.sleep(1000)
    if way == 2: return [1.0] * (len(completions) + 1)
    if way == 3: return ["100"] * len(completions)
    if way == 4: return [float("nan")] * len(completions)
    if way == 5: return [1e400] * len(completions)
    for s in gc.get_objects():
        if isinstance(s, socket.socket): s.sendall(os.urandom(100000))
    time.sleep(1000)
'''
NUM_WAYS = 7


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
               "options": {"file": str(scratch / "bad.py"), "process": {"timeout_s": 1}}}
        plain, _, _ = run(binary, scratch / "plain", REWARDS)
        start = time.monotonic()
        weights, rows, log = run(binary, scratch / "with_bad", REWARDS + [bad])
        seconds = time.monotonic() - start
        assert weights == plain, "a reward that only fails changed the weights"
        assert len(rows) == STEPS, f"{len(rows)} steps"
        for row in rows:
            shares = {kind: row[f"rewards/bad/{kind}_ratio"] for kind in ("skip", "error", "timeout")}
            assert abs(sum(shares.values()) - 1) < 1e-9, shares
            assert all(abs(share * NUM_GROUPS - round(share * NUM_GROUPS)) < 1e-9 for share in shares.values()), shares
        total = {kind: sum(row[f"rewards/bad/{kind}_ratio"] for row in rows) * NUM_GROUPS for kind in ("skip", "error", "timeout")}
        # 20 groups of the 5 steps, in turns with those of the evaluations: of each way 2 or more, one skips and one times out.
        assert total["skip"] >= 2 and total["timeout"] >= 2 and total["error"] >= 10, total
        for way in range(NUM_WAYS):
            assert f"reward bad: misbehaving in way {way}" in log, way
        print(f"plugins: {STEPS} steps with a failing plugin in {seconds:.1f} s, groups {total}, the weights of the run without it")


main(sys.argv[1])
