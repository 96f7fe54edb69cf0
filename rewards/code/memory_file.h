// SPDX-License-Identifier: Apache-2.0
// Files in memory (memfd): what goes into a sandbox and what comes out. None has a name, so none can be left behind.
#pragma once

#include <string>
#include <string_view>

#include "base/file_handle.h"

namespace lockstep::rewards::code {

// An empty file that others may write, its descriptor fit for base::spawn. Error when the kernel gives none.
base::FileHandle empty_memory_file();

// Content that nobody can change any more, not even through a writable descriptor.
base::FileHandle sealed_memory_file(std::string_view content);

// Forbids any further change; false when someone still maps it writable.
bool seal(const base::FileHandle& file);

// At most `max_bytes` from its start.
std::string read_memory_file(const base::FileHandle& file, size_t max_bytes);

}  // namespace lockstep::rewards::code
