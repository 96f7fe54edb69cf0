# SPDX-License-Identifier: Apache-2.0
"""Process 1 of a sandbox: forks a process for each test, puts limits on it, and reports how it ended.

The judge sends one packet a job over the control socket: a JSON header and five open files (program, input, output,
errors, result). The reply is the wait status, which only this process can know and only the control socket can carry: a
program under test has no descriptor of it. Nothing here reads a program or its input; the forked process does.
"""
import sys

sys.path[:] = [folder for folder in sys.path if folder]  # nothing is imported from the working folder

import os

# `threading` and `random` repair themselves after a fork: 150 page faults for what a server with one thread and a child that
# seeds by itself do not need. Their hooks run in the forks of programs only.
REGISTER = os.register_at_fork
IS_PROGRAM = False


def register_for_programs(**hooks):
    REGISTER(**{when: lambda hook=hook: IS_PROGRAM and hook() for when, hook in hooks.items()})


os.register_at_fork = register_for_programs

import _socket
import atexit
import builtins
import gc
import json
import marshal
import random
import resource
import signal
import stat
import threading
import types
from _sitebuiltins import Quitter

CONTROL_FD = 3
SCRATCH = os.environ["HOME"]
IS_ISOLATED = os.getpid() == 1  # else: the unsafe mode, where descendants are found one by one
# Imported once here, so that a program that imports them pays nothing.
PRELOADED = """array bisect cmath collections copy dataclasses datetime decimal enum fractions functools heapq io itertools
 math numbers operator queue re statistics string struct textwrap time typing""".split()
# What LeetCode puts before a solution: function tests only. Names that would hide a builtin (math.pow) stay out.
PRELUDE = """
import array, bisect, collections, copy, datetime, functools, heapq, itertools, math, operator, random, re, string, sys
from typing import *
from collections import *
from itertools import *
from functools import *
from heapq import *
from bisect import *
from math import *
"""
HARNESS_FAULT = 125


def prelude_names():
    names = {}
    exec(PRELUDE, names)
    return {name: value for name, value in names.items() if not hasattr(builtins, name) and name != "__builtins__"}


def receive(control):
    """The next job and its five files; ends the process when the judge is gone."""
    header, ancillary, _, _ = control.recvmsg(1 << 16, _socket.CMSG_SPACE(5 * 4), _socket.MSG_CMSG_CLOEXEC)
    if not header:
        os._exit(0)
    files = memoryview(ancillary[0][2]).cast("i").tolist()
    return json.loads(header), files


# What follows runs in the forked process.

def limit(job):
    for what, soft, hard in (
            (resource.RLIMIT_CPU, job["cpu_s"], job["cpu_s"] + 1),  # SIGXCPU, and SIGKILL for those who catch it
            (resource.RLIMIT_FSIZE, job["file_bytes"], job["file_bytes"]),
            (resource.RLIMIT_STACK, job["stack_bytes"], job["stack_bytes"]),
            (resource.RLIMIT_NOFILE, 64, 64),
            (resource.RLIMIT_CORE, 1, 1),  # 0 would not stop a machine that pipes dumps into a program
            (resource.RLIMIT_SIGPENDING, 1024, 1024),
            (resource.RLIMIT_MEMLOCK, 0, 0),
            (resource.RLIMIT_MSGQUEUE, 0, 0)):
        resource.setrlimit(what, (soft, hard))
    if job["processes"]:  # and this server
        resource.setrlimit(resource.RLIMIT_NPROC, (job["processes"] + 1, job["processes"] + 1))
    if job["memory_bytes"]:
        resource.setrlimit(resource.RLIMIT_AS, (job["memory_bytes"], job["memory_bytes"]))


def read_all(number):
    chunks, offset = [], 0
    while chunk := os.pread(number, 1 << 20, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def write_all(number, data):
    os.ftruncate(number, 0)
    offset = 0
    while offset < len(data):
        offset += os.pwrite(number, data[offset:offset + (1 << 20)], offset)


def connect(files, input_number):
    """0, 1 and 2 for the program; every other descriptor but `result`, when it is wanted, is closed by the caller."""
    for target, number in ((0, input_number), (1, files[2]), (2, files[3])):
        os.dup2(number, target)


def keep_only(kept):
    """Closes every descriptor above 2 but `kept`."""
    os.closerange(3, kept if kept > 2 else 3)
    os.closerange(max(kept, 2) + 1, 1 << 16)


def open_streams():
    """Made once, in the server, over numbers that each test fills with files of its own."""
    for number, name, mode, errors in ((0, "stdin", "r", "surrogateescape"), (1, "stdout", "w", "surrogateescape"),
                                       (2, "stderr", "w", "backslashreplace")):
        stream = open(number, mode, encoding="utf-8", errors=errors, closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def new_module(name):
    random.seed(0)  # forked processes draw a seed from the kernel
    module = types.ModuleType(name)
    module.__dict__.update(__builtins__=builtins, __file__="main.py")
    sys.modules[name] = module
    sys.argv = ["main.py"]
    return module.__dict__


def compile_source(job, files):
    """Writes the code object: one compilation for all tests of a program."""
    source = read_all(files[0])
    connect(files, files[1])
    try:
        code = compile(source, "main.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    write_all(files[4], marshal.dumps(code))
    os._exit(0)


def exit_status(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def run_main(job, files):
    """The program as a script, with everything that an interpreter does at its end."""
    leave, shut_down, run_exit_functions = os._exit, threading._shutdown, atexit._run_exitfuncs
    code = marshal.loads(read_all(files[0]))
    connect(files, files[1])
    keep_only(-1)
    status = 0
    try:
        exec(code, new_module("__main__"))
    except SystemExit as end:
        status = exit_status(end.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    try:
        shut_down()
        run_exit_functions()
        sys.stdout.flush()
    except BaseException:
        status = status or 120
    leave(status)


def json_text(value, depth=0):
    """JSON of built-in types and of what derives from them, by the base types' own methods."""
    if depth > 64:
        raise ValueError("the result is nested too deeply")
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, str):
        return json.encoder.encode_basestring_ascii(str.__str__(value))
    if isinstance(value, (list, tuple)):
        base = list if isinstance(value, list) else tuple
        return "[" + ",".join([json_text(item, depth + 1) for item in base.__iter__(value)]) + "]"
    if isinstance(value, dict):
        pairs = [(key if isinstance(key, str) else json_text(key, depth + 1), item) for key, item in dict.items(value)]
        return "{" + ",".join([json_text(key) + ":" + json_text(item, depth + 1) for key, item in pairs]) + "}"
    raise TypeError(f"the result holds a {type(value).__name__}, which is no JSON value")


def find_function(names, wanted):
    owner = names.get("Solution")
    if isinstance(owner, type) and hasattr(owner, wanted):
        return getattr(owner(), wanted)
    return names[wanted]


def call_function(job, files):
    """Calls one function with the arguments of the input, and writes nonce + result where only this code writes."""
    leave, write, to_text = os._exit, write_all, json_text
    nonce, result = job["nonce"].encode(), files[4]
    code = marshal.loads(read_all(files[0]))
    call = json.loads(read_all(files[1]))
    connect(files, os.open("/dev/null", os.O_RDONLY))
    keep_only(result)
    names = new_module("solution")
    names.update(PRELUDE_NAMES)
    try:
        exec(code, names)
        value = find_function(names, call["function"])(*call["arguments"])
        write(result, nonce + b"\n" + to_text(value).encode())
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        leave(1)
    leave(0)


def put_program(job, files):
    with open(os.path.join(SCRATCH, job["source"]), "xb") as file:
        file.write(read_all(files[0]))


def build(job, files):
    """Runs a compiler on the source and hands the program that it makes out through `result`."""
    put_program(job, files)
    connect(files, files[1])
    compiler = os.fork()
    if compiler == 0:
        keep_only(-1)
        os.execv(job["argv"][0], job["argv"])
    status = os.waitstatus_to_exitcode(os.waitpid(compiler, 0)[1])
    if status != 0:
        os._exit(1)
    made = os.open(os.path.join(SCRATCH, job["artifact"]), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(made).st_mode):
        os._exit(1)
    write_all(files[4], read_all(made))
    os._exit(0)


def run_binary(job, files):
    """Executes the sealed program file itself; no path leads to it."""
    program = files[0]
    connect(files, files[1])
    keep_only(program)
    os.execve(program, ["program"], dict(os.environ))


def run_script(job, files):
    put_program(job, files)
    connect(files, files[1])
    keep_only(-1)
    os.execv(job["argv"][0], job["argv"])


KINDS = {"compile": compile_source, "main": run_main, "call": call_function, "build": build, "binary": run_binary,
         "script": run_script}


def start(job, files):
    global IS_PROGRAM
    IS_PROGRAM = True
    try:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if job["kind"] in ("main", "call"):
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as an interpreter starts
        limit(job)
        KINDS[job["kind"]](job, files)
    except BaseException as error:
        os.write(files[3], f"harness: {type(error).__name__}: {error}\n".encode())
    os._exit(HARNESS_FAULT)


# The server itself again.

def descendants():
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(number) for number in file.read().split()]


def kill_all():
    """Every process but this one: all of the namespace. In unsafe mode, all that a subreaper inherits."""
    for number in [-1] if IS_ISOLATED else descendants():
        try:
            os.kill(number, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def wait_for(child):
    """Wait status and processor seconds of the child; when this returns, no other process is left."""
    cpu_s, status = 0.0, None
    while status is None:
        pid, ended, usage = os.wait4(-1, 0)
        cpu_s += usage.ru_utime + usage.ru_stime
        status = ended if pid == child else None
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                kill_all()
                _, _, usage = os.wait4(-1, 0)
            cpu_s += usage.ru_utime + usage.ru_stime
        except ChildProcessError:
            return status, cpu_s


def scratch_mark():
    """Changes with any use of the scratch folder, also one that was undone: ctime cannot be set back."""
    return os.stat(SCRATCH).st_ctime_ns


def control_process(option, value):
    import ctypes
    if ctypes.CDLL(None).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(f"prctl({option}, {value}) failed")


def become_unreadable():
    """With /proc, a program could write into the memory of any process of its user: but not of one that dumps no core."""
    PR_SET_DUMPABLE = 4
    control_process(PR_SET_DUMPABLE, 0)


def become_subreaper():
    PR_SET_CHILD_SUBREAPER = 36
    control_process(PR_SET_CHILD_SUBREAPER, 1)

    def stop(*_):
        while True:
            kill_all()
            try:
                os.wait4(-1, 0)
            except ChildProcessError:
                os._exit(0)

    signal.signal(signal.SIGTERM, stop)


def serve(control):
    while True:
        job, files = receive(control)
        mark = scratch_mark()
        child = os.fork()
        if child == 0:
            start(job, files)
        for number in files:
            os.close(number)
        status, cpu_s = wait_for(child)
        reply = {"status": status, "cpu_s": cpu_s, "is_clean": scratch_mark() == mark}
        control.send(json.dumps(reply).encode())


def prepare():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # process 1 ignores what it does not handle
    os.closerange(CONTROL_FD + 1, 1 << 16)
    if not IS_ISOLATED:
        become_subreaper()
    elif os.path.exists("/proc"):
        become_unreadable()
    sys.set_int_max_str_digits(0) if hasattr(sys, "set_int_max_str_digits") else None
    for name in PRELOADED + json.loads(os.environ.pop("LOCKSTEP_PRELOAD", "[]")):
        __import__(name)
    sys.path += json.loads(os.environ.pop("LOCKSTEP_PYTHON_PATH", "[]"))
    os.register_at_fork = REGISTER
    builtins.exit, builtins.quit = Quitter("exit", "Ctrl-D"), Quitter("quit", "Ctrl-D")


prepare()
PRELUDE_NAMES = prelude_names()
CONTROL = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, CONTROL_FD)
open_streams()
gc.collect()
gc.freeze()
FOLDER = os.open(SCRATCH, os.O_RDONLY | os.O_DIRECTORY)  # for the judge, who counts what lies in it
CONTROL.sendmsg([b"ready"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, FOLDER.to_bytes(4, sys.byteorder))])
os.close(FOLDER)
serve(CONTROL)
