# SPDX-License-Identifier: Apache-2.0
"""Forward and backward of transformers over the completions of one GRPO step, on the CPU: what a learner built on it computes.

    pip install torch==2.11.0 transformers==5.23.0
    python tests/bench/transformers_learner.py MODEL_FOLDER [--precision autocast|bf16|f32] [--prompts 8 --group 8] [--threads 2]

Every sequence is a prompt with its completion, in micro-batches; log-probabilities of the completions alone, as TRL takes them
(logits_to_keep). Beside it stand forward_s + backward_s of `lockstep bench step`. Tokens are those of the group: prompts + completions of
every sample. The second pass counts.
"""

import argparse
import json
import resource
import time

import torch
import transformers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--precision", default="autocast", choices=["f32", "autocast", "bf16"])
    for name, default in (("prompts", 8), ("group", 8), ("prompt-tokens", 128), ("new-tokens", 128), ("threads", 2), ("micro-batch", 8)):
        parser.add_argument("--" + name, type=int, default=default)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    model = transformers.AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.bfloat16 if a.precision == "bf16" else torch.float32)
    model.train()
    samples, length = a.prompts * a.group, a.prompt_tokens + a.new_tokens
    ids = torch.randint(10, model.config.vocab_size - 10, (samples, length), generator=torch.Generator().manual_seed(1))
    seconds = 0.0
    for _ in range(2):
        began = time.monotonic()
        for begin in range(0, samples, a.micro_batch):
            rows = ids[begin:begin + a.micro_batch]
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.precision == "autocast"):
                logits = model(input_ids=rows, logits_to_keep=a.new_tokens + 1).logits[:, :-1]
            logprobs = torch.log_softmax(logits.float(), -1).gather(-1, rows[:, -a.new_tokens:, None])
            (-logprobs.sum() / (samples * a.new_tokens)).backward()
        model.zero_grad()
        seconds = time.monotonic() - began
    print(json.dumps({"forward_backward_s": seconds, "tokens_per_s": samples * length / seconds,
                      "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)


if __name__ == "__main__":
    main()
