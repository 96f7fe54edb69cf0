// SPDX-License-Identifier: Apache-2.0
// Reading conditions, and skipping what does not meet one.
#include "rewards/row_condition.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {
namespace {

using base::Json;

constexpr const char* kFix = "write {\"column\": [\"value\", ...]}, for example {\"task\": [\"chain_sum\"]}";

void check_value(const Json& value, const std::string& where) {
  if (value.is_string() || value.is_number() || value.is_boolean()) return;
  throw Error(cat("a row cannot be told by a value that is ", value.type_name()), where, kFix);
}

std::vector<Json> values_of(const Json& given, const std::string& where) {
  if (!given.is_array()) {
    check_value(given, where);
    return {given};
  }
  if (given.empty()) throw Error("an empty list of values, which no row meets", where, kFix);
  for (const Json& value : given) check_value(value, where);
  return given.get<std::vector<Json>>();
}

std::string shown(const Json& value) { return base::printable(value.is_string() ? value.get<std::string>() : value.dump()); }

class ConditionalReward final : public Reward {
 public:
  ConditionalReward(std::unique_ptr<Reward> inner, RowCondition condition)
      : inner_(std::move(inner)), condition_(std::move(condition)), skipped_{.status = Status::skip, .detail = cat("only where ", condition_.text())} {}

  const std::string& name() const override { return inner_->name(); }
  bool scores_each_alone() const override { return inner_->scores_each_alone(); }
  bool applies_to(const Json& row) const override { return condition_.is_met_by(row) && inner_->applies_to(row); }

  Score score(const Sample& sample) const override { return is_for(sample) ? inner_->score(sample) : skipped_; }

  std::vector<Score> score_batch(std::span<const Sample> samples) const override {
    std::vector<Score> scores(samples.size(), skipped_);
    std::vector<Sample> chosen;
    std::vector<size_t> places;
    for (size_t i = 0; i < samples.size(); ++i) {
      if (!is_for(samples[i])) continue;
      chosen.push_back(samples[i]);
      places.push_back(i);
    }
    if (chosen.empty()) return scores;
    std::vector<Score> found = inner_->score_batch(chosen);
    LOCKSTEP_CHECK(found.size() == chosen.size(), "one score per sample");
    for (size_t i = 0; i < places.size(); ++i) scores[places[i]] = std::move(found[i]);
    return scores;
  }

  std::optional<std::string> row_problem(const Json& row) const override {
    return condition_.is_met_by(row) ? inner_->row_problem(row) : std::nullopt;
  }

 private:
  bool is_for(const Sample& sample) const { return sample.columns != nullptr && condition_.is_met_by(*sample.columns); }

  std::unique_ptr<Reward> inner_;
  RowCondition condition_;
  Score skipped_;
};

}  // namespace

RowCondition::RowCondition(const Json& condition, const std::string& where) {
  if (!condition.is_object()) throw Error(cat("the condition on rows is ", condition.type_name(), ", not an object"), where, kFix);
  for (const auto& [column, values] : condition.items()) {
    if (column.empty()) throw Error("a condition on a column without a name", where, kFix);
    columns_[column] = values_of(values, cat(where, "/", column));
  }
}

bool RowCondition::is_met_by(const Json& row) const {
  if (!row.is_object()) return is_empty();
  return std::all_of(columns_.begin(), columns_.end(), [&](const auto& entry) {
    const auto found = row.find(entry.first);
    return found != row.end() && std::find(entry.second.begin(), entry.second.end(), *found) != entry.second.end();
  });
}

std::string RowCondition::text() const {
  std::vector<std::string> parts;
  for (const auto& [column, values] : columns_) {
    std::vector<std::string> names;
    for (const Json& value : values) names.push_back(shown(value));
    parts.push_back(cat(base::printable(column), " is ", base::join(names, " or ")));
  }
  return base::join(parts, " and ");
}

std::unique_ptr<Reward> make_conditional_reward(std::unique_ptr<Reward> inner, RowCondition condition) {
  return std::make_unique<ConditionalReward>(std::move(inner), std::move(condition));
}

}  // namespace lockstep::rewards
