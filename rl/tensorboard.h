// SPDX-License-Identifier: Apache-2.0
// TensorBoard event files, encoded by hand: TFRecord frames around the few fields of the Event protobuf that scalars use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_handle.h"

namespace lockstep::rl {

// TFRecord's mask of CRC-32C.
uint32_t masked_crc32c(std::string_view data);

// u64 length, u32 masked crc of the length, data, u32 masked crc of the data; little-endian.
std::string tfrecord(std::string_view data);

// Serialized tensorflow.Event messages. wall_time: seconds since 1970.
std::string version_event(double wall_time);  // the first of a file: file_version "brain.Event:2"
std::string scalars_event(int64_t step, const std::vector<std::pair<std::string, double>>& values, double wall_time);
std::string restart_event(int64_t step,
                          double wall_time);  // SessionLog START: readers drop scalars of `step` and later

// One event file, DIR/events.out.tfevents.SECONDS.HOST.PID.N; DIR is made if need be. An existing file is never touched.
class EventFile {
 public:
  EventFile(const std::string& dir, double wall_time);
  void write_scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values, double wall_time);
  void restart_after(int64_t step, double wall_time);  // steps after `step` that earlier files hold do not count
  void flush();                                        // fsync
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  base::FileHandle file_;
};

}  // namespace lockstep::rl
