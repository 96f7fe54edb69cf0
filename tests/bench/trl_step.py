# SPDX-License-Identifier: Apache-2.0
"""One GRPO step of TRL on the CPU: seconds, peak memory, tokens. Called by peers.py, one process per measurement.

    pip install torch==2.11.0 transformers==5.23.0 trl==1.16.0 datasets
    python tests/bench/trl_step.py MODEL_FOLDER [--precision f32|autocast|bf16] [--prompts 8 --group 8 --prompt-tokens 128 --new-tokens 128]

Prompts have exactly the tokens asked for, completions too (eos is never drawn), half of each group is rewarded. The first step warms up, the
second counts. precision: f32; autocast (f32 weights, bf16=True); bf16 (weights and AdamW in bf16).
"""

import argparse
import json
import random
import resource
import tempfile
import time

import torch
import transformers
from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer


class Clock(transformers.TrainerCallback):
    def __init__(self):
        self.began, self.seconds = None, []

    def on_step_begin(self, args, state, control, **kwargs):
        self.began = time.monotonic()

    def on_step_end(self, args, state, control, **kwargs):
        self.seconds.append(time.monotonic() - self.began)


def prompt_of(tokenizer, tokens, pick):
    """A text of exactly so many tokens."""
    text = ""
    while len(tokenizer(text)["input_ids"]) < tokens:
        text += f" {pick.choice(['apple', 'river', 'seven', 'green', 'stone', 'light'])}"
    assert len(tokenizer(text)["input_ids"]) == tokens
    return text


def reward_every_other(completions, **columns):
    return [float(i % 2 == 0) for i in range(len(completions))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--precision", default="autocast", choices=["f32", "autocast", "bf16"])
    for name, default in (("prompts", 8), ("group", 8), ("prompt-tokens", 128), ("new-tokens", 128), ("threads", 0), ("micro-batch", 8)):
        parser.add_argument("--" + name, type=int, default=default)
    a = parser.parse_args()
    if a.threads:
        torch.set_num_threads(a.threads)
    pick = random.Random(1)
    tokenizer = transformers.AutoTokenizer.from_pretrained(a.model)
    rows = [{"prompt": prompt_of(tokenizer, a.prompt_tokens, pick)} for _ in range(2 * a.prompts)]
    batch = min(a.micro_batch, a.prompts * a.group)
    config = GRPOConfig(
        output_dir=tempfile.mkdtemp(), use_cpu=True, bf16=a.precision == "autocast", per_device_train_batch_size=batch,
        gradient_accumulation_steps=a.prompts * a.group // batch, num_generations=a.group, max_completion_length=a.new_tokens,
        generation_kwargs={"min_new_tokens": a.new_tokens}, max_steps=2, logging_steps=1, report_to=[], save_strategy="no", beta=0.0,
        loss_type="grpo", learning_rate=1e-6, gradient_checkpointing=False, disable_tqdm=True, dataloader_pin_memory=False)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        a.model, dtype=torch.bfloat16 if a.precision == "bf16" else torch.float32)
    clock = Clock()
    trainer = GRPOTrainer(model=model, reward_funcs=reward_every_other, args=config, train_dataset=Dataset.from_list(rows),
                          processing_class=tokenizer, callbacks=[clock])
    trainer.train()
    lengths = [row["completions/mean_length"] for row in trainer.state.log_history if "completions/mean_length" in row]
    assert lengths and all(length == a.new_tokens for length in lengths), lengths
    print(json.dumps({"step_s": clock.seconds[-1], "first_step_s": clock.seconds[0],
                      "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)


if __name__ == "__main__":
    main()
