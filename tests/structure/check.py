#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the rules of the tree that no compiler sees: folder edges, headers, sizes, words, links.

    tests/structure/check.py [ROOT]

Prints `path:line: what is wrong (what to do)` for each violation and exits 1 when there is one. CONTRIBUTING.md states
the rules in prose; self_test.py proves that each of them fails on a tree that breaks it.
"""
import os
import re
import sys
from pathlib import Path

FOLDERS = {  # folder -> folders that it may include from, besides itself
    "base": set(),
    "kernels": {"base"},
    "model": {"base", "kernels"},
    "rollout": {"base", "kernels", "model"},
    "rewards": {"base"},
    "rl": {"base", "kernels", "model", "rollout", "rewards"},
    "cli": {"base", "kernels", "model", "rollout", "rewards", "rl"},
}
EVERYTHING = set(FOLDERS)
TORCH_USERS = {"kernels", "model", "rollout", "rl", "cli", "examples"}
LIBRARIES = [  # include prefix, its name, folders that may use it
    (re.compile(r"(torch|ATen|c10|caffe2)/"), "LibTorch", TORCH_USERS),
    (re.compile(r"re2/"), "RE2", {"rewards", "model", "cli"}),
    (re.compile(r"sentencepiece"), "SentencePiece", {"model", "cli"}),
    (re.compile(r"utf8proc"), "utf8proc", {"model", "rewards"}),
    (re.compile(r"(snappy|zlib|zstd)\.h"), "the codecs of Parquet", {"rewards"}),
    (re.compile(r"zmq\."), "ZeroMQ", {"rollout"}),
    (re.compile(r"doctest"), "doctest", set()),
]
HEAVY = {"torch/torch.h", "torch/all.h", "torch/extension.h"}
HEAVY_IN_HEADERS = HEAVY | {"ATen/ATen.h", "torch/types.h"}
MAX_LINES = {".cpp": 400, ".h": 200, ".cu": 350, ".cuh": 350}
MAX_FUNCTION_LINES = {"kernels": 100}
DEFAULT_FUNCTION_LINES = 40
LONG_FILES: dict[str, int] = {}  # exceptions: path -> ceiling; empty on purpose
MAX_MARKDOWN_LINES = 250
MAX_FOLDER_README_LINES = 40
MAX_DECISION_LINES = 8

CODE = {".cpp", ".h", ".cu", ".cuh"}
SCRIPTS = {".py", ".sh"}
TEXT = CODE | SCRIPTS | {".md", ".cmake", ".txt", ".json"}
SKIPPED_FOLDERS = {".git", ".deps", "build", "runs", ".cache", "__pycache__", "fixtures"}
# lanes.h is where code that is compiled once per instruction set meets the set's own back end.
BACK_END = re.compile(r"(_(cpu|cuda|avx|sse|scalar)\w*|no_cuda)\.(cpp|cu|cuh|h)$|^lanes\.h$")

SPDX = "SPDX-License-Identifier: Apache-2.0"
INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')
CONDITIONAL = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif)\b")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root|home|Users|tmp)(?![\w-])")
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b(?!\s*\(#\d+\))")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


class Tree:
    """The files of one tree and the violations found in it."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.violations = []
        self.files = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
            self.files += [Path(folder, n).relative_to(self.root) for n in sorted(names) if Path(n).suffix in TEXT]
        self.lines = {path: self.read(path) for path in self.files}

    def read(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace").splitlines()

    def code(self, suffixes=frozenset(CODE)):
        return [path for path in self.files if path.suffix in suffixes]

    def add(self, path, line, what, fix):
        self.violations.append(f"{path}:{line}: {what} ({fix})")


def allowed_edges(path):
    """Folders whose headers `path` may include, or None when anything goes."""
    top = path.parts[0]
    if top == "tests" and len(path.parts) > 2 and path.parts[1] in FOLDERS:
        return FOLDERS[path.parts[1]] | {path.parts[1], "tests"}
    if top in FOLDERS:
        return FOLDERS[top] | {top}
    return None


def may_use_library(path, name, users):
    top = path.parts[0]
    if top == "tests":
        tested = path.parts[1] if len(path.parts) > 2 else ""
        return name == "doctest" or tested not in FOLDERS or tested in users
    return top in users


def check_includes(tree):
    for path in tree.code():
        for number, line in enumerate(tree.lines[path], 1):
            if match := INCLUDE.match(line):
                check_include(tree, path, number, match[1], match[2])


def check_include(tree, path, number, quote, name):
    target = Path(name)
    edges = allowed_edges(path)
    if quote == '"' and not (tree.root / name).is_file():
        tree.add(path, number, f'"{name}" is no file from the root of the tree', 'write "folder/file.h", or <...> for a library')
    elif quote == '"' and edges is not None and target.parts[0] not in edges:
        tree.add(path, number, f"{path.parts[0]}/ must not include {target.parts[0]}/: {name}",
                 f"allowed: {', '.join(sorted(edges))}")
    if name in (HEAVY_IN_HEADERS if path.suffix == ".h" else HEAVY):
        tree.add(path, number, f"<{name}> costs 10 to 40 s a file", "include kernels/tensor.h and <ATen/ops/...>")
    for prefix, library, users in LIBRARIES:
        if quote == "<" and prefix.match(name) and not may_use_library(path, library, users):
            tree.add(path, number, f"{path.parts[0]}/ must not see {library}: {name}",
                     f"only {', '.join(sorted(users)) or 'tests'} may")


def check_conditionals(tree):
    for path in tree.code():
        if BACK_END.search(path.name):
            continue
        for number, line in enumerate(tree.lines[path], 1):
            if CONDITIONAL.match(line):
                tree.add(path, number, f"preprocessor conditional: {line.strip()}",
                         "put each case into a back-end file of its own (_cpu*.cpp, _cuda.cu) and choose at link or run time")


def check_opening(tree):
    """First the licence, then one sentence that says what the file is for."""
    for path in tree.code(CODE | SCRIPTS):
        lines = list(tree.lines[path])
        comment = "//" if path.suffix in CODE else "#"
        start = 1 if path.suffix in SCRIPTS and lines and lines[0].startswith("#!") else 0
        if len(lines) <= start or lines[start] != f"{comment} {SPDX}":
            tree.add(path, start + 1, "the licence line is missing", f"write {comment} {SPDX}")
            continue
        sentence = ""
        for line in lines[start + 1:start + 6]:
            text = line.removeprefix(comment).removeprefix('"""').strip()
            if not text or not (line.startswith((comment, '"""')) or sentence):
                break
            sentence += text + " "
        if not re.match(r".{20,}?[.:]", sentence):
            tree.add(path, start + 2, "no sentence says what this file is for", "write it below the licence line")


def check_lengths(tree):
    for path in tree.code():
        ceiling = LONG_FILES.get(path.as_posix(), MAX_LINES[path.suffix])
        if len(tree.lines[path]) > ceiling:
            tree.add(path, ceiling + 1, f"{len(tree.lines[path])} lines, ceiling {ceiling}", "split it by case")
    for path in tree.code({".md"}):
        is_folder_readme = path.name == "README.md" and path != Path("README.md")
        ceiling = MAX_FOLDER_README_LINES if is_folder_readme else MAX_MARKDOWN_LINES
        if path.name != "DESIGN.md" and len(tree.lines[path]) > ceiling:
            tree.add(path, ceiling + 1, f"{len(tree.lines[path])} lines, ceiling {ceiling}", "shorten it")


def check_functions(tree):
    """In our format a function outside a class starts at column 0 and ends at the next `}` there."""
    not_a_function = re.compile(r"(namespace|struct|class|union|enum|extern|using|template|#|//|\}|const |constexpr |static const)")
    for path in tree.code({".cpp", ".cu", ".cuh"}):
        ceiling = MAX_FUNCTION_LINES.get(path.parts[0], DEFAULT_FUNCTION_LINES)
        start = None
        for number, line in enumerate(tree.lines[path], 1):
            if line == "}" and start is not None:
                if path.parts[0] in FOLDERS and number - start + 1 > ceiling:
                    tree.add(path, start, f"a function of {number - start + 1} lines, ceiling {ceiling}", "split it by case")
                start = None
            elif line and not line[0].isspace() and not not_a_function.match(line):
                start = number


def check_words(tree):
    for path in tree.files:
        for number, line in enumerate(tree.lines[path], 1):
            if MACHINE_PATH.search(line):
                tree.add(path, number, f"path of one machine: {line.strip()[:100]}", "make it relative or a parameter")
            if UNFINISHED.search(line):
                tree.add(path, number, f"unfinished: {line.strip()[:100]}", "finish it, or name the issue: (#12) after the word")


def check_style(tree):
    for path in tree.code():
        lines = tree.lines[path]
        if path.suffix == ".h" and "#pragma once" not in lines:
            tree.add(path, 1, "no #pragma once", "add it above the includes")
        for number, line in enumerate(lines, 1):
            if re.match(r"\s*using namespace\b", line):
                tree.add(path, number, "using namespace", "name what is used")
            is_allowed = path.as_posix() == "cli/main.cpp" or path.parts[0] not in FOLDERS
            if re.match(r"int main\(", line) and not is_allowed:
                tree.add(path, number, "a second main", "cli/main.cpp holds the only one; make this a verb or an example")


def check_source_lists(tree):
    """A source that no CMakeLists.txt names is dead."""
    for path in tree.code({".cpp", ".cu"}):
        lists = next((folder / "CMakeLists.txt" for folder in path.parents if folder / "CMakeLists.txt" in tree.lines), None)
        if lists is None or len(path.parts) == 1 or path.parts[:2] == ("tests", "support"):
            continue
        name = path.relative_to(lists.parent).as_posix()
        if not any(re.search(rf"(?<![\w/]){re.escape(name)}\b", line) for line in tree.lines[lists]):
            tree.add(path, 1, f"{lists} does not name it", "list it there, or delete it")


def anchors(lines):
    """GitHub's anchor of each heading."""
    headings = (re.sub(r"[^\w\- ]", "", l.lstrip("#").strip().lower()) for l in lines if l.startswith("#"))
    return {heading.replace(" ", "-") for heading in headings}


def check_links(tree):
    for path in tree.code({".md"}):
        is_fenced = False
        for number, line in enumerate(tree.lines[path], 1):
            is_fenced ^= line.lstrip().startswith("```")
            for target in [] if is_fenced else LINK.findall(line):
                check_link(tree, path, number, target)


def check_link(tree, path, number, target):
    if re.match(r"[a-z]+:", target):
        return
    name, _, anchor = target.partition("#")
    file = (tree.root / path.parent / name).resolve() if name else tree.root / path
    if not file.exists():
        tree.add(path, number, f"broken link: {target}", "correct the path")
    elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8").splitlines()):
        tree.add(path, number, f"broken link: no heading for #{anchor}", "correct the anchor")


def check_decisions(tree):
    """DESIGN.md: numbered decisions of a few lines each, without gaps in the numbers."""
    path = Path("DESIGN.md")
    expected, start = 1, None
    lines = tree.lines.get(path, [])
    for number, line in enumerate(lines + ["## end"], 1):
        if not line.startswith("## "):
            continue
        if start is not None and sum(bool(l.strip()) for l in lines[start:number - 1]) > MAX_DECISION_LINES:
            tree.add(path, start, f"a decision of more than {MAX_DECISION_LINES} lines", "shorten it")
        match = re.match(r"## (\d+)\. ", line)
        start = number if match else None
        if match and int(match[1]) != expected:
            tree.add(path, number, f"decision {match[1]} where {expected} is due", "number the decisions in order")
        expected += bool(match)


RULES = [check_includes, check_conditionals, check_opening, check_lengths, check_functions,
         check_words, check_style, check_source_lists, check_links, check_decisions]


def violations(root):
    tree = Tree(root)
    for rule in RULES:
        rule(tree)
    return tree.violations


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found = violations(root)
    for violation in found:
        print(violation)
    print(f"structure: {len(RULES)} rules, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
