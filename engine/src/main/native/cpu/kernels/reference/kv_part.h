// Finds and reads what a head has in a block of the KV cache.
#pragma once

#include "ops/kernel_table.h"

namespace sparkllama::reference {

enum class KvSide : int32_t { kKeys = 0, kValues = 1 };

// One head's keys or values in one block.
class KvPart {
 public:
  KvPart(const KvLayer& kv, int64_t block, KvSide side, int64_t head);

  // The scale of the position at `offset` within the block: 1 but for kInt8.
  float scale(int64_t offset) const;
  // Element d of that position, widened: for kInt8 the code, without the scale.
  float element(int64_t offset, int64_t d) const;

  // Stores the head_dim elements of that position.
  void write(int64_t offset, const float* x);

 private:
  // Where element d stands among the elements.
  int64_t index(int64_t offset, int64_t d) const;

  const KvLayer& kv_;
  KvSide side_;
  std::byte* data_;
};

}  // namespace sparkllama::reference
