#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed inputs of the fuzz targets, a folder for each kind of parser.

    tests/fuzz/make_corpus.py

math:          judged pairs, one for each kind of answer and verdict, completions, expressions
               (math_judge_fuzz, math_parse_fuzz, math_extract_fuzz, expression_fuzz)
the others:    completion_fuzz, rows_fuzz, wire_fuzz, tokenizer_fuzz, sentencepiece_fuzz, weights_fuzz
"""
import json
import shutil
import struct
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
PROGRAMS = [
    "<think>\nwait, let me check</think>\n<answer>(1+2)*3</answer>",
    "a</think>```python\nprint(1)\n```\n~~~py\nx\n~~~",
    "<think><think></think></answer><answer>",
    "   ````python title\n```\ncode\n````\n```text\n3\n```",
]
ROWS = [
    {"prompt": "What is 1 + 1?", "answer": "so #### 2"},
    {"prompt": [{"role": "user", "content": "hi"}], "answer": 3.5, "numbers": [1, 2, 3], "target": 9},
    {"data_source": "d", "prompt": [{"role": "user", "content": "x"}], "reward_model": {"ground_truth": "\\boxed{7}"}, "extra_info": {}},
    {"prompt": "f", "input_output": json.dumps({"inputs": [[1, 2]], "outputs": [[3]], "fn_name": "f"})},
    {"prompt": "p", "test_cases": [{"input": "1\n", "output": "2\n"}, {"input": "[1]", "output": "1", "testtype": "functional", "fn_name": "f"}]},
    {"prompt": "k", "roles": {"Ann": "knight", "Bob": "knave"}, "answer": ""},
    {"completion": [{"role": "assistant", "content": "hi"}], "completion_ids": [1, 2], "is_terminated": False},
    {"pred": "1/2", "gold": "0.5", "form": "answer"},
    [123456789012345678901234567890, -0.5e-7, "\u00e9\ud83d\ude00", None, {"b": True, "a": []}],
]
SCORES = [
    {"scores": [{"value": 1.5, "metrics": {"m": 2}, "extras": {"e": "text"}}, {"skip": True}, {"error": "no"}], "metrics": {"all": 1}},
    {"scores": [{"timeout": True}, {"value": "1"}, {"value": 1e999}]},
    {"error": "it broke"},
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"score\": 1}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.0 500 Bad\r\n\r\nuntil the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
]
ADDED = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]


def math():
    rows = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    for verdict in (True, False):
        chosen = {row["kind"]: row for row in rows if row["expect"] == verdict}
        for kind, row in sorted(chosen.items()):
            yield f"{kind}_{'equal' if verdict else 'different'}", f"{row['gold']}\n{row['pred']}".encode()
    for number, text in enumerate(COMPLETIONS + EXPRESSIONS):
        yield f"text_{number}", text.encode()


def completion():
    for number, text in enumerate(COMPLETIONS + PROGRAMS):
        yield f"text_{number}", bytes([37 * number % 256]) + text.encode()


def rows():
    for number, row in enumerate(ROWS):
        yield f"row_{number}", json.dumps(row, ensure_ascii=number % 2 == 0).encode()


def frame(body):
    return struct.pack("<I", len(body)) + body


def wire():
    bodies = [json.dumps(message).encode() for message in SCORES]
    for number, body in enumerate(bodies):
        yield f"scores_{number}", b"\x03" + body
    yield "frames", b"\x06" + b"".join(frame(body) for body in bodies)
    for number, answer in enumerate(ANSWERS):
        yield f"http_{number}", b"\x04" + answer


def byte_level():
    vocab = {"a": 0, "b": 1, "\u0120": 2, "ab": 3, "\u0120a": 4, "\u010a": 5}
    return {"version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
            "added_tokens": [{"id": 6 + i, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
                              "normalized": False, "special": True} for i, text in enumerate(ADDED)],
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": vocab, "merges": ["a b", "\u0120 a"]}}


def sentencepiece_like():
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2, "\u2581": 3, "a": 4, "\u2581a": 5}
    added = [{"id": i, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": True} for i, text in enumerate(["<unk>", "<s>", "</s>"])]
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    return {"version": "1.0", "added_tokens": added, "pre_tokenizer": None, "post_processor": None,
            "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, replace]},
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
            "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": False, "vocab": vocab,
                      "merges": ["\u2581 a"]}}


def tokenizer():
    for name, parts in (("byte_level", byte_level()), ("sentencepiece_like", sentencepiece_like())):
        yield name, json.dumps(parts, ensure_ascii=False).encode() + b"\0a ab<|im_end|>\n"


def field(number, value):
    if isinstance(value, float):
        return bytes([number << 3 | 5]) + struct.pack("<f", value)
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def sentencepiece():
    pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), ("a", -1.0, 1), ("b", -2.0, 1),
              ("ab", -0.5, 1), ("\u2581", -3.0, 1)]
    model = b"".join(field(1, field(1, text.encode()) + field(2, score) + field(3, kind)) for text, score, kind in pieces)
    model += field(2, field(3, 2) + field(4, 8))
    model += field(3, field(1, b"identity") + field(3, 0) + field(4, 0) + field(5, 1))
    yield "bpe", model
    yield "nested", field(1, field(1, field(1, b"x") + field(2, 1.0)))


def gguf_text(text):
    return struct.pack("<Q", len(text)) + text


def weights():
    header = json.dumps({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
                         "b": {"dtype": "BF16", "shape": [], "data_offsets": [8, 10]}}).encode()
    yield "safetensors", struct.pack("<Q", len(header)) + header + bytes(10)
    metadata = [gguf_text(b"general.architecture") + struct.pack("<I", 8) + gguf_text(b"llama"),
                gguf_text(b"general.alignment") + struct.pack("<II", 4, 32),
                gguf_text(b"list") + struct.pack("<IIQ3i", 9, 5, 3, 1, 2, 3),
                gguf_text(b"texts") + struct.pack("<IIQ", 9, 8, 1) + gguf_text(b"x")]
    tensors = gguf_text(b"w") + struct.pack("<IQQIQ", 2, 2, 2, 0, 0)
    start = b"GGUF" + struct.pack("<IQQ", 3, 1, len(metadata)) + b"".join(metadata) + tensors
    yield "gguf", start + bytes(-len(start) % 32) + bytes(32)


def main():
    shutil.rmtree(HERE / "corpus", ignore_errors=True)
    for kind in (math, completion, rows, wire, tokenizer, sentencepiece, weights):
        folder = HERE / "corpus" / kind.__name__
        folder.mkdir(parents=True)
        for name, content in kind():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
