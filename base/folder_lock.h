// SPDX-License-Identifier: Apache-2.0
// One process at a time in a folder.
#pragma once

#include <string>

#include "base/file_handle.h"

namespace lockstep::base {

// Makes the folder and locks the file "lock" in it as long as the returned handle lives; the system lets go of it when the process dies.
// Error when another process holds it. Where the file system has no locks there is a warning and no protection.
FileHandle lock_folder(const std::string& folder);

}  // namespace lockstep::base
