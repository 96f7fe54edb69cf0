// SPDX-License-Identifier: Apache-2.0
// Which of a completion's blocks is its program.
#include "rewards/code/extract_code.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace lockstep::rewards::code {
namespace {

const std::vector<std::string> kTags = {"python", "py"};

std::string program(std::string_view text) { return std::string(find_program(text, kTags).value_or("none")); }

TEST_CASE("extract_code: the last block of the language counts, and any other block does not") {
  CHECK(program("```python\na\n```") == "a\n");
  CHECK(program("```python\na\n```\n```py\nb\n```\n") == "b\n");
  CHECK(program("```python\na\n```\nIt prints\n```\n3\n```\n") == "a\n");
  CHECK(program("```python\na\n```\n```text\n3\n```\n") == "a\n");
  CHECK(program("```\na\n```\n```\nb\n```") == "b\n");
  CHECK(program("```cpp\na\n```") == "none");
  CHECK(program("```text\na\n```") == "none");
  CHECK(program("```Python3 title=\"x\"\na\n```") == "none");
  CHECK(program("```Python title=\"x\"\na\n```") == "a\n");
  CHECK(program("```{.python .numberLines}\na\n```") == "a\n");
  CHECK(program("no code") == "none");
  CHECK(program("") == "none");
}

TEST_CASE("extract_code: a block that is not closed is none, and what is open stays open until its own fence") {
  CHECK(program("```python\na\n") == "none");
  CHECK(program("```python\na\n```\n```python\nb") == "a\n");
  CHECK(program("````python\na\n```\nb\n````") == "a\n```\nb\n");
  CHECK(program("```python\nx = '''\n```python\n'''\n```") == "x = '''\n```python\n'''\n");
  CHECK(program("```python\n    ```\na\n```") == "    ```\na\n");
  CHECK(program("```python\na ```\n```") == "a ```\n");
  CHECK(program("   ```python\na\n   ```") == "a\n");
  CHECK(program("text ```python\na\n```\n") == "none");
  CHECK(program("```python\r\na\r\n```\r\n") == "a\r\n");
  CHECK(program("```python\n```") == "");
  CHECK(program("``python\na\n``") == "none");
  CHECK(program("```py`thon\na\n```") == "none");
}

TEST_CASE("extract_code: a text in front never changes the program, and a later block of the language replaces it") {
  const std::string block = "```python\nprint(1)\n```\n";
  for (const char* before :
       {"", "Some words\n", "```text\nx\n```\n", "```python\nold\n```\n", "`code`\n", "~~~\n", "    ```\n"}) {
    CAPTURE(before);
    CHECK(program(before + block) == "print(1)\n");
    CHECK(program(before + block + "```python\nnew\n```") == "new\n");
  }
}

TEST_CASE("extract_code: megabytes of fences are scanned in linear time") {
  std::string fences, ticks(1 << 20, '`');
  while (fences.size() < 1 << 20) fences += "```python\n";
  CHECK(program(fences) == "none");
  CHECK(program(ticks) == "none");
  CHECK(program(std::string(1 << 20, ' ')) == "none");
  CHECK(find_fenced_blocks(fences + "```\n").size() == 1);
}

}  // namespace
}  // namespace lockstep::rewards::code
