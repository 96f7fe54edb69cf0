// SPDX-License-Identifier: Apache-2.0
// The tensor type as the whole project names it, through the thinnest LibTorch header.
#pragma once

#include <ATen/core/Tensor.h>

namespace lockstep {
using at::Tensor;
}
