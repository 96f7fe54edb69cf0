// SPDX-License-Identifier: Apache-2.0
// Values of parameters: initialisation, loading from and exporting to Hugging Face names.
#include "model/parameters.h"

#include <ATen/ops/empty.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

std::string shape_text(at::IntArrayRef shape) {
  std::vector<std::string> sizes;
  for (int64_t s : shape) sizes.push_back(std::to_string(s));
  return cat("[", base::join(sizes, ", "), "]");
}

void fill_normal(Tensor& value, double deviation, base::Random random) {
  auto host = at::empty(value.sizes(), at::kFloat);
  float* data = host.mutable_data_ptr<float>();
  for (int64_t i = 0; i < host.numel(); ++i) data[i] = static_cast<float>(deviation * random.normal());
  value.copy_(host);
}

bool is_mtp(const std::string& name, const std::string& mtp_prefix) { return name.starts_with(mtp_prefix); }

// The prefix of the MTP module's tensors, or something that no name begins with.
std::string mtp_prefix(const std::vector<Parameter>& parameters) {
  for (const auto& p : parameters)
    if (p.name.ends_with(".enorm.weight")) return p.name.substr(0, p.name.size() - std::string("enorm.weight").size());
  return "\n";
}

void load_piece(const Piece& piece, Tensor& value, const TensorSource& source) {
  auto target = piece.view(value);
  const auto shape = source.shape(piece.hf_name);
  if (target.sizes() != at::IntArrayRef(shape))
    throw Error(cat("weights: shape mismatch: file ", shape_text(shape), ", model ", shape_text(target.sizes())), piece.hf_name,
                "use the config.json that belongs to these weights");
  target.copy_(source.tensor(piece.hf_name));
}

}  // namespace

Tensor Piece::view(const Tensor& parameter) const {
  return (expert < 0 ? parameter : parameter.select(0, expert)).narrow(0, row_begin, rows);
}

int64_t count_parameters(const std::vector<Parameter>& parameters) {
  int64_t total = 0;
  for (const auto& p : parameters) {
    int64_t count = 1;
    for (int64_t s : p.shape) count *= s;
    total += count;
  }
  return total;
}

void init_parameters(std::vector<Parameter>& parameters, const ModelConfig& config, const InitOptions& options, uint64_t seed) {
  for (auto& p : parameters) {
    switch (p.init) {
      case Init::ones: p.value.fill_(1.0); break;
      case Init::zeros: p.value.zero_(); break;
      case Init::embedding:
      case Init::normal: {
        const double fan_in = static_cast<double>(p.shape.back());
        const bool by_fan_in = options.gain > 0 && p.init == Init::normal;
        const double deviation = by_fan_in ? options.gain / std::sqrt(fan_in) : config.initializer_range;
        fill_normal(p.value, deviation, base::Random(seed, cat("init/", p.name)));
      }
    }
  }
}

LoadReport load_parameters(std::vector<Parameter>& parameters, const TensorSource& source) {
  LoadReport report;
  const std::string mtp = mtp_prefix(parameters);
  std::set<std::string> used;
  for (auto& p : parameters) {
    for (const auto& piece : p.pieces) {
      if (!source.has(piece.hf_name)) {
        if (!is_mtp(p.name, mtp))
          throw Error(cat("weights: tensor is missing, expected shape ", shape_text(piece.view(p.value).sizes())), piece.hf_name,
                      "use a complete checkpoint of this model");
        report.mtp_loaded = false;
        continue;
      }
      load_piece(piece, p.value, source);
      used.insert(piece.hf_name);
    }
  }
  for (const auto& name : source.names())
    if (!used.contains(name)) report.unused.push_back(name);
  return report;
}

std::vector<NamedTensor> export_parameters(const std::vector<Parameter>& parameters) {
  std::vector<NamedTensor> out;
  for (const auto& p : parameters)
    for (const auto& piece : p.pieces)
      out.push_back({piece.hf_name, piece.view(p.value.detach()).to(at::kCPU).contiguous()});
  return out;
}

}  // namespace lockstep::model
