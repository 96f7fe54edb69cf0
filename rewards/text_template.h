// SPDX-License-Identifier: Apache-2.0
// A text with places for other texts: "Question: {prompt}\nAnswer: {completion}".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::rewards {

class TextTemplate {
 public:
  // `names` are what may stand in braces. Other braces are kept as they are, so that LaTeX and JSON need no escapes; only a word
  // in braces that is nearly one of the names is an Error at `where`, since it is a slip.
  TextTemplate(std::string_view text, const std::vector<std::string>& names, const std::string& where);

  bool uses(std::string_view name) const;
  // In one pass: what a value holds is never read as a template. Each name that is used must be in `values`.
  std::string fill(const std::map<std::string, std::string_view>& values) const;

 private:
  struct Part {
    std::string text;  // a name, or what stands between two
    bool is_name;
  };
  std::vector<Part> parts_;
};

}  // namespace lockstep::rewards
