// SPDX-License-Identifier: Apache-2.0
// Config, evaluations, model and times of a run folder.
#include "cli/report/run_facts.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lockstep::cli::report {
namespace {

using base::Json;

constexpr size_t kMaxFileBytes = size_t{4} << 20;

// The file's JSON object; null when it is missing, unfinished or of another kind: a report shows what there is.
Json read_or_null(const std::string& path) {
  try {
    Json json = base::parse_json(base::read_file(path, kMaxFileBytes), path);
    return json.is_object() ? json : Json(nullptr);
  } catch (const Error&) {
    return nullptr;
  }
}

Json config_hash(Json config) {
  if (config.is_null()) return nullptr;
  for (const char* conduct : {"output_dir", "max_steps", "workers"}) config.erase(conduct);
  return base::sha256_hex(config.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// "2026-11-22T10:52:06Z" at the start of a line of the log.
Json time_stamp(std::string_view line) {
  constexpr std::string_view kPattern = "dddd-dd-ddTdd:dd:ddZ";
  if (line.size() < kPattern.size()) return nullptr;
  for (size_t i = 0; i < kPattern.size(); ++i) {
    const bool is_digit = line[i] >= '0' && line[i] <= '9';
    if (kPattern[i] == 'd' ? !is_digit : line[i] != kPattern[i]) return nullptr;
  }
  return std::string(line.substr(0, kPattern.size()));
}

Json first_time(const std::string& log) {
  std::ifstream file(log, std::ios::binary);
  std::string start(64, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  return time_stamp(std::string_view(start).substr(0, static_cast<size_t>(file.gcount())));
}

// Of the last line that has one, within the log's last 64 KiB.
Json last_time(const std::string& log) {
  std::ifstream file(log, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : 0;
  std::string end(static_cast<size_t>(std::min<std::streamoff>(size, 65536)), '\0');
  file.seekg(size - static_cast<std::streamoff>(end.size()));
  file.read(end.data(), static_cast<std::streamsize>(end.size()));
  Json last;
  for (const auto& line : base::split(end, '\n'))
    if (const Json time = time_stamp(line); !time.is_null()) last = time;
  return last;
}

// Elements of all tensors that the header of a safetensors file names; null when there is no such file or header.
Json num_parameters(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  uint64_t bytes = 0;
  for (int i = 0; i < 8; ++i) bytes |= static_cast<uint64_t>(static_cast<unsigned char>(file.get())) << (8 * i);
  if (!file || bytes > kMaxFileBytes) return nullptr;
  std::string header(bytes, '\0');
  file.read(header.data(), static_cast<std::streamsize>(bytes));
  double count = 0;
  try {
    const Json tensors = base::parse_json(header, path);
    for (const auto& [name, tensor] : tensors.items()) {
      if (name == "__metadata__") continue;
      double elements = 1;
      for (const auto& size : tensor.at("shape")) elements *= size.get<double>();
      count += elements;
    }
  } catch (const std::exception&) {
    return nullptr;
  }
  return count;
}

Json or_null(const Json& object, const char* key) {
  const auto entry = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && entry != object.end() ? *entry : Json(nullptr);
}

// The trained model's shape: of the model folder that the run wrote, or else of its config.
Json model_shape(const std::string& folder, const Json& config) {
  for (const char* name : {"/model/config.json", "/base/config.json"})
    if (Json shape = read_or_null(folder + name); !shape.is_null()) return shape;
  const Json model = or_null(config, "model");
  const Json shape = or_null(model, "config");
  return shape.is_object() && !shape.empty() ? shape : Json{{"path", or_null(model, "path")}};
}

std::string folder_name(const std::string& folder) {
  std::error_code error;
  const auto path = std::filesystem::canonical(folder, error);
  if (error || !std::filesystem::is_directory(path, error))
    throw Error("there is no such run folder", base::printable(folder), "name the output_dir of a run");
  return path.filename().string();
}

}  // namespace

Json changing_facts(const std::string& folder) {
  return {{"evals", {{"before", read_or_null(folder + "/eval_before.json")}, {"after", read_or_null(folder + "/eval_after.json")}}},
          {"seconds", read_or_null(folder + "/seconds.json")},
          {"ended", last_time(folder + "/log")},
          {"is_finished", std::filesystem::exists(folder + "/model/config.json")}};
}

Json run_facts(const std::string& folder) {
  const std::string name = base::repair_utf8(folder_name(folder));
  const Json config = read_or_null(folder + "/config.json");
  Json parameters = num_parameters(folder + "/model/model.safetensors");
  if (parameters.is_null()) parameters = num_parameters(folder + "/base/model.safetensors");
  Json facts = {{"name", name},
                {"config", config},
                {"config_hash", config_hash(config)},
                {"model", model_shape(folder, config)},
                {"num_parameters", parameters},
                {"started", first_time(folder + "/log")}};
  facts.update(changing_facts(folder));
  return facts;
}

}  // namespace lockstep::cli::report
