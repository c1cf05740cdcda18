// Finds and reads rows of the KV cache.
#pragma once

#include "ops/kernel_table.h"

namespace sparkllama::reference {

enum class KvPart : int32_t { kKeys = 0, kValues = 1 };

// The row of one head at `offset` within a block.
std::byte* kv_row(const KvLayer& kv, int64_t block, KvPart part, int64_t head, int64_t offset);

// The row's scale: 1 but for kInt8.
float kv_row_scale(const KvLayer& kv, const std::byte* row);

// Element d of the row, widened: for kInt8 the code, without the scale.
float kv_element(const KvLayer& kv, const std::byte* row, int64_t d);

}  // namespace sparkllama::reference
