// SPDX-License-Identifier: Apache-2.0
// The C ABI between Lockstep and a reward in a shared library, version 1. C11 and C++; needs no other file of Lockstep.
//
// A library exports one function, which returns a table that lives as long as the library is loaded:
//
//   const lockstep_reward_plugin* lockstep_reward_plugin_v1(void);
//
// In C++ declare it extern "C". lockstep_reward.h wraps all this; a reward is ten lines with it.
//
// Rules. Texts are UTF-8, not terminated, and live as long as the call. Structs that begin with `size` may grow at their
// end in later minor versions: whoever reads a field that was added later looks at `size` first. The others never change.
// An incompatible change gets another number here and in the function's name.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LOCKSTEP_REWARD_ABI_VERSION = 1 };

// What a sample's score can be. Lockstep never takes a sample without a usable score for 0.
enum {
  LOCKSTEP_REWARD_OK = 0,
  LOCKSTEP_REWARD_SKIP = 1,     // the reward does not apply to this sample
  LOCKSTEP_REWARD_ERROR = 2,    // it failed
  LOCKSTEP_REWARD_TIMEOUT = 3,  // it gave up
};

// Flags of lockstep_reward_plugin.
enum {
  LOCKSTEP_REWARD_THREAD_SAFE = 1,  // `score` may run in several threads at once with one state
};

typedef struct lockstep_reward_text {
  const char* data;
  size_t size;
} lockstep_reward_text;

// One column of the row of the data set. `value` is the text of a column that is text, JSON of any other.
typedef struct lockstep_reward_column {
  lockstep_reward_text name;
  lockstep_reward_text value;
  int32_t is_text;
} lockstep_reward_column;

typedef struct lockstep_reward_sample {
  uint32_t size;          // sizeof(lockstep_reward_sample) of the caller
  int32_t is_terminated;  // 1: ended by itself; 0: cut off at the length limit
  lockstep_reward_text prompt;
  lockstep_reward_text completion;
  const lockstep_reward_column* columns;
  size_t num_columns;
  const int32_t* token_ids;  // of the completion; may be NULL where nobody knows them
  size_t num_token_ids;
  int64_t num_tokens;
} lockstep_reward_sample;

// A call. The completions are those of one prompt. The arrays of results belong to Lockstep, hold num_samples entries, and
// come in filled with NaN and LOCKSTEP_REWARD_ERROR: what a plugin does not write is an error, as is an OK value that is not
// finite; NaN is a skip.
typedef struct lockstep_reward_batch {
  uint32_t size;  // sizeof(lockstep_reward_batch) of the caller
  uint32_t num_samples;
  const lockstep_reward_sample* const* samples;
  double* values;
  int32_t* statuses;

  // The functions below take `context` as it is here. They may be called from any thread until `score` returns.
  void* context;
  // Until `score` should return, 0 when it is time; soon after that the call is given up and all its samples are timeouts.
  int64_t (*remaining_ms)(void* context);
  void (*metric)(void* context, uint32_t sample, lockstep_reward_text name, double value);  // for the log, averaged
  void (*detail)(void* context, uint32_t sample, lockstep_reward_text text);                // why this value
  void (*log)(void* context, lockstep_reward_text line);
} lockstep_reward_batch;

typedef struct lockstep_reward_plugin {
  uint32_t size;         // sizeof(lockstep_reward_plugin) of the library
  uint32_t abi_version;  // LOCKSTEP_REWARD_ABI_VERSION that it was compiled with
  uint32_t flags;
  const char* name;  // for messages

  // `options`: the JSON text of the config. Returns the state that the other functions get; on failure NULL, with up to
  // error_capacity bytes of a terminated text in `error`. A NULL function: no state, and no options are taken.
  void* (*create)(lockstep_reward_text options, char* error, size_t error_capacity);
  // Returns 0; anything else fails the whole batch. No exception may leave it.
  int32_t (*score)(void* state, const lockstep_reward_batch* batch);
  void (*destroy)(void* state);  // may be NULL
} lockstep_reward_plugin;

typedef const lockstep_reward_plugin* (*lockstep_reward_plugin_function)(void);
