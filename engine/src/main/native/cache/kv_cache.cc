#include "cache/kv_cache.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "ops/backend_failure.h"

namespace sparkllama {

KvCache::KvCache(KvShape shape, std::vector<KvGroup> groups, int32_t layer_count, Backend& backend)
    : backend_(backend),
      shape_(shape),
      groups_(std::move(groups)),
      layers_(layer_count),
      group_of_(layer_count, -1) {
  for (size_t g = 0; g < groups_.size(); ++g) {
    const KvGroup& group = groups_[g];
    int64_t layer_bytes = 0;
    int64_t bytes = 0;
    const bool too_many =
        __builtin_mul_overflow(shape_.block_bytes(), int64_t{group.block_count}, &layer_bytes) ||
        __builtin_mul_overflow(layer_bytes, static_cast<int64_t>(group.layers.size()), &bytes);
    void* pool = too_many ? nullptr : backend.allocate(bytes);
    if (pool == nullptr) {
      throw_if_failed(backend.finish());  // where it was no lack of memory
      throw MemoryError("The KV cache could not be allocated: lower engine.kv-cache-memory: " +
                        std::to_string(bytes) + " bytes for " + std::to_string(group.block_count) +
                        " blocks");
    }
    for (size_t i = 0; i < group.layers.size(); ++i) {
      const int32_t layer = group.layers[i];
      layers_[layer] = KvLayer{shape_.type, static_cast<std::byte*>(pool) + i * layer_bytes,
                               shape_.part_bytes(), shape_.kv_heads, shape_.head_dim};
      group_of_[layer] = static_cast<int32_t>(g);
    }
  }
}

void KvCache::copy_block(int32_t group, int32_t source, int32_t target) {
  for (const int32_t layer : groups_[group].layers) {
    backend_.copy_block(layers_[layer], source, target);
  }
}

}  // namespace sparkllama
