# SPDX-License-Identifier: Apache-2.0
"""TRL's own reward functions, run unmodified through the Python plugin, against our built-ins. Not in ctest: it needs TRL.

    python3 -m venv VENV && VENV/bin/pip install --no-deps trl==1.16.0 && VENV/bin/pip install packaging math-verify==0.9.0
    python3 tests/e2e/trl_plugins.py build/release/lockstep VENV/bin/python
"""
import json
import pathlib
import subprocess
import sys
import tempfile

FIXTURE = pathlib.Path(__file__).parent.parent / "fixtures/rewards/trl.json"
FACTORIES = """
from trl.rewards import get_cosine_scaled_reward, get_repetition_penalty_reward, get_soft_overlong_punishment
cosine = get_cosine_scaled_reward(max_len=100)
repetition = get_repetition_penalty_reward(ngram_size=3, max_penalty=-1.0)
overlong = get_soft_overlong_punishment(max_completion_len=100, soft_punish_cache=20)
"""
THIRD = "\\frac{1}{3}"


def row(completion, ids=(), solution=THIRD):
    return {"prompt": [{"role": "user", "content": "What is 1/3?"}], "completion": completion, "completion_ids": list(ids),
            "solution": f"${solution}$", "answer": solution}


def values(binary, spec, rows, scratch):
    (scratch / "spec.json").write_text(json.dumps(spec))
    (scratch / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    command = [binary, "reward", "test", str(scratch / "spec.json"), "--data", str(scratch / "rows.jsonl"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit(done.stderr)
    return [(r["status"], r["value"]) for r in map(json.loads, done.stdout.splitlines())]


def main(binary, python):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "factories.py").write_text(FACTORIES)
        of_trl = lambda name: {"type": "python", "options": {"module": "trl.rewards", "function": name, "python": python}}
        made = lambda name: {"type": "python", "options": {"file": str(scratch / "factories.py"), "function": name, "python": python}}
        answers = [row(text) for text in (f"My answer is \\boxed{{{THIRD}}}", "My answer is \\boxed{\\frac{1}{2}}",
                                          "It is \\boxed{0}", "no answer", "\\boxed{\\dfrac{1}{3}}", f"<think>x</think> \\boxed{{{THIRD}}}")]
        reasoned = [row(text) for text in (f"<think> a </think> The final answer is \\boxed{{{THIRD}}}",
                                           "<think> a </think> The final answer is \\boxed{\\frac{1}{2}}",
                                           f"<think> partial \\boxed{{{THIRD}}} but no final answer")]
        lengths = [0, 20, 50, 80, 90, 100, 101, 110, 400]
        texts = [row(r["text"]) for r in json.loads(FIXTURE.read_text())["format"]]
        ids = [[], [1, 2], [1, 2, 3, 1, 2, 3], [5] * 5, list(range(50)), [1, 2, 3, 4] * 10]
        boxes = [row(text, [1] * n) for n in lengths for text in (f"\\boxed{{{THIRD}}}", "\\boxed{5}")]
        cases = [("accuracy_reward", of_trl("accuracy_reward"), {"type": "accuracy"}, answers),
                 ("reasoning_accuracy_reward", of_trl("reasoning_accuracy_reward"), {"type": "accuracy"}, reasoned),
                 ("think_format_reward", of_trl("think_format_reward"), {"type": "format", "options": {"preset": "trl"}}, texts),
                 ("cosine", made("cosine"), {"type": "length", "options": {"rule": "cosine", "max_len": 100}}, boxes),
                 ("repetition", made("repetition"), {"type": "repetition"}, [row("x" if i else "", i) for i in ids]),
                 ("soft overlong", made("overlong"),
                  {"type": "length", "options": {"rule": "soft_overlong", "max_completion_len": 100, "soft_punish_cache": 20}},
                  [row("x" if n else "", [1] * n) for n in lengths])]
        num_different = 0
        for name, theirs, ours, rows in cases:
            pairs = list(zip(values(binary, theirs, rows, scratch), values(binary, ours, rows, scratch)))
            different = [(r["completion"], a, b) for r, (a, b) in zip(rows, pairs)
                         if a[0] != b[0] or (a[0] == "ok" and abs(a[1] - b[1]) > 1e-9)]
            print(f"{name}: {len(rows) - len(different)} of {len(rows)} agree")
            for entry in different[:5]:
                print("   ", entry)
            num_different += len(different)
        sys.exit(1 if num_different else 0)


main(*sys.argv[1:])
