// SPDX-License-Identifier: Apache-2.0
// A pipeline: named stages that work on each other's artefacts, from one JSON file.
//
//   { "output_dir": "runs/r1", "seed": 1,
//     "stages": {
//       "r1_zero": { "kind": "train",  "config": "configs/tiny_r1_zero.json" },
//       "traces":  { "kind": "sample", "config": { "model": { "path": "@r1_zero" }, ... } },
//       "rows":    { "kind": "filter", "config": { "inputs": ["@traces"], ... } } } }
//
// A text "@NAME" anywhere in a stage's config is the artefact of the earlier stage NAME, "@NAME/FILE" another file or folder that this
// stage leaves; the edges of the graph are these texts. "@@" begins a text that really begins with "@".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"

namespace lockstep::rl::pipeline {

// A stage as the file has it.
struct StageEntry {
  std::string kind;
  base::Json config = base::Json::object();
  base::Json set = base::Json::object();
  void visit(auto&& field) {
    field("kind", kind, "what the stage does; `lockstep config pipeline` lists the kinds");
    field("config", config, "the stage's config, or the path of a file that holds it");
    field("set", set, "fields over those of the config, nested as they are (JSON merge patch, RFC 7396)");
  }
};

struct PipelineFile {
  std::string output_dir = "runs/pipeline";
  uint64_t seed = 0;
  base::Json all = base::Json::object();
  base::Json stages = base::Json::object();
  void visit(auto&& field) {
    field("output_dir", output_dir, "each stage has a folder of its name in it; the same command again resumes");
    field("seed", seed, "seed of every stage whose `set` names none");
    field("all", all, "kind -> fields over those of the configs of all stages of this kind, under the stage's own `set`");
    field("stages", stages, "name -> {kind, config, set}, in the order in which they run");
  }
};

struct Stage {
  std::string name, kind;
  base::Json config;               // whole, references as written
  std::vector<std::string> needs;  // stages that it refers to, each once, in order of appearance
};

struct Pipeline {
  std::string output_dir;
  uint64_t seed = 0;
  std::vector<Stage> stages;  // each after those that it needs
  std::string folder(const std::string& stage) const { return output_dir + "/" + stage; }
};

// Does the file describe a pipeline (has it "stages") rather than one run?
bool is_pipeline(const std::string& file);

// Reads the file (comments allowed), applies --set assignments and puts each stage's config together. Error with the JSON path for a
// name that is no plain word, a reference to a stage that does not come before, and those of the files.
Pipeline load_pipeline(const std::string& file, const std::vector<std::string>& assignments);

}  // namespace lockstep::rl::pipeline
