#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed inputs of the fuzz targets from the judged pairs: one file for each kind of answer and verdict.

    tests/fuzz/make_corpus.py
"""
import json
from pathlib import Path

HERE = Path(__file__).parent
CASES = HERE.parent / "fixtures/math/cases.jsonl"
COMPLETIONS = [
    "<think>\\boxed{5}</think> The final answer is $\\frac{1}{2}$. I hope it is correct.",
    "so \\boxed{1}, \\boxed{2} and \\fbox{\\boxed{3}}",
    "<answer> \\boxed{8} </answer> #### 1,234",
    "**Final Answer:** \\[ x = 3 \\]\nAnswer: (B)",
    "it is $12$ and $13$, or \\(14\\); \\boxed 5$",
]
EXPRESSIONS = ["8 / (3 - 8 / 3) = 24", "-3/4", "2\\frac{1}{2}", "7,425,000.50%", "(B) Paris", "1.2e-3", "((1+2)*3)-4\\div5"]


def main():
    folder = HERE / "corpus"
    for old in folder.glob("*"):
        old.unlink()
    rows = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    for verdict in (True, False):
        chosen = {row["kind"]: row for row in rows if row["expect"] == verdict}
        for kind, row in sorted(chosen.items()):
            name = f"{kind}_{'equal' if verdict else 'different'}"
            (folder / name).write_text(f"{row['gold']}\n{row['pred']}", encoding="utf-8")
    for number, text in enumerate(COMPLETIONS + EXPRESSIONS):
        (folder / f"text_{number}").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
