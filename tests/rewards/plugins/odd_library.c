// SPDX-License-Identifier: Apache-2.0
// A reward in plain C for tests: what it does to each sample, its completion says.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rewards/plugins/lockstep_reward_abi.h"

static int is(lockstep_reward_text text, const char* word) {
  return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

static void* create(lockstep_reward_text options, char* error, size_t error_capacity) {
  if (options.size > 2) {
    snprintf(error, error_capacity, "no such options: %.*s", (int)options.size, options.data);
    return NULL;
  }
  return calloc(1, sizeof(double));
}

static void misbehave(const lockstep_reward_batch* batch, uint32_t i, lockstep_reward_text word) {
  const lockstep_reward_text name = {"m", 1}, empty = {"", 0}, wide = {batch->samples[0]->prompt.data, (size_t)1 << 40};
  if (is(word, "crash")) abort();
  if (is(word, "exit")) _exit(7);
  if (is(word, "loop")) for (;;) sleep(1);
  if (is(word, "print")) puts("hello from C");
  if (is(word, "log")) batch->log(batch->context, word);
  if (is(word, "metric")) batch->metric(batch->context, i, name, 2.5);
  if (is(word, "bad metrics")) {
    batch->metric(batch->context, 1000000, name, 1);
    batch->metric(batch->context, i, empty, 1);
    batch->metric(batch->context, i, wide, 1);
    batch->metric(batch->context, i, name, NAN);
    batch->detail(batch->context, 1000000, name);
  }
}

static int32_t score(void* state, const lockstep_reward_batch* batch) {
  *(double*)state += 1;
  for (uint32_t i = 0; i < batch->num_samples; ++i) {
    const lockstep_reward_text word = batch->samples[i]->completion;
    misbehave(batch, i, word);
    if (is(word, "code")) return 3;
    if (is(word, "nothing")) continue;
    batch->statuses[i] = is(word, "skip") ? LOCKSTEP_REWARD_SKIP : is(word, "status") ? 99 : LOCKSTEP_REWARD_OK;
    batch->values[i] = is(word, "nan") ? NAN : is(word, "inf") ? INFINITY : is(word, "count") ? *(double*)state : (double)word.size;
    if (is(word, "columns")) batch->values[i] = (double)batch->samples[i]->num_columns;
  }
  return 0;
}

static const lockstep_reward_plugin kPlugin = {
    sizeof(lockstep_reward_plugin), LOCKSTEP_REWARD_ABI_VERSION, 0, "odd", create, score, free};

const lockstep_reward_plugin* lockstep_reward_plugin_v1(void);
const lockstep_reward_plugin* lockstep_reward_plugin_v1(void) { return &kPlugin; }
