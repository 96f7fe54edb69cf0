// SPDX-License-Identifier: Apache-2.0
// A kind from a config struct and a function.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/config.h"
#include "rl/pipeline/kind.h"

namespace lockstep::rl::pipeline {

// `check` looks at rules across fields, after the strict loading; `run` gets the loaded config.
template <base::Config C>
Kind kind_of(std::string name, std::string meaning, std::vector<std::string> outputs, std::function<WorkEnd(const C&, const std::string& folder)> run,
             std::function<void(const C&, const std::string& path)> check = {}) {
  const auto load = [](const base::Json& json, const std::string& path) {
    auto config = C();
    base::load(json, config, path);
    return config;
  };
  return {std::move(name), std::move(meaning), std::move(outputs), [] { return base::reference<C>(); },
          [load, check](const base::Json& json, const std::string& path) {
            const C config = load(json, path);
            if (check) check(config, path);
          },
          [load, run](const base::Json& json, const std::string& folder) { return run(load(json, ""), folder); }};
}

}  // namespace lockstep::rl::pipeline
