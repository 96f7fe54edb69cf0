# SPDX-License-Identifier: Apache-2.0
"""TRL's own reward functions, run unmodified through the Python plugin, against our built-ins. Not in ctest: it needs TRL.

    python3 -m venv VENV && VENV/bin/pip install --no-deps trl==1.16.0 && VENV/bin/pip install packaging math-verify==0.9.0
    python3 tests/e2e/trl_plugins.py build/release/plugin_host VENV/bin/python

The program may be `lockstep` as well. Three sources of vectors: what TRL's docstrings promise (both sides must give exactly
that), the reference's and TRL's values in tests/fixtures/rewards/trl.json, and sweeps. A built-in that the program does
not have is reported as skipped, and does not count as agreement. Exit code 1 when anything differs.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

FIXTURE = json.loads((pathlib.Path(__file__).parent.parent / "fixtures/rewards/trl.json").read_text())
THIRD = "\\frac{1}{3}"
TOLERANCE = 1e-9
ABSENT = object()


def row(completion, ids=(), solution=THIRD):
    return {"prompt": [{"role": "user", "content": "What is it?"}], "completion": completion, "completion_ids": list(ids),
            "solution": f"${solution}$", "answer": solution}


def of_length(length, completion=""):
    return row(completion or ("x" if length else ""), [1] * length, "42")


class Lab:
    """Runs specs through `PROGRAM reward test`, and TRL's functions through the Python plugin of that program."""

    def __init__(self, program, python, folder):
        self.program, self.python, self.folder, self.num_files = program, python, folder, 0

    def file(self, suffix, text):
        self.num_files += 1
        path = self.folder / f"{self.num_files}{suffix}"
        path.write_text(text)
        return str(path)

    def values(self, spec, rows):
        """[(status, value)] of the rows; ABSENT when the program has no such type of reward."""
        files = self.file(".json", json.dumps(spec)), self.file(".jsonl", "".join(json.dumps(r) + "\n" for r in rows))
        command = [self.program, "reward", "test", files[0], "--data", files[1], "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode and f'unknown reward type "{spec["type"]}"' in done.stderr:
            return ABSENT
        if done.returncode:
            sys.exit(done.stderr)
        return [(r["status"], r["value"]) for r in map(json.loads, done.stdout.splitlines())]

    def trl(self, name):
        return {"type": "python", "options": {"module": "trl.rewards", "function": name, "python": self.python}}

    def made(self, factory, **arguments):
        code = f"from trl.rewards import {factory}\nreward = {factory}(**{arguments!r})\n"
        return {"type": "python", "options": {"file": self.file(".py", code), "function": "reward", "python": self.python}}


def accuracy_cases(lab):
    answers = [row(f"My answer is \\boxed{{{THIRD}}}"), row("My answer is \\boxed{\\frac{1}{2}}")]
    more = [row("It is \\boxed{0}"), row("no answer"), row("\\boxed{\\dfrac{1}{3}}"), row(f"<think>x</think> \\boxed{{{THIRD}}}")]
    reasoned = [row(f"<think> a </think> The final answer is \\boxed{{{THIRD}}}"),
                row("<think> a </think> The final answer is \\boxed{\\frac{1}{2}}"),
                row(f"<think> partial \\boxed{{{THIRD}}} but no final answer")]
    forms = [("\\sqrt{8}", "2\\sqrt{2}"), ("x^2-1", "(x-1)(x+1)"), ("x^2-1", "(x-1)^2"), ("(1, 2)", "(2, 1)"), ("\\{1, 2\\}", "\\{2, 1\\}"),
             ("[0, 1)", "[0, 1)"), ("[0, 1)", "[0, 1]"), ("12,345", "12345"), ("\\pi/2", "\\frac{\\pi}{2}"), ("3.5", "\\frac{7}{2}")]
    math = answers + more + [row(f"So it is \\boxed{{{answer}}}.", solution=gold) for gold, answer in forms]
    for ours, rows in ({"type": "accuracy"}, answers + more), ({"type": "accuracy_math"}, math):
        yield "accuracy_reward", lab.trl("accuracy_reward"), ours, rows, [1, 0]
        yield "reasoning_accuracy_reward", lab.trl("reasoning_accuracy_reward"), ours, reasoned, [1, 0, 0]


def other_cases(lab):
    said = [row("<think>\nThis is my reasoning.\n</think>\nThis is my answer."), row("<think>\nThis is my reasoning.\nThis is my answer.")]
    yield ("think_format_reward", lab.trl("think_format_reward"), {"type": "format", "options": {"preset": "trl"}},
           said + [row(r["text"]) for r in FIXTURE["format"]], [1, 0] + [r["trl"] for r in FIXTURE["format"]])
    halves = [row(f"\\boxed{{{THIRD}}}", [1] * 50), row("\\boxed{\\frac{1}{2}}", [1] * 50)]
    yield ("cosine", lab.made("get_cosine_scaled_reward", max_len=100),
           {"type": "length", "options": {"rule": "cosine", "max_len": 100}}, halves, [0.75, -0.75])
    for r in FIXTURE["cosine"]:
        yield (f"cosine {r['bounds']}", lab.made("get_cosine_scaled_reward", max_len=100, **r["bounds"]),
               {"type": "length", "options": {"rule": "cosine", "max_len": 100, **r["bounds"]}},
               [of_length(n, r["completion"]) for n in r["lengths"]], r["values"])
    fives = {"ngram_size": 2, "max_penalty": -1.0, "ids": [[1, 2, 3, 4], [5] * 5], "values": [0, -0.75]}
    for r in [fives] + FIXTURE["repetition"]:
        options = {key: r[key] for key in ("ngram_size", "max_penalty")}
        yield (f"repetition {options}", lab.made("get_repetition_penalty_reward", **options),
               {"type": "repetition", "options": options}, [row("x" if ids else "", ids) for ids in r["ids"]], r["values"])
    for r in [{"max_completion_len": 100, "soft_punish_cache": 20, "lengths": [90], "values": [-0.5]}] + FIXTURE["soft_overlong"]:
        options = {key: r[key] for key in ("max_completion_len", "soft_punish_cache")}
        yield (f"soft overlong {options}", lab.made("get_soft_overlong_punishment", **options),
               {"type": "length", "options": {"rule": "soft_overlong", **options}}, [of_length(n) for n in r["lengths"]], r["values"])


def is_same(a, b):
    return a[0] == b[0] and (a[0] != "ok" or abs(a[1] - b[1]) <= TOLERANCE)


def main(program, python):
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(program, python, pathlib.Path(folder))
        num_rows = num_different = num_skipped = 0
        for name, theirs, ours, rows, promised in [*accuracy_cases(lab), *other_cases(lab)]:
            title = f"{name} against {ours['type']}"
            of_ours, of_trl = lab.values(ours, rows), lab.values(theirs, rows)
            if of_ours is ABSENT:
                print(f"{title}: SKIPPED, this program has no reward {ours['type']}")
                num_skipped += 1
                continue
            assert len(of_ours) == len(of_trl) == len(rows)
            expected = [("ok", float(v)) for v in promised] + of_trl[len(promised):]
            different = [(r["completion"][:100], len(r["completion_ids"]), t, o, e)
                         for r, t, o, e in zip(rows, of_trl, of_ours, expected) if not (is_same(t, o) and is_same(t, e))]
            print(f"{title}: {len(rows) - len(different)} of {len(rows)} agree")
            for entry in different[:5]:
                print("    completion, tokens, TRL, ours, promised:", entry)
            num_rows, num_different = num_rows + len(rows), num_different + len(different)
        print(f"{num_rows - num_different} of {num_rows} rows agree, {num_skipped} comparisons skipped")
        sys.exit(1 if num_different else 0)


main(*sys.argv[1:])
