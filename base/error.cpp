// SPDX-License-Identifier: Apache-2.0
// Error's text and the check that guards internal rules.
#include "base/error.h"

#include "base/text.h"

namespace lockstep::base {

Error::Error(std::string what_happened, std::string where, std::string fix)
    : what_(std::move(what_happened)), where_(std::move(where)), fix_(std::move(fix)) {
  text_ = cat(what_, "\n  where: ", where_, "\n  fix:   ", fix_);
}

void check_failed(std::string_view condition, std::string_view detail, const std::source_location& location) {
  throw Error(cat("internal check failed: ", condition, detail.empty() ? "" : ": ", detail),
              cat(location.file_name(), ":", location.line()),
              "this is a fault in Lockstep: please report it with the command and the config");
}

}  // namespace lockstep::base
