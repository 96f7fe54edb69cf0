// SPDX-License-Identifier: Apache-2.0
// The meaning of attention in plain loops, one query and head after the other: the oracle of the kernels' bits.
#pragma once

#include "kernels/cpu/attention.h"

namespace lockstep::kernels::cpu {

// As attention() and attention_backward(), for all panels and key heads.
void attention_ref(const AttentionForward& io, std::span<const AttentionSpan> spans);
void attention_backward_ref(const AttentionBackward& io, std::span<const AttentionSpan> spans);

}  // namespace lockstep::kernels::cpu
