# SPDX-License-Identifier: Apache-2.0
"""The quickstart as a user runs it, held to the figures that README promises, and its control: with coin flips instead of
rewards the same base does not get better. About ten minutes on two cores, so it is in no default test run:

    scripts/test.sh -C slow -R quickstart
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"
DEADLINE_S = 3600


def train(binary, config, *settings):
    command = [binary, "train", str(CONFIGS / config)] + [word for s in settings for word in ("--set", s)]
    subprocess.run(command, check=True, timeout=DEADLINE_S, stderr=subprocess.DEVNULL)


def summary(folder):
    return json.loads((folder / "summary.json").read_text())


def main():
    binary = sys.argv[1]
    root = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-quickstart-"))
    try:
        train(binary, "quickstart.json", f"output_dir={root}/run")
        run = summary(root / "run")
        print(json.dumps(run, indent=2))
        train(binary, "quickstart_control.json", f"output_dir={root}/control", f"model.path={root}/run/base")
        control = summary(root / "control")
        print(json.dumps(control, indent=2))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    claims = {
        "the base solves a few": 0.03 <= run["pass_at_1_before"] <= 0.3,
        "pass@1 rises to 0.90": run["pass_at_1_after"] >= 0.90,
        "format rises to 0.95": run["format_after"] >= 0.95,
        "completions get 1.7 times as long": run["mean_length_after"] >= 1.7 * run["mean_length_before"],
        "nine in ten completions reflect": run["reflection_after"] >= 0.9,
        "the control begins at the same base": control["pass_at_1_before"] == run["pass_at_1_before"],
        # 256 prompts x 8 samples: three standard errors of a share of 0.07 are 0.017.
        "the control does not rise": control["pass_at_1_after"] <= control["pass_at_1_before"] + 0.02,
    }
    broken = [claim for claim, holds in claims.items() if not holds]
    sys.exit("not so: " + "; ".join(broken) if broken else 0)


if __name__ == "__main__":
    main()
