#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that check.py accepts a good tree and that each of its rules fails on a tree that breaks it."""
import tempfile
import unittest
from pathlib import Path

import check

HEAD = "// SPDX-License-Identifier: Apache-2.0\n// A sentence that says what this file is for.\n"
SCRIPT_HEAD = HEAD.replace("//", "#")
GOOD = {
    "base/error.h": HEAD + "#pragma once\n\n#include <string>\n",
    "base/error.cpp": HEAD + '#include "base/error.h"\n\nint f() {\n  return 1;\n}\n',
    "base/CMakeLists.txt": "lockstep_library(NAME base SOURCES error.cpp)\n",
    "base/README.md": "# base\n",
    "kernels/tensor.h": HEAD + "#pragma once\n\n#include <ATen/core/Tensor.h>\n\n#include \"base/error.h\"\n",
    "kernels/matmul_cpu_avx2.cpp": HEAD + "#ifdef __AVX2__\n#endif\n",
    "rewards/math.h": HEAD + "#pragma once\n\n#include <re2/re2.h>\n",
    "cli/main.cpp": HEAD + "int main(int argc, char** argv) {\n}\n",
    "tests/base/error_test.cpp": HEAD + '#include <doctest/doctest.h>\n\n#include "base/error.h"\n',
    "scripts/setup.sh": "#!/bin/sh\n" + SCRIPT_HEAD,
    "README.md": "# Name\n## A part\n[design](DESIGN.md), [part](#a-part), [site](https://example.org)\n",
    "DESIGN.md": "# Design\n## 1. One engine\nBecause.\n## 2. One forward\nBecause.\n",
}


def violations(changes):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (GOOD | changes).items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check.violations(folder)


class EveryRuleFails(unittest.TestCase):
    def expect(self, changes, *parts):
        found = violations(changes)
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_a_good_tree_has_no_violation(self):
        self.assertEqual(violations({}), [])

    def test_base_includes_no_other_folder(self):
        self.expect({"base/text.h": HEAD + '#pragma once\n#include "kernels/tensor.h"\n'},
                    "base/text.h:4:", "base/ must not include kernels/")

    def test_a_test_includes_only_what_its_folder_may(self):
        self.expect({"tests/rewards/a_test.cpp": HEAD + '#include "kernels/tensor.h"\n'},
                    "tests/rewards/a_test.cpp:3:", "must not include kernels/")

    def test_an_include_names_a_file_from_the_root(self):
        self.expect({"base/text.h": HEAD + '#pragma once\n#include "error.h"\n'}, '"error.h" is no file')

    def test_rewards_see_no_torch(self):
        for header in ("torch/types.h", "ATen/ops/add.h", "c10/core/Device.h"):
            self.expect({"rewards/a.cpp": HEAD + f"#include <{header}>\n"}, "rewards/ must not see LibTorch")

    def test_tests_of_rewards_see_no_torch(self):
        self.expect({"tests/rewards/a_test.cpp": HEAD + "#include <ATen/ops/add.h>\n"}, "must not see LibTorch")

    def test_doctest_stays_in_tests(self):
        self.expect({"rl/a.cpp": HEAD + "#include <doctest/doctest.h>\n"}, "must not see doctest", "only tests may")

    def test_the_whole_of_torch_is_too_much(self):
        self.expect({"rl/a.cpp": HEAD + "#include <torch/torch.h>\n"}, "rl/a.cpp:3:", "costs")
        self.expect({"rl/a.h": HEAD + "#pragma once\n#include <ATen/ATen.h>\n"}, "rl/a.h:4:", "costs")

    def test_conditionals_stay_in_back_end_files(self):
        for line in ("#ifdef X", "#if defined(X)", "#ifndef X", "  # if 1"):
            self.expect({"rl/a.cpp": HEAD + line + "\n"}, "rl/a.cpp:3:", "preprocessor conditional")

    def test_the_licence_line_comes_first(self):
        self.expect({"rl/a.cpp": "// What this file is for, in one sentence.\n"}, "rl/a.cpp:1:", "licence line")
        self.expect({"scripts/setup.sh": "#!/bin/sh\necho\n"}, "scripts/setup.sh:2:", "licence line")

    def test_the_purpose_comes_second(self):
        licence = HEAD.splitlines()[0]
        self.expect({"rl/a.cpp": licence + "\nint a;\n"}, "rl/a.cpp:2:", "no sentence")
        self.expect({"rl/a.cpp": licence + "\n// Too short.\n"}, "no sentence")
        self.expect({"scripts/a.py": "# SPDX-License-Identifier: Apache-2.0\nimport os\n"}, "scripts/a.py:2:", "no sentence")

    def test_files_have_ceilings(self):
        self.expect({"rl/a.cpp": HEAD + "\n" * 400}, "rl/a.cpp:401:", "402 lines, ceiling 400")
        self.expect({"rl/a.h": HEAD + "#pragma once\n" + "\n" * 200}, "203 lines, ceiling 200")
        self.expect({"base/README.md": "# base\n" * 41}, "41 lines, ceiling 40")
        self.expect({"README.md": "# Name\n" * 251}, "251 lines, ceiling 250")

    def test_functions_have_ceilings(self):
        body = "int f(int a,\n      int b) {\n" + "  a += b;\n" * 50 + "}\n"
        self.expect({"rl/a.cpp": HEAD + "namespace x {\n" + body + "}  // namespace x\n"},
                    "rl/a.cpp:4:", "a function of 53 lines, ceiling 40")
        self.assertEqual(violations({"kernels/a.cpp": HEAD + body}), [])

    def test_machine_paths_are_found(self):
        for path in ("/wo" "rk/x", "/ro" "ot/.deps", "/ho" "me/me/a", "/tm" "p/oracle"):
            self.expect({"rl/a.cpp": HEAD + f'const char* kPath = "{path}";\n'}, "rl/a.cpp:3:", "path of one machine")
        self.assertEqual(violations({"rl/a.cpp": HEAD + "// see docs/work/x and ./tmp/y\n"}), [])

    def test_unfinished_work_names_its_issue(self):
        self.expect({"rl/a.cpp": HEAD + "// TO" "DO: later\n"}, "rl/a.cpp:3:", "unfinished")
        self.assertEqual(violations({"rl/a.cpp": HEAD + "// TO" "DO(#12): later\n"}), [])

    def test_headers_are_guarded(self):
        self.expect({"rl/a.h": HEAD}, "rl/a.h:1:", "no #pragma once")

    def test_names_are_not_imported_wholesale(self):
        self.expect({"rl/a.cpp": HEAD + "using namespace std;\n"}, "rl/a.cpp:3:", "using namespace")

    def test_there_is_one_main(self):
        self.expect({"rl/a.cpp": HEAD + "int main() {\n}\n"}, "rl/a.cpp:3:", "a second main")

    def test_sources_are_listed(self):
        self.expect({"base/text.cpp": HEAD}, "base/text.cpp:1:", "base/CMakeLists.txt does not name it")

    def test_links_lead_somewhere(self):
        self.expect({"README.md": "# A\n[x](docs/none.md)\n"}, "README.md:2:", "broken link: docs/none.md")
        self.expect({"README.md": "# A\n[x](DESIGN.md#none)\n"}, "README.md:2:", "no heading for #none")
        self.assertEqual(violations({"README.md": "# A\n```\n[x](docs/none.md)\n```\n"}), [])

    def test_decisions_are_short_and_numbered(self):
        self.expect({"DESIGN.md": "## 1. A\n" + "line\n" * 9}, "DESIGN.md:1:", "more than 8 lines")
        self.expect({"DESIGN.md": "## 1. A\nx\n## 3. B\nx\n"}, "DESIGN.md:3:", "decision 3 where 2 is due")


if __name__ == "__main__":
    unittest.main()
