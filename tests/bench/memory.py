# SPDX-License-Identifier: Apache-2.0
"""What `lockstep train --dry-run` predicts of a run's memory beside what the run then takes (perf/peak_rss_bytes of its last step).

    python3 tests/bench/memory.py build/release/lockstep CONFIG [--steps 2] [--case "grpo.learner.lora.r=8 model.dtype=bfloat16"]...

Without --case the config as it is. The run's folder is a temporary one. Prints a row for each case, with the error of the prediction.
"""

import argparse
import json
import pathlib
import re
import subprocess
import tempfile

TOGETHER = re.compile(r"together ([0-9.]+)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("config")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--case", action="append", default=[])
    a = parser.parse_args()
    for case in a.case or [""]:
        with tempfile.TemporaryDirectory() as folder:
            command = [a.binary, "train", a.config, "--set", f"output_dir={folder}/run", "--set", f"max_steps={a.steps}"]
            for assignment in case.split():
                command += ["--set", assignment]
            dry = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True)
            predicted = float(TOGETHER.search(dry.stderr).group(1))
            subprocess.run(command, capture_output=True, text=True, check=True)
            rows = pathlib.Path(folder, "run", "metrics.jsonl").read_text().splitlines()
            measured = max(json.loads(row)["perf/peak_rss_bytes"] for row in rows) / 2**20
            print(f"{case or 'as it is':60} predicted {predicted:8.0f} MiB  measured {measured:8.0f} MiB  {100 * (predicted / measured - 1):+5.1f} %", flush=True)


if __name__ == "__main__":
    main()
