// SPDX-License-Identifier: Apache-2.0
// Kinds of stages that write words: the graph can be tested without any learning.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "rl/pipeline/kind_of.h"

namespace lockstep::test {

namespace pipeline = rl::pipeline;

struct WordStage {
  std::string word;
  std::vector<std::string> inputs;
  uint64_t seed = 0;
  void visit(auto&& field) {
    field("word", word, "a word");
    field("inputs", inputs, "files whose words come first");
    field("seed", seed, "written behind it");
  }
};

// What the stages did, in order; and how often the kind stops, throws or is done before it does anything.
struct Journal {
  std::vector<std::string> runs;
  int num_stops = 0, num_faults = 0, num_empty = 0;
};

// "word" leaves out/text: the words of its inputs, its own, its seed; and out/extra.
inline pipeline::Kinds word_kinds(const std::shared_ptr<Journal>& journal) {
  const auto run = [journal](const WordStage& stage, const std::string& folder) {
    journal->runs.push_back(stage.word);
    if (journal->num_faults > 0 && journal->num_faults-- > 0) throw Error("the work failed", folder, "again");
    if (journal->num_stops > 0 && journal->num_stops-- > 0) return pipeline::WorkEnd::stopped;
    if (journal->num_empty > 0 && journal->num_empty-- > 0) return pipeline::WorkEnd::done;
    std::string text;
    for (const auto& input : stage.inputs) text += base::read_file(input + "/text") + " ";
    base::make_folders(folder + "/out");
    base::write_file_atomic(folder + "/out/text", cat(text, stage.word, stage.seed));
    base::write_file_atomic(folder + "/out/extra", stage.word);
    return pipeline::WorkEnd::done;
  };
  return {pipeline::kind_of<WordStage>("word", "writes words", {"out"}, run, [](const WordStage& stage, const std::string& path) {
    if (stage.word.empty()) throw Error("no word", path + "/word", "give one");
  })};
}

}  // namespace lockstep::test
