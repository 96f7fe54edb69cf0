// SPDX-License-Identifier: Apache-2.0
// A run folder made by hand, as `lockstep train` leaves it.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {

class RunFolderOnDisk {
 public:
  explicit RunFolderOnDisk(const std::string& name = "run") : name_(name) { std::filesystem::create_directories(path("completions")); }

  std::string path(const std::string& file = "") const { return file.empty() ? folder_.path(name_) : folder_.path(name_ + "/" + file); }
  std::string outside(const std::string& file) const { return folder_.path(file); }
  void write(const std::string& file, const std::string& content) const { folder_.write(name_ + "/" + file, content); }
  void append(const std::string& file, const std::string& content) const {
    std::ofstream out(path(file), std::ios::binary | std::ios::app);
    out << content;
    LOCKSTEP_CHECK(out.flush().good(), "cannot append to " + file);
  }

 private:
  TempFolder folder_;
  std::string name_;
};

inline std::string metrics_line(const std::string& stage, int64_t step, const base::Json& values = base::Json::object()) {
  base::Json row = {{"stage", stage}, {"step", step}};
  row.update(values);
  return row.dump() + "\n";
}

// The text between `open` and the next `close` behind it.
inline std::string between(const std::string& text, const std::string& open, const std::string& close) {
  const size_t start = text.find(open);
  LOCKSTEP_CHECK(start != std::string::npos, "no " + open);
  const size_t end = text.find(close, start + open.size());
  LOCKSTEP_CHECK(end != std::string::npos, "no " + close);
  return text.substr(start + open.size(), end - start - open.size());
}

// The data of a page, read as a browser does: the element ends at the first "</script".
inline base::Json page_data(const std::string& page) {
  return base::parse_json(between(page, "<script type=\"application/json\" id=\"data\">", "</script"), "page");
}

}  // namespace lockstep::test
