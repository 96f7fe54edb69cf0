// SPDX-License-Identifier: Apache-2.0
// Batches of rows: taken apart, asked about where a model is asked, put together.
#include "rewards/data/rewrite.h"

#include "base/error.h"
#include "base/text.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;

constexpr size_t kBatch = 256;

TextGenerator make_generator(const RewriteConfig& config, const TextModel& model) {
  if (config.method == "rules") return {};
  if (config.method == "endpoint") return endpoint_generator(config.endpoint, "/endpoint");
  if (model) return generator_of(model);
  throw Error("the method \"model\" without a model", "/method", "run a server beside this and use \"endpoint\", or pass a model to rewrite()");
}

class Rewriter {
 public:
  Rewriter(const std::string& output, const RewriteConfig& config, const TextModel& model)
      : config_(config), rules_(config, ""), generator_(make_generator(config, model)), writer_(output) {}

  void add(rows::FileRow& row) {
    ++report_.rows_in;
    Pending pending{.example = rows::read_example(std::move(row.json), row.where), .parts = {}, .where = std::move(row.where)};
    if (!pending.example.completion || pending.example.shape == rows::Shape::text) {
      throw Error("the row has no completion to rewrite", pending.where, "give rows that `lockstep generate --json` or a run wrote, or SFT rows");
    }
    auto [parts, problem] = rules_.take_apart(pending.example);
    if (problem != nullptr) return report_.drops.add(problem, pending.where);
    pending.parts = std::move(parts);
    batch_.push_back(std::move(pending));
    if (batch_.size() == kBatch) flush();
  }

  void flush() {
    if (generator_ && !batch_.empty()) ask();
    for (Pending& pending : batch_) write(pending);
    batch_.clear();
  }

  RewriteReport finish() {
    writer_.finish();
    report_.rows_out = writer_.num_rows();
    return std::move(report_);
  }

  bool is_empty() const { return report_.rows_in == 0; }

 private:
  struct Pending {
    rows::Example example;
    RewriteParts parts;
    std::string where;
  };

  // Leaves those in the batch that got a usable text.
  void ask() {
    std::vector<std::string> prompts;
    for (const Pending& pending : batch_) prompts.push_back(rules_.request(pending.parts));
    report_.num_asked += prompts.size();
    const std::vector<GeneratedText> texts = generator_(prompts);
    std::vector<Pending> answered;
    for (size_t i = 0; i < batch_.size(); ++i) {
      const GeneratedText& text = texts[i];
      if (!text.text && config_.on_failure == "fail") {
        throw Error(cat("no text for this row: ", text.problem), batch_[i].where, "look at the model's server, or use on_failure = \"drop\"");
      }
      if (!text.text) {
        report_.drops.add(drop::kNoText, batch_[i].where, text.problem);
      } else if (const char* problem = rules_.put_in(batch_[i].parts, *text.text)) {
        report_.drops.add(problem, batch_[i].where);
      } else {
        answered.push_back(std::move(batch_[i]));
      }
    }
    batch_ = std::move(answered);
  }

  void write(Pending& pending) {
    auto [completion, problem] = rules_.put_together(pending.parts);
    if (problem != nullptr) return report_.drops.add(problem, pending.where);
    pending.example.completion = std::move(completion);
    for (const std::string& column : config_.drop_columns) pending.example.columns.erase(column);
    const bool is_question = pending.example.shape == rows::Shape::question;  // a shape that is read, not written
    writer_.write(rows::write_example(pending.example, is_question ? rows::Shape::trl : pending.example.shape, pending.where));
  }

  const RewriteConfig& config_;
  RewriteRules rules_;
  TextGenerator generator_;
  rows::RowWriter writer_;
  std::vector<Pending> batch_;
  RewriteReport report_;
};

}  // namespace

RewriteReport rewrite(const std::vector<std::string>& inputs, const std::string& output, const RewriteConfig& config, const TextModel& model) {
  Rewriter rewriter(output, config, model);
  for (const std::string& path : inputs) {
    rows::for_each_row(path, [&](rows::FileRow& row) { rewriter.add(row); });
  }
  rewriter.flush();
  if (rewriter.is_empty()) throw Error("there are no rows", base::join(inputs, ", "), "give files with rows");
  return rewriter.finish();
}

Json RewriteReport::json() const {
  return {{"rows_in", rows_in}, {"rows_out", rows_out}, {"asked", num_asked}, {"dropped", drops.json()}};
}

std::string RewriteReport::text() const {
  const std::string asked = num_asked == 0 ? "" : cat("; a model was asked about ", num_asked);
  return cat(rows_in, " rows in, ", rows_out, " out", asked, "\n", drops.text());
}

}  // namespace lockstep::rewards::data
