// Names how a tensor's elements are stored; numbers are those of the GGUF specification.
#pragma once

#include <cstdint>

namespace sparkllama {

enum class TensorType : int32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ4_NL = 20,
  kIQ4_XS = 23,
  kBF16 = 30,
};

// Whether the number is one of those above.
bool is_tensor_type(int32_t number);

// "Q4_K" and so on, as in the GGUF specification.
const char* tensor_type_name(TensorType type);

// Elements of a block (1 for the float types), and its bytes.
int64_t block_columns(TensorType type);
int64_t block_bytes(TensorType type);

// Bytes of a row; -1 where `columns` is negative, no multiple of the block, or too large to count.
int64_t row_bytes(TensorType type, int64_t columns);

}  // namespace sparkllama
