// Says how a runner is to be set up, as Java hands it over after the model's description.
#pragma once

#include <cstdint>
#include <vector>

#include "base/word_reader.h"
#include "cache/kv_cache.h"
#include "model/description.h"
#include "runner/batch_layout.h"

namespace sparkllama {

struct RunnerOptions {
  int32_t threads;
  KvShape kv_shape;
  std::vector<KvGroup> kv_groups;
  BatchCapacity capacity;
};

// Throws ModelFormatError where a number cannot be, and EngineError where Java counts a block's
// positions or bytes otherwise than this side.
RunnerOptions read_runner_options(WordReader& words, const HyperParameters& parameters);

}  // namespace sparkllama
