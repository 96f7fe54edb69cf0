# SPDX-License-Identifier: Apache-2.0
"""Runs one Python reward for Lockstep: greets, then answers calls on descriptor 3 until it is closed.

Lockstep starts it as `python3 -c <this file> <settings as JSON>`; rewards/plugins/frame.h and worker.h say what is on the
wire: a 4-byte little-endian length and JSON. Nothing is ever unpickled. The reward runs in the main thread, so that
signal.alarm works in it, and what it prints goes to the log. Standard library only; Python 3.9 or newer.
"""
import asyncio
import ctypes
import fcntl
import importlib
import importlib.util
import inspect
import itertools
import json
import os
import resource
import signal
import socket
import struct
import sys
import traceback

CHANNEL = 3
PR_SET_PDEATHSIG = 1
MAX_TEXT = 16384  # characters of an error or an extra


def text(value):
    """Text that is valid UTF-8 and bounded, of anything."""
    return str(value)[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")


def number(value):
    """A float, or TypeError. Takes what torch.tensor would take: int, float, bool and scalars of numpy and torch."""
    if isinstance(value, (str, bytes, bytearray)) or not hasattr(value, "__float__"):
        raise TypeError(f"a reward of type {type(value).__name__}")
    return float(value)


def finite(value):
    value = number(value)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"the value {value} is not finite")
    return value


def score_of(value):
    """TRL's meaning: None and NaN are no score. What is no finite number is an error of this sample only."""
    if value is None:
        return {"skip": True}
    try:
        value = number(value)
        return {"skip": True} if value != value else {"value": finite(value)}
    except Exception as error:  # __float__ is the plugin's code
        return {"error": text(f"{type(error).__name__}: {error}")}


def say(error):
    """The last line of a traceback in one line; the whole of it goes to the log."""
    traceback.print_exception(type(error), error, error.__traceback__)
    return text(f"{type(error).__name__}: {error}")


class Channel:
    """Descriptor 3, moved out of the way of code that closes or writes to low numbers."""

    def __init__(self):
        moved = fcntl.fcntl(CHANNEL, fcntl.F_DUPFD_CLOEXEC, 64)
        os.close(CHANNEL)
        self.socket = socket.socket(fileno=moved)
        self.socket.settimeout(None)

    def read(self, size):
        parts = []
        while size:
            part = self.socket.recv(min(size, 1 << 20))
            if not part:
                os._exit(0)  # Lockstep is gone or done with us; no exit handlers of the plugin
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def receive(self):
        return json.loads(self.read(struct.unpack("<I", self.read(4))[0]))

    def send(self, message):
        body = json.dumps(message, allow_nan=False).encode()
        self.socket.sendall(struct.pack("<I", len(body)) + body)


class Loop:
    """One event loop for the life of the process: clients that a reward keeps belong to it."""

    def __init__(self):
        self.loop = None

    def finish(self, result):
        if not inspect.isawaitable(result):
            return result
        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)

        async def wait():
            return await result

        return self.loop.run_until_complete(wait())


def accepted(function, arguments):
    """The arguments that `function` can take; all of them when it has **kwargs or cannot be inspected."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return arguments
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return arguments
    names = {p.name for p in parameters}
    return {name: value for name, value in arguments.items() if name in names}


class Trl:
    """f(prompts, completions, completion_ids, **columns) -> list of float or None, with log_metric and log_extra."""

    name, per_sample = "trl", False

    def __init__(self, settings):
        self.messages = settings["messages"]

    def arguments(self, rows, samples, metrics, extras):
        prompts, completions = [], []
        for sample in samples:
            row = rows[sample["row"]]
            prompt = row["columns"].get("prompt")
            is_chat = self.messages == "yes" or (self.messages == "auto" and isinstance(prompt, list))
            if is_chat and not isinstance(prompt, list):
                prompt = [{"role": "user", "content": row["prompt"]}]
            prompts.append(prompt if is_chat else row["prompt"])
            answer = sample["completion"]
            completions.append([{"role": "assistant", "content": answer}] if is_chat else answer)
        names = {n: None for row in rows for n in row["columns"] if n not in ("prompt", "completion", "completion_ids")}
        columns = {n: [rows[s["row"]]["columns"].get(n) for s in samples] for n in names}

        def log_metric(name, value):
            metrics[text(name)] = finite(value)

        def log_extra(column, values):
            extras[text(column)] = [text(v) for v in itertools.islice(values, len(samples))]

        return {**columns, "prompts": prompts, "completions": completions, "completion_ids": [s["ids"] for s in samples],
                "trainer_state": None, "log_metric": log_metric, "log_extra": log_extra}

    def call(self, function, finish, rows, samples, fixed):
        metrics, extras = {}, {}
        arguments = {**self.arguments(rows, samples, metrics, extras), **fixed}
        result = finish(function(**accepted(function, arguments)))
        if result is None or isinstance(result, (str, bytes, dict)) or not hasattr(result, "__iter__"):
            return {"error": text(f"a list of rewards is needed, not {type(result).__name__}")}
        values = list(itertools.islice(result, len(samples) + 1))
        if len(values) != len(samples):
            more = "more than " if len(values) > len(samples) else ""
            return {"error": f"{more}{min(len(values), len(samples))} rewards for {len(samples)} completions"}
        scores = [score_of(value) for value in values]
        for column, texts in extras.items():
            for score, value in zip(scores, texts):
                score.setdefault("extras", {})[column] = value
        return {"scores": scores, "metrics": metrics}


class Verl:
    """compute_score(data_source, solution_str, ground_truth, extra_info) -> number, or dict with "score", per sample."""

    name, per_sample = "verl", True

    def __init__(self, settings):
        self.column = settings["column"]

    def arguments(self, row, sample):
        columns = row["columns"]
        model = columns.get("reward_model")
        truth = model.get("ground_truth") if isinstance(model, dict) else columns.get(self.column)
        return {"data_source": columns.get("data_source"), "solution_str": sample["completion"], "ground_truth": truth,
                "extra_info": dict(columns.get("extra_info") or {})}

    def score(self, result):
        if isinstance(result, (list, tuple)) and result:
            result = result[0]
        if not isinstance(result, dict):
            return score_of(result)
        if "score" not in result:
            return {"error": 'the dict has no "score"'}
        score, metrics, extras = score_of(result["score"]), {}, {}
        for name, value in result.items():
            if name == "score":
                continue
            try:
                metrics[text(name)] = finite(value)
            except Exception:  # not a number: for the table of completions
                extras[text(name)] = text(value)
        return {**score, "metrics": metrics, "extras": extras}

    def call(self, function, finish, rows, samples, fixed):
        scores = []
        for sample in samples:
            arguments = {**self.arguments(rows[sample["row"]], sample), **fixed}
            try:
                scores.append(self.score(finish(function(**arguments))))
            except BaseException as error:  # SystemExit too: the worker goes on
                scores.append({"error": say(error)})
        return {"scores": scores}


INTERFACES = {"trl": Trl, "verl": Verl}


def load(settings):
    """The reward function: from a file, whose folder goes onto the path as for a script, or from an importable module."""
    if settings["file"]:
        path = os.path.abspath(settings["file"])
        sys.path.insert(0, os.path.dirname(path))
        spec = importlib.util.spec_from_file_location("lockstep_reward_plugin", path)
        if spec is None:
            raise ImportError(f"{path} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(settings["module"])
    name = settings["function"] or ("compute_score" if hasattr(module, "compute_score") else "reward")
    function = getattr(module, name, None)
    if not callable(function):
        names = [n for n, f in vars(module).items() if callable(f) and not n.startswith("_") and not inspect.isclass(f)]
        raise AttributeError(f"no function {name}; the functions are: {', '.join(names) or 'none'}")
    return function, name


def interface_of(function, name, setting):
    if setting != "auto":
        return setting
    try:
        names = set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = set()
    return "verl" if name == "compute_score" or "solution_str" in names else "trl"


def main():
    settings = json.loads(sys.argv[1])
    sys.argv = [settings["file"] or settings["module"]]
    # Lockstep's end is ours, even in the middle of a call. Fails harmlessly where the C library is another one.
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except Exception:
        pass
    channel = Channel()
    try:
        if settings["max_memory_mb"]:
            limit = settings["max_memory_mb"] << 20
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        function, name = load(settings)
        interface = INTERFACES[interface_of(function, name, settings["interface"])](settings)
    except BaseException as error:
        channel.send({"hello": 1, "error": say(error)})
        return
    channel.send({"hello": 1, "interface": interface.name, "per_sample": interface.per_sample})
    loop = Loop()
    while True:
        request = channel.receive()
        call = request["call"]
        try:
            answer = interface.call(function, loop.finish, call["rows"], call["samples"], settings["arguments"])
        except BaseException as error:
            answer = {"error": say(error)}
        sys.stdout.flush()
        channel.send({"id": request["id"], **answer})


main()
