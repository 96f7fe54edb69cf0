// SPDX-License-Identifier: Apache-2.0
// The meaning of the router: one search per expert that is chosen.
#pragma once

#include "kernels/cpu/router.h"

namespace lockstep::kernels::cpu {

void route_ref(const RouterRules& rules, const RouterRows& a);
void route_grad_ref(const RouterRules& rules, const RouterGrad& a);

}  // namespace lockstep::kernels::cpu
