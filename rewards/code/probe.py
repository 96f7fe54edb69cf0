# SPDX-License-Identifier: Apache-2.0
"""Runs inside a sandbox and tries to get out; prints a line for each thing that was possible, and `done` at the end."""
import _socket
import os
import signal
import sys

memory_mb, processes, file_kb, has_proc = (int(word) for word in sys.stdin.read().split())


def attempt(what, action):
    try:
        action()
    except BaseException:
        return
    print(what)


def must_fail(result):
    if result == -1:
        raise OSError


def signal_others():
    for number in range(2, 5000):
        try:
            if number != os.getpid():
                os.kill(number, 0)
                return
        except ProcessLookupError:
            pass
    raise OSError


def use_inherited_descriptor():
    for number in range(3, 1024):
        try:
            os.fstat(number)
            return
        except OSError:
            pass
    raise OSError


def grow_file():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open("big", "wb", buffering=0) as file:
        file.truncate(file_kb * 1024 + 1)


def fork_on():
    children = []
    try:
        for _ in range(processes + 8):
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)


def system_calls():
    try:
        import ctypes
    except ImportError:
        return
    c = ctypes.CDLL(None)
    attempt("debug a process", lambda: must_fail(c.ptrace(0, 0, 0, 0)))
    attempt("make a user namespace", lambda: must_fail(c.unshare(0x10000000)))
    attempt("mount a file system", lambda: must_fail(c.mount(b"none", b".", b"tmpfs", 0, None)))
    attempt("share memory without a file", lambda: must_fail(c.syscall(9, 0, 4096, 3, 0x21, -1, 0)))
    attempt("keep memory beyond its end", lambda: must_fail(c.shmget(0, 4096, 0o1600)))


attempt("open a network socket", lambda: _socket.socket(_socket.AF_INET))
attempt("open a local socket", lambda: _socket.socket(_socket.AF_UNIX))
for path in ("/usr/lockstep-probe", "/lockstep-probe", "/dev/lockstep-probe"):
    attempt(f"write {path}", lambda: open(path, "w"))
for name in ["etc/passwd", "root", "home", "sys", "var", "run"] + ([] if has_proc else ["proc"]):
    attempt(f"see /{name}", lambda: os.stat("/" + name))
attempt("signal another process", signal_others)
attempt("use a descriptor of its parent", use_inherited_descriptor)
for name in ("mem", "environ", "fd/3"):
    attempt(f"open {name} of its server", lambda: open(f"/proc/1/{name}", "rb"))
attempt("become another user", lambda: os.setuid(0))
system_calls()
attempt("take more memory than allowed", lambda: bytearray((memory_mb + 1) << 20))
attempt("write a larger file than allowed", grow_file)
attempt("start more processes than allowed", fork_on)
print("done")
