#include "runner/runner_options.h"

#include <string>

namespace sparkllama {
namespace {

KvGroup read_group(WordReader& words, const HyperParameters& parameters, const KvShape& shape,
                   std::vector<bool>& placed) {
  KvGroup group;
  group.window = static_cast<int32_t>(words.integer("window", 0, int64_t{1} << 30));
  // Slots of a pool are counted in 32 bits.
  group.block_count = static_cast<int32_t>(
      words.integer("KV blocks", 1, ((int64_t{1} << 31) - 1) / kKvBlockPositions));
  const int64_t java_bytes = words.integer();
  const int64_t layers = words.integer("layers of a KV group", 1, parameters.layer_count);
  for (int64_t i = 0; i < layers; ++i) {
    const int64_t layer = words.integer("layer of a KV group", 0, parameters.layer_count - 1);
    if (placed[layer]) {
      throw ModelFormatError("A layer is in two KV groups: " + std::to_string(layer));
    }
    placed[layer] = true;
    group.layers.push_back(static_cast<int32_t>(layer));
  }
  if (java_bytes != layers * shape.block_bytes()) {
    throw EngineError("The native library lays KV blocks out otherwise than these classes: " +
                      std::to_string(layers * shape.block_bytes()) + " bytes, not " +
                      std::to_string(java_bytes));
  }
  return group;
}

}  // namespace

RunnerOptions read_runner_options(WordReader& words, const HyperParameters& parameters) {
  RunnerOptions options;
  options.threads = static_cast<int32_t>(words.integer("threads", 1, 4096));
  options.kv_shape.type = static_cast<KvType>(words.integer("KV type", 0, 2));
  const int64_t block_positions = words.integer();
  if (block_positions != kKvBlockPositions) {
    throw EngineError("The native library has KV blocks of " + std::to_string(kKvBlockPositions) +
                      " positions: these classes count with blocks of " +
                      std::to_string(block_positions));
  }
  options.kv_shape.kv_heads = parameters.kv_head_count;
  options.kv_shape.head_dim = parameters.head_dimension;
  options.capacity = read_batch_capacity(words);
  std::vector<bool> placed(parameters.layer_count, false);
  size_t layers = 0;
  for (int64_t g = 0; g < options.capacity.kv_groups; ++g) {
    options.kv_groups.push_back(read_group(words, parameters, options.kv_shape, placed));
    layers += options.kv_groups.back().layers.size();
  }
  if (layers != placed.size()) {
    throw ModelFormatError("Not every layer is in a KV group: " + std::to_string(layers) + " of " +
                           std::to_string(placed.size()));
  }
  if (words.words_left() != 0) {
    throw EngineError("The model's description is longer than the native library expects: " +
                      std::to_string(words.words_left()) + " words too many");
  }
  return options;
}

}  // namespace sparkllama
