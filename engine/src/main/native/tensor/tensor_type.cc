#include "tensor/tensor_type.h"

#include <limits>

#include "tensor/block_layout.h"

namespace sparkllama {
namespace {

struct TypeFacts {
  TensorType type;
  const char* name;
  int64_t columns;
  int64_t bytes;
};

constexpr TypeFacts kFacts[] = {
    {TensorType::kF32, "F32", 1, 4},
    {TensorType::kF16, "F16", 1, 2},
    {TensorType::kQ4_0, "Q4_0", 32, sizeof(BlockQ4_0)},
    {TensorType::kQ4_1, "Q4_1", 32, sizeof(BlockQ4_1)},
    {TensorType::kQ5_0, "Q5_0", 32, sizeof(BlockQ5_0)},
    {TensorType::kQ5_1, "Q5_1", 32, sizeof(BlockQ5_1)},
    {TensorType::kQ8_0, "Q8_0", 32, sizeof(BlockQ8_0)},
    {TensorType::kQ2_K, "Q2_K", 256, sizeof(BlockQ2_K)},
    {TensorType::kQ3_K, "Q3_K", 256, sizeof(BlockQ3_K)},
    {TensorType::kQ4_K, "Q4_K", 256, sizeof(BlockQ4_K)},
    {TensorType::kQ5_K, "Q5_K", 256, sizeof(BlockQ5_K)},
    {TensorType::kQ6_K, "Q6_K", 256, sizeof(BlockQ6_K)},
    {TensorType::kIQ4_NL, "IQ4_NL", 32, sizeof(BlockIQ4_NL)},
    {TensorType::kIQ4_XS, "IQ4_XS", 256, sizeof(BlockIQ4_XS)},
    {TensorType::kBF16, "BF16", 1, 2},
};

// The facts of a type; of a number that names none, zeros.
TypeFacts facts(TensorType type) {
  for (const TypeFacts& candidate : kFacts) {
    if (candidate.type == type) return candidate;
  }
  return {type, "unknown", 0, 0};
}

}  // namespace

bool is_tensor_type(int32_t number) { return facts(static_cast<TensorType>(number)).bytes != 0; }

const char* tensor_type_name(TensorType type) { return facts(type).name; }

int64_t block_columns(TensorType type) { return facts(type).columns; }

int64_t block_bytes(TensorType type) { return facts(type).bytes; }

int64_t row_bytes(TensorType type, int64_t columns) {
  const TypeFacts known = facts(type);
  if (known.bytes == 0 || columns < 0 || columns % known.columns != 0) return -1;
  const int64_t blocks = columns / known.columns;
  if (blocks > std::numeric_limits<int64_t>::max() / known.bytes) return -1;
  return blocks * known.bytes;
}

}  // namespace sparkllama
