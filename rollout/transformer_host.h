// SPDX-License-Identifier: Apache-2.0
// The model and engine that a worker makes of a trainer's Welcome.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "rollout/local_engine.h"
#include "rollout/remote/model_source.h"

namespace lockstep::rollout {

class TransformerHost final : public remote::ModelHost {
 public:
  // `pool` outlives the host. Error when the Welcome's model or engine is none of this build.
  TransformerHost(const remote::Welcome& welcome, base::ThreadPool& pool);
  std::vector<std::span<std::byte>> tensors() override;
  Engine& engine() override { return *engine_; }
  void set_stop(bool stop) override { stop_ = stop; }

 private:
  model::Transformer model_;
  std::vector<std::string> pieces_;
  std::atomic<bool> stop_{false};
  std::unique_ptr<LocalEngine> engine_;
};

}  // namespace lockstep::rollout
