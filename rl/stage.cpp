// SPDX-License-Identifier: Apache-2.0
// Steps, checkpoints and metrics of one stage.
#include "rl/stage.h"

#include <c10/core/GradMode.h>

#include <filesystem>

#include "base/peak_rss.h"
#include "base/rng.h"
#include "base/signal.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

std::vector<model::NamedTensor> trainable(model::Transformer& transformer) {
  std::vector<model::NamedTensor> out;
  for (const auto& p : transformer.parameters())
    if (p.is_trainable) out.push_back({p.name, p.value});
  return out;
}

// Of what the optimizer updates; an adapter's is that of the weights it adapts.
std::vector<int> owners(const model::Transformer& transformer, const Learner& learner, const Lora* lora) {
  std::vector<int> out;
  if (lora) {
    for (const size_t parameter : lora->adapted()) out.push_back(learner.owners()[parameter]);
    return out;
  }
  for (size_t i = 0; i < transformer.parameters().size(); ++i)
    if (transformer.parameters()[i].is_trainable) out.push_back(learner.owners()[i]);
  return out;
}

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The numbers of a row, as TensorBoard's scalars.
std::vector<std::pair<std::string, double>> scalars(const base::Json& row) {
  std::vector<std::pair<std::string, double>> out;
  for (const auto& [name, value] : row.items())
    if (value.is_number() && name != "step") out.emplace_back(name, value.get<double>());
  return out;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Stage::Stage(Session& session, std::string name, int64_t num_steps, const LearnerConfig& learner, const SaveConfig& save)
    : session_(session),
      name_(std::move(name)),
      num_steps_(num_steps),
      save_(save),
      lora_(learner.lora.r > 0 ? std::make_unique<Lora>(session.policy.transformer, learner.lora, base::derive_key(session.config.seed, name_))
                               : nullptr),
      learner_(session.policy.transformer, learner.num_shards, session.pool,
               {learner.gradient_checkpointing, learner.share_micro_batches}, &session.world),
      optimizer_(lora_ ? lora_->parameters() : trainable(session.policy.transformer), learner.optimizer, session.pool, &session.world,
                 owners(session.policy.transformer, learner_, lora_.get())),
      started_(std::chrono::steady_clock::now()),
      step_started_(started_) {
  if (lora_) learner_.restrict_to([&](size_t parameter) { return lora_->trains(parameter); });
  if (session.world.is_first()) remove_stale(checkpoint_root());
  session.world.barrier("the checkpoints");
  const auto latest = find_latest(checkpoint_root());
  for (const auto& broken : latest.broken) base::log_warn(cat("checkpoint skipped: ", broken.path, ": ", broken.reason));
  if (latest.checkpoint) restore(*latest.checkpoint);
  if (session.world.is_first()) open_records();
}

void Stage::open_records() {
  metrics_.emplace(session_.folder.file("metrics.jsonl"));
  events_.emplace(session_.folder.file("tensorboard/" + name_), wall_time());
  progress_.emplace(name_, num_steps_);
  if (step_ > 0) events_->restart_after(step_, wall_time());
  metrics_->truncate_after([&](const base::Json& row) {
    return row.value("stage", std::string()) != name_ || row.value("step", int64_t{0}) <= step_;
  });
}

StepReport Stage::update(double learning_rate) {
  if (lora_) lora_->project_gradients();
  const auto report = optimizer_.step(learning_rate);
  if (lora_) lora_->merge();
  session_.engine.publish(session_.engine.weight_version() + 1);
  return report;
}

bool Stage::finish_step(const MetricsRow& row, const std::string& note) {
  ++step_;
  base::Json json = {{"stage", name_}, {"step", step_}};
  json.update(row.values());
  json["step_time"] = seconds_since(step_started_);
  json["perf/peak_rss_bytes"] = base::peak_rss_bytes();
  step_started_ = std::chrono::steady_clock::now();
  if (metrics_) {
    metrics_->write(json);
    events_->write_scalars(step_, scalars(json), wall_time());
    progress_->update(step_, note);
  }
  if (session_.world.any(base::stop_requested(), "whether to stop")) {
    stop();
    return false;
  }
  if (step_ % save_.save_steps == 0) save(/*is_done=*/false);
  return true;
}

void Stage::stop() {
  save(/*is_done=*/false);
  if (session_.world.is_first()) base::log_warn(cat(name_, " stopped by a signal after step ", step_, "; the same command resumes"));
}

void Stage::finish() {
  if (is_done_) return;
  // First what the stage leaves: a kill before the checkpoint says "done" repeats the last steps and writes it again.
  auto times = session_.folder.read_result("seconds.json").value_or(base::Json::object());
  times[name_] = seconds();
  session_.folder.write_result("seconds.json", times);
  if (lora_ && session_.world.is_first()) lora_->save_adapter(session_.folder.file("adapter_" + name_), session_.config.model.path);
  save(/*is_done=*/true);
  if (progress_) progress_->finish();
}

double Stage::seconds() const { return earlier_seconds_ + seconds_since(started_); }

void Stage::attach(const std::string& name, model::Transformer* transformer) {
  attached_name_ = name;
  attached_ = transformer;
  if (restored_from_.empty()) return;
  const c10::NoGradGuard no_grad;
  model::load_parameters(attached_->parameters(), *model::open_safetensors(cat(restored_from_, "/", name, ".safetensors")));
}

void Stage::save(bool is_done) {
  const auto optimizer_state = optimizer_.export_state();
  if (session_.world.is_first()) write_checkpoint(is_done, optimizer_state);
  session_.world.barrier("the checkpoint");
}

// A checkpoint is a model folder as well: any of them loads in transformers.
void Stage::write_checkpoint(bool is_done, const std::vector<model::NamedTensor>& optimizer_state) {
  metrics_->flush();
  events_->flush();
  const auto& m = session_.policy.transformer;
  CheckpointWriter writer(checkpoint_root(), step_);
  const std::string folder = std::filesystem::path(writer.path("model")).parent_path();
  model::save_model_folder(folder, m.config(), model::export_parameters(m.parameters()), session_.policy.tokenizer.get());
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    writer.add(entry.path().filename().string());
  writer.write_tensors("optimizer.safetensors", optimizer_state);
  if (lora_) writer.write_tensors("adapter.safetensors", lora_->parameters());
  if (attached_) writer.write_tensors(attached_name_ + ".safetensors", model::export_parameters(attached_->parameters()));
  writer.commit({{"step", step_},
                 {"is_done", is_done},
                 {"seconds", seconds()},
                 {"weight_version", session_.engine.weight_version()},
                 {"state", state_}});
  apply_retention(checkpoint_root(), {.keep_last = save_.keep_last});
}

void Stage::restore(const Checkpoint& checkpoint) {
  {
    const c10::NoGradGuard no_grad;
    model::load_parameters(session_.policy.transformer.parameters(), *model::open_safetensors_folder(checkpoint.path));
  }
  if (lora_) lora_->load(*model::open_safetensors(checkpoint.file("adapter.safetensors")));
  optimizer_.import_state(*model::open_safetensors(checkpoint.file("optimizer.safetensors")));
  const auto& saved = checkpoint.manifest.info;
  step_ = saved.at("step").get<int64_t>();
  is_done_ = saved.at("is_done").get<bool>() && step_ >= num_steps_;  // a raised cap goes on
  earlier_seconds_ = saved.at("seconds").get<double>();
  state_ = saved.at("state");
  session_.engine.publish(saved.at("weight_version").get<uint64_t>());
  restored_from_ = checkpoint.path;
  base::log_info(is_done_ ? cat(name_, ": finished already (", checkpoint.path, ")")
                          : cat(name_, ": resumes after step ", step_, " (", checkpoint.path, ")"));
}

}  // namespace lockstep::rl
