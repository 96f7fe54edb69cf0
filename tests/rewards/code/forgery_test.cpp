// SPDX-License-Identifier: Apache-2.0
// Programs that claim success instead of earning it: the judge outside believes none of them.
#include "tests/rewards/code/programs.h"

namespace lockstep::rewards::code {
namespace {

// The function under test: double a number.
Json double_row() { return call_row("double", {{2}, {21}}, {4, 42}); }

const std::vector<std::pair<std::string, std::string>> kCallForgeries = {
    {"ends before the call", "import os\ndef double(x): return 0\nos._exit(0)"},
    {"ends inside the call", "import os\ndef double(x): os._exit(0)"},
    {"leaves by SystemExit", "import sys\ndef double(x): sys.exit(0)"},
    {"returns what equals everything", R"(
class Any:
    def __eq__(self, other): return True
    def __repr__(self): return '4'
def double(x): return Any())"},
    {"returns a number that equals everything", R"(
class Any(int):
    def __eq__(self, other): return True
    def __hash__(self): return 4
def double(x): return Any(0))"},
    {"prints the result", "def double(x):\n    print(2 * x)"},
    {"prints a result record", R"(
import json
def double(x):
    print(json.dumps({'status': 0, 'result': 4, 'passed': True}))
    return None)"},
    {"writes into every descriptor and ends", R"(
import os
def double(x):
    for number in range(64):
        try: os.write(number, b'4\n')
        except OSError: pass
    os._exit(0))"},
    {"replaces the serialiser", R"(
import json, builtins
json.dumps = lambda *a, **k: '4'
json.encoder.encode_basestring_ascii = lambda *a: '4'
builtins.isinstance = lambda *a: True
def double(x): return 'four')"},
    {"replaces os._exit", "import os\nos._exit = lambda code: None\ndef double(x): return 0"},
    {"replaces the harness's functions", R"(
import sys
frame = sys._getframe()
while frame:
    for names in (frame.f_globals, frame.f_locals):
        for name in ('json_text', 'to_text'):
            if name in names: names[name] = lambda value, depth=0: '4'
    frame = frame.f_back
def double(x): return 0)"},
    {"raises", "def double(x): raise ValueError"},
    {"has no function", "x = 1"},
    {"names the function wrongly", "def doubled(x): return 2 * x"},
    {"returns nothing", "def double(x): pass"},
    {"returns a generator", "def double(x):\n    yield 2 * x"},
    {"returns NaN", "def double(x): return float('nan')"},
    {"returns text of the number", "def double(x): return str(2 * x)"},
    {"returns the number and more", "def double(x): return [2 * x, 2 * x]"},
    {"answers the first call only", "def double(x): return 4"},
};

TEST_CASE("forgery: no function that does not return the result passes a function test") {
  const auto reward = sandboxed();
  if (!reward) return;
  for (const auto& [name, source] : kCallForgeries) {
    CAPTURE(name);
    CHECK(value_of(*reward, source, double_row()) == 0);
  }
  CHECK(value_of(*reward, "def double(x): return 2 * x", double_row()) == 1);
}

TEST_CASE("forgery: what a program keeps for itself does not reach its next test or another program") {
  const auto reward = sandboxed();
  if (!reward) return;
  // Replaces everything that a later test would use, wherever it can be reached.
  const std::string poison = R"(
import builtins, sys, marshal, json, os, io
def patch():
    for module in list(sys.modules.values()):
        for name in ('loads', 'exec', 'print', 'open'):
            try: setattr(module, name, lambda *a, **k: None)
            except Exception: pass
a, b = map(int, input().split())
print(a + b, flush=True)
patch()
os.environ['PYTHONPATH'] = '.'
)";
  for (int round = 0; round < 3; ++round) {
    score_program(*reward, poison, sum_row());
    CHECK(value_of(*reward, kHonest, sum_row()) == 1);
    CHECK(value_of(*reward, "print(3)", sum_row()) == 0);
  }
}

const std::vector<std::pair<std::string, std::string>> kOutputForgeries = {
    {"prints nothing", "pass"},
    {"prints the first line of two right", "print(3)"},
    {"prints every answer it can think of", "for i in range(1000): print(i)"},
    {"prints the right answer and one more line", kHonest + "\nprint(0)"},
    {"prints the right answer and crashes", kHonest + "\nraise ValueError"},
    {"prints the right answer and leaves with a status", kHonest + "\nimport sys\nsys.exit(3)"},
    {"prints the right answer and dies", kHonest + "\nimport os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"},
    {"adds output at its end", "import atexit\n" + kHonest + "\natexit.register(print, 'late')"},
    {"adds output from a thread",
     "import threading\n" + kHonest + "\nthreading.Thread(target=print, args=('late',)).start()"},
    {"prints a NUL before the answer", "print('\\0', end='')\n" + kHonest},
    {"prints a NUL and text after the answer",
     kHonest.substr(0, kHonest.rfind("print")) + "print(a + b, end='\\0garbage')"},
    {"prints to standard error", "import sys\na, b = map(int, input().split())\nprint(a + b, file=sys.stderr)"},
    {"prints a terminal's erase sequence", "print('5\\x1b[2K\\r', end='')\n" + kHonest},
    {"writes a verdict", "print('{\"status\": 0, \"is_clean\": true}')"},
    {"takes back what it printed wrongly and lies about its length",
     kHonest + "\nimport os, sys\nsys.stdout.flush()\nos.ftruncate(1, 0)"},
};

TEST_CASE("forgery: only the whole right output of a program that ends well passes") {
  const auto reward = sandboxed();
  if (!reward) return;
  for (const auto& [name, source] : kOutputForgeries) {
    CAPTURE(name);
    CHECK(value_of(*reward, source, sum_row()) == 0);
  }
}

TEST_CASE("forgery: ending at once after the right output is no forgery") {
  const auto reward = sandboxed();
  if (!reward) return;
  for (const char* end : {"", "import sys\nsys.exit()", "import sys\nsys.exit(0)", "exit()", "quit()",
                          "import os, sys\nsys.stdout.flush()\nos._exit(0)", "raise SystemExit"}) {
    CAPTURE(end);
    CHECK(value_of(*reward, kHonest + "\n" + end, sum_row()) == 1);
  }
}

TEST_CASE("forgery: the expected output is nowhere in the sandbox") {
  const auto reward = sandboxed();
  if (!reward) return;
  // Looks for the secret in all memory, names, descriptors, files and variables that it can reach, and prints it when found.
  const std::string search = R"(
import gc, os, sys
half, other = 'X7Qm', 'k2Zp'
def found(text):
    at = text.find(half + other)
    if at >= 0:
        print(text[at:at + 12]); sys.exit()
for number in range(0, 64):
    try: found(os.pread(number, 1 << 20, 0).decode('latin-1'))
    except OSError: pass
frame = sys._getframe()
while frame:
    found(repr(frame.f_locals)); found(repr(frame.f_globals)); frame = frame.f_back
for thing in gc.get_objects():
    try: found(repr(thing)[:4096])
    except Exception: pass
for thing in os.environ.values(): found(thing)
for folder, _, names in os.walk('/'):
    if folder.startswith('/usr'): continue
    for name in names:
        try: found(open(os.path.join(folder, name), errors='replace').read(1 << 16))
        except OSError: pass
)";
  const std::string secret = cat("X7Qm", "k2Zp", "9911");
  CHECK(value_of(*reward, search, stdio_row({{"", secret}})) == 0);
  // The search itself works: with the secret as input it is found.
  CHECK(value_of(*reward, search, stdio_row({{secret, secret}})) == 1);
}

}  // namespace
}  // namespace lockstep::rewards::code
