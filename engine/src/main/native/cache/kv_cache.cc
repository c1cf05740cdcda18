#include "cache/kv_cache.h"

#include <sys/mman.h>

#include <cstring>
#include <string>

#include "base/error.h"
#include "base/huge_pages.h"

namespace sparkllama {

KvCache::KvCache(KvShape shape, std::vector<KvGroup> groups, int32_t layer_count)
    : shape_(shape), groups_(std::move(groups)), layers_(layer_count), group_of_(layer_count, -1) {
  memory_.reserve(groups_.size());
  for (size_t g = 0; g < groups_.size(); ++g) {
    const KvGroup& group = groups_[g];
    int64_t layer_bytes = 0;
    int64_t bytes = 0;
    const bool too_many =
        __builtin_mul_overflow(shape_.block_bytes(), int64_t{group.block_count}, &layer_bytes) ||
        __builtin_mul_overflow(layer_bytes, static_cast<int64_t>(group.layers.size()), &bytes);
    void* pool = too_many ? MAP_FAILED
                          : ::mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pool == MAP_FAILED) {
      release();
      throw MemoryError("The KV cache could not be allocated: lower engine.kv-cache-memory: " +
                        std::to_string(bytes) + " bytes for " + std::to_string(group.block_count) +
                        " blocks");
    }
    memory_.push_back(static_cast<std::byte*>(pool));
    advise_huge_pages(pool, bytes);
    for (size_t i = 0; i < group.layers.size(); ++i) {
      const int32_t layer = group.layers[i];
      layers_[layer] = KvLayer{shape_.type, memory_[g] + i * layer_bytes, shape_.part_bytes(),
                               shape_.kv_heads, shape_.head_dim};
      group_of_[layer] = static_cast<int32_t>(g);
    }
  }
}

KvCache::~KvCache() { release(); }

void KvCache::release() {
  for (size_t g = 0; g < memory_.size(); ++g) {
    ::munmap(memory_[g], static_cast<size_t>(shape_.block_bytes() * groups_[g].block_count) *
                             groups_[g].layers.size());
  }
  memory_.clear();
}

void KvCache::copy_block(int32_t group, int32_t source, int32_t target) {
  const int64_t bytes = shape_.block_bytes();
  for (const int32_t layer : groups_[group].layers) {
    std::byte* data = layers_[layer].data;
    std::memmove(data + target * bytes, data + source * bytes, static_cast<size_t>(bytes));
  }
}

}  // namespace sparkllama
