# SPDX-License-Identifier: Apache-2.0
"""Every loss, estimator, packing, checkpointing and adapter choice ends with the same bits after 20 steps with 1 and 2 threads and on every
instruction set of this machine, and a run that is stopped in the middle resumes to them. Slow: ctest -C slow -R choices.

    python3 tests/e2e/choices_test.py build/release/lockstep [CHOICE...]
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from reproduce_test import instruction_sets

CONFIG = str(pathlib.Path(__file__).parent / "tiny_run.json")
CASE = ["pretrain.max_steps=2", "grpo.max_steps=20", "eval.eval_steps=0", "grpo.ref_model_sync_steps=0", "grpo.loss.beta=0", "engine.draft=none"]
LOSSES = ["grpo", "dr_grpo", "dapo", "bnpo", "gspo", "sapo", "luspo", "vespo", "r1", "reinforce"]
CHOICES = {
    **{f"loss {name}": [f"grpo.loss.loss_type={name}"] for name in LOSSES},
    "loss cispo": ["grpo.loss.loss_type=cispo", "grpo.loss.epsilon_high=5"],
    "rloo": ["grpo.advantage.adv_estimator=rloo"],
    "reinforce++": ["grpo.advantage.adv_estimator=reinforce_plus_plus_baseline"],
    "kl in the loss": ["grpo.loss.beta=0.05"],
    "kl in the reward": ["grpo.loss.beta=0.05", "grpo.loss.use_kl_in_reward=true"],
    "entropy": ["grpo.loss.entropy_coef=0.01", "grpo.loss.top_entropy_quantile=0.4"],
    "small micro-batches": ["grpo.learner.max_tokens=64"],
    "three shards": ["grpo.learner.num_shards=3"],
    "checkpointing": ["grpo.learner.gradient_checkpointing=true"],
    "lora": ["grpo.learner.lora.r=2"],
    "bf16 moments": ["grpo.learner.optimizer.moments_dtype=bfloat16"],
    "bf16": ["model.dtype=bfloat16"],
    "mtp": ["grpo.mtp_loss_coef=0.1"],
    "8-bit sampling with routing replay": ["engine.quantization=q8_0", "engine.record_routing=true", "grpo.routing_replay=true"],
}


def train(binary, folder, choice, isa=None, threads=2, more=()):
    command = [binary, "train", CONFIG, "--set", f"output_dir={folder}"]
    for assignment in [*CASE, *choice, *more]:
        command += ["--set", assignment]
    environment = dict(os.environ, LOCKSTEP_THREADS=str(threads))
    if isa:
        environment["LOCKSTEP_ISA"] = isa
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")


def weights(folder):
    return hashlib.sha256((folder / "model/model.safetensors").read_bytes()).hexdigest()


def moved(folder):
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return any(row["grad_norm"] > 0 for row in rows if row["stage"] == "grpo")


def main():
    binary, names = sys.argv[1], sys.argv[2:] or list(CHOICES)
    sets = instruction_sets()
    print("instruction sets:", ", ".join(sets))
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            root = pathlib.Path(scratch)
            choice = CHOICES[name]
            train(binary, root / "first", choice)
            expected = weights(root / "first")
            if not moved(root / "first"):
                sys.exit(f"{name}: no step had a gradient")
            variants = {"1 thread": {"threads": 1}, **{isa: {"isa": isa, "threads": 1 + i % 2} for i, isa in enumerate(sets)}}
            for variant, options in variants.items():
                train(binary, root / "other", choice, **options)
                if weights(root / "other") != expected:
                    sys.exit(f"{name}: {variant} ends with other bits")
                shutil.rmtree(root / "other")
            train(binary, root / "resumed", choice, more=["max_steps=7"])
            train(binary, root / "resumed", choice)
            if weights(root / "resumed") != expected:
                sys.exit(f"{name}: resumed after 7 steps it ends with other bits")
        print(f"{name}: equal bits, {len(variants) + 2} runs", flush=True)


if __name__ == "__main__":
    main()
