// Holds the keys and values of all sequences: a pool of blocks for each group of layers.
//
// Which block belongs to which sequence is known to the block tables of a step alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/backend.h"
#include "ops/kernel_table.h"

namespace sparkllama {

struct KvGroup {
  int32_t window;               // positions that attention reaches back over; 0 for all
  int32_t block_count;          // blocks of the pool
  std::vector<int32_t> layers;  // in order
};

struct KvShape {
  KvType type;
  int32_t kv_heads;
  int32_t head_dim;

  // What one head has in one block, keys or values.
  int64_t part_bytes() const { return kv_part_bytes(type, head_dim); }
  // One block of one layer, keys and values.
  int64_t block_bytes() const { return 2 * int64_t{kv_heads} * part_bytes(); }
};

class KvCache {
 public:
  // The memory is the backend's, which outlives the cache. Throws MemoryError where it gives none.
  KvCache(KvShape shape, std::vector<KvGroup> groups, int32_t layer_count, Backend& backend);
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  const KvShape& shape() const { return shape_; }
  const std::vector<KvGroup>& groups() const { return groups_; }
  const KvLayer& layer(int index) const { return layers_[index]; }
  int32_t group_of(int layer) const { return group_of_[layer]; }

  // Copies a block in every layer of the group. Both are blocks of the group's pool.
  void copy_block(int32_t group, int32_t source, int32_t target);

 private:
  Backend& backend_;
  KvShape shape_;
  std::vector<KvGroup> groups_;
  std::vector<KvLayer> layers_;    // [layer_count]; a group's stand one after the other
  std::vector<int32_t> group_of_;  // [layer_count]
};

}  // namespace sparkllama
