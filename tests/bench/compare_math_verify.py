#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the math engine against Math-Verify on the same pairs, in the same run, one core each.

    pip install math-verify==0.9.0 antlr4-python3-runtime==4.13.2
    ninja -C build/release reward_bench
    tests/bench/compare_math_verify.py PAIRS.jsonl [--bench build/release/reward_bench] [--repetitions 20] [--list]

Rows: {"gold", "pred", "expect", "kind"?, "form": "answer" | "completion", "policy"?}. Rows marked `policy` are judgement
calls: they are timed and not counted. Prints agreement with the expected verdicts, false positives and negatives, pairs a
second and the ratio as JSON; --list names every row on which the engine disagrees.
"""
import argparse
import json
import logging
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path


def one_core():
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})


def measure_engine(bench, path, repetitions):
    output = subprocess.run([bench, path, str(repetitions)], check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in output.splitlines()]
    return [line["equal"] for line in lines[:-1]], lines[-1]


def measure_math_verify(rows):
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

    config = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]
    verdicts, seconds = [], []
    verify(parse("\\boxed{1}", config), parse("\\boxed{2}", config))  # imports and caches are not counted
    for row in rows:
        text = row["pred"] if row.get("form") == "completion" else "\\boxed{%s}" % row["pred"]
        start = time.perf_counter()
        verdicts.append(verify(parse("\\boxed{%s}" % row["gold"], config), parse(text, config)))
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    return verdicts, {"pairs_per_s": len(rows) / sum(seconds), "p50_us": 1e6 * seconds[len(rows) // 2],
                      "p99_us": 1e6 * seconds[int(len(rows) * 0.99)], "max_us": 1e6 * seconds[-1]}


def agreement(rows, verdicts):
    counted = [(row["expect"], verdict) for row, verdict in zip(rows, verdicts) if not row.get("policy")]
    right = sum(expect == verdict for expect, verdict in counted)
    false_positives = sum(verdict and not expect for expect, verdict in counted)
    return {"rows": len(counted), "agreement": right / len(counted), "false_positives": false_positives,
            "false_negatives": len(counted) - right - false_positives, "false_positive_rate": false_positives / len(counted)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs")
    parser.add_argument("--bench", default="build/release/reward_bench")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    one_core()
    rows = [json.loads(line) for line in Path(arguments.pairs).read_text(encoding="utf-8").splitlines() if line.strip()]
    verdicts, speed = measure_engine(arguments.bench, arguments.pairs, arguments.repetitions)
    other_verdicts, other_speed = measure_math_verify(rows)
    if arguments.list:
        for row, verdict in zip(rows, verdicts):
            if verdict != row["expect"]:
                print(json.dumps({"engine": verdict, **row}, ensure_ascii=False), file=sys.stderr)
    print(json.dumps({"engine": {**agreement(rows, verdicts), **speed},
                      "math_verify": {**agreement(rows, other_verdicts), **other_speed},
                      "ratio": speed["pairs_per_s"] / other_speed["pairs_per_s"]}, indent=1))


if __name__ == "__main__":
    main()
