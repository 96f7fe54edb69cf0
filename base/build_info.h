// SPDX-License-Identifier: Apache-2.0
// Which build this is: version, commit, compiler, libraries; fixed when it was built (cmake/BuildInfo.cmake writes it).
#pragma once

#include <string_view>

namespace lockstep::base {

struct BuildInfo {
  std::string_view version;     // "0.1.0"
  std::string_view commit;      // abbreviated, "-dirty" when files differ from it, "unknown" outside a repository
  std::string_view compiler;    // "GNU 12.2.0"
  std::string_view build_type;  // "Release"
  std::string_view sanitizers;  // "address,undefined"; empty without
  bool has_cuda = false;        // LibTorch's CUDA libraries are linked
  std::string_view libtorch, nlohmann_json, re2, sentencepiece, utf8proc;
};

const BuildInfo& build_info();

}  // namespace lockstep::base
