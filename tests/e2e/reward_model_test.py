# SPDX-License-Identifier: Apache-2.0
"""The whole way of a preference through the binary: a tiny base, its completions scored by a rule, pairs of them, a reward model, and
GRPO from that model alone, which raises its score and what the rule counts. The reward model's run ends with the same bits when it is
interrupted, at other thread counts, on other instruction sets and with two ranks.

    python3 tests/e2e/reward_model_test.py build/release/lockstep
"""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from resume_test import CONFIG, DEADLINE_S, wait_for_rows

SAMPLING = ["--set", "grpo.sampling.max_completion_length=24", "--set", "grpo.num_prompts=16", "--set", "grpo.num_generations=16",
            "--set", "grpo.num_minibatches=1", "--set", "grpo.num_iterations=1", "--set", "grpo.ref_model_sync_steps=0",
            "--set", "grpo.loss.beta=0"]
NO_EVALUATION = ["--set", 'eval.data={"task": ""}']


def expect(condition, what):
    if not condition:
        sys.exit(what)


def start(binary, *words, **environment):
    return subprocess.Popen([binary, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=dict({"LOCKSTEP_THREADS": "2"} | dict(os.environ), **environment))


def finish(process, expected=0):
    out, errors = process.communicate(timeout=DEADLINE_S)
    expect(process.returncode == expected, f"exit code {process.returncode}, expected {expected}:\n{errors}")
    return out + errors


def call(binary, *words, **environment):
    return finish(start(binary, *words, **environment))


def rows_of(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def digest(run):
    return hashlib.sha256((run / "model/model.safetensors").read_bytes()).hexdigest()


def count(text):
    """What the rule likes."""
    return text.count("+") + text.count("=")


def make_pairs(binary, root):
    """Completions of the untrained base with the rule's score, as pairs; other prompts are held out."""
    call(binary, "train", CONFIG, "--set", f"output_dir={root / 'base'}", "--set", "grpo=null", "--set", "pretrain.max_steps=150", *NO_EVALUATION)
    model = root / "base/model"
    call(binary, "train", CONFIG, "--set", f"output_dir={root / 'drawn'}", "--set", "pretrain=null", "--set", "model.config={}",
         "--set", f"model.path={model}", "--set", "grpo.max_steps=4", "--set", "grpo.learner.schedule.learning_rate=0",
         "--set", 'rewards=[{"type": "random"}]', *SAMPLING, *NO_EVALUATION)
    drawn = [row for step in range(4) for row in rows_of(root / f"drawn/completions/step_{step}.jsonl")]
    prompts = sorted({row["prompt"] for row in drawn})
    held_out = set(prompts[::4])
    for name, is_held_out in (("train", False), ("held_out", True)):
        scored = [{"prompt": r["prompt"], "completion": r["completion"], "score": count(r["completion"])} for r in drawn
                  if (r["prompt"] in held_out) == is_held_out and r["completion"]]
        (root / f"{name}_scored.jsonl").write_text("".join(json.dumps(row) + "\n" for row in scored))
        out = call(binary, "data", "pairs", root / f"{name}_scored.jsonl", "--output", root / f"{name}.jsonl", "--reward", "score",
                   "--choice", "all", "--min-difference", 3, "--max-per-prompt", 20, "--no-margin")
        pairs = rows_of(root / f"{name}.jsonl")
        expect(all(count(p["chosen"]) - count(p["rejected"]) >= 3 for p in pairs), "a pair prefers the wrong side")
        print(f"{name}: {out.splitlines()[0]}")
    return model


def reward_run(root, name):
    config = {"output_dir": str(root / name), "seed": 5, "model": {"path": str(root / "base/model")},
              "reward_model": {"files": [str(root / "train.jsonl")], "eval_files": [str(root / "held_out.jsonl")], "max_steps": 60,
                               "num_pairs": 32, "eval_steps": 20, "save": {"save_steps": 10},
                               "learner": {"max_tokens": 512, "schedule": {"learning_rate": 3e-3}}}}
    path = root / f"{name}.json"
    path.write_text(json.dumps(config))
    return path


def check_training(binary, root):
    began = time.monotonic()
    call(binary, "train", reward_run(root, "rm"))
    after = json.loads((root / "rm/reward_model_after.json").read_text())
    print(f"reward model: held-out accuracy {after['accuracy']:.3f} on {after['num_pairs']} pairs in {time.monotonic() - began:.1f} s")
    expect(after["accuracy"] >= 0.95, f"held-out accuracy {after['accuracy']}")
    expected = digest(root / "rm")
    for name, environment in {"scalar": {"LOCKSTEP_ISA": "scalar", "LOCKSTEP_THREADS": "5"}, "one": {"LOCKSTEP_THREADS": "1"}}.items():
        call(binary, "train", reward_run(root, name), **environment)
        expect(digest(root / name) == expected, f"{name}: other bits")
    call(binary, "train", reward_run(root, "ranks"), "--launch", 2)
    expect(digest(root / "ranks") == expected, "two ranks: other bits")
    process = start(binary, "train", reward_run(root, "stopped"))
    wait_for_rows(root / "stopped/metrics.jsonl", 12)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    call(binary, "train", reward_run(root, "stopped"))
    expect(digest(root / "stopped") == expected, "killed and resumed: other bits")
    print("scalar code with 5 threads, 1 thread, 2 ranks, killed and resumed: the same bits")


def check_reward(binary, root, model):
    reward = {"type": "reward_model", "options": {"model": str(root / "rm/model")}}
    (root / "reward.json").write_text(json.dumps(reward))
    scored = root / "held_out_scored.jsonl"
    tested = [json.loads(line) for line in call(binary, "reward", "test", root / "reward.json", "--data", scored, "--json").splitlines()
              if line.startswith('{"row"')]
    expect(len(tested) == len(rows_of(scored)) and all(row["status"] == "ok" for row in tested), "reward test left rows without a score")
    expect("reward_model:" in call(binary, "reward", "list"), "reward list does not name reward_model")
    words = ["train", CONFIG, "--set", "pretrain=null", "--set", "model.config={}", "--set", f"model.path={model}", "--set", "grpo.max_steps=5",
             "--set", f"rewards=[{json.dumps(reward)}]", "--set", "grpo.learner.schedule.learning_rate=3e-3", *SAMPLING, *NO_EVALUATION]
    call(binary, *words, "--set", f"output_dir={root / 'rl'}")
    metrics = rows_of(root / "rl/metrics.jsonl")
    expect(len(metrics) == 5, "GRPO did not run its steps")
    rewards = [row["rewards/reward_model/mean"] for row in metrics]
    counts = []
    for step in range(5):
        rows = rows_of(root / f"rl/completions/step_{step}.jsonl")
        counts.append(sum(count(row["completion"]) for row in rows) / len(rows))
    print("GRPO: mean score", [round(r, 3) for r in rewards], "what the rule counts", [round(c, 2) for c in counts])
    expect(rewards[-1] > rewards[0] + 0.5, "the reward model's mean score did not rise")
    expect(counts[-1] > counts[0], "what the rule counts did not rise")
    call(binary, *words, "--set", f"output_dir={root / 'rl5'}", LOCKSTEP_THREADS="5")
    expect(digest(root / "rl5") == digest(root / "rl"), "GRPO with 5 threads: other bits")


def main():
    binary = sys.argv[1]
    root = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-reward-model-"))
    try:
        model = make_pairs(binary, root)
        check_training(binary, root)
        check_reward(binary, root, model)
        print("passed")
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
