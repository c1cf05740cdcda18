// Stores a position's keys and values in the KV cache.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/kv_rows.h"

namespace sparkllama::avx2 {
namespace {

void write_halves(uint8_t* row, const float* x, int64_t count) {
  for (int64_t d = 0; d < count; d += 8) {
    const __m256 values = load_lanes(x + d, count - d);
    const __m128i halves = _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT);
    std::memcpy(row + 2 * d, &halves, static_cast<size_t>(2 * smaller(8, count - d)));
  }
}

void write_row(const KvLayer& kv, uint8_t* row, const float* x) {
  switch (kv.type) {
    case KvType::kFloat32:
      std::memcpy(row, x, static_cast<size_t>(kv.head_dim) * sizeof(float));
      return;
    case KvType::kFloat16:
      write_halves(row, x, kv.head_dim);
      return;
    case KvType::kInt8: {
      const float scale =
          quantize_codes(x, kv.head_dim, reinterpret_cast<int8_t*>(row + sizeof(float)));
      std::memcpy(row, &scale, sizeof(scale));
      return;
    }
  }
}

}  // namespace

void kv_write(const KvLayer& kv, int64_t slot, const float* keys, const float* values) {
  const int64_t block = slot / kv.block_size;
  const int64_t offset = slot % kv.block_size;
  for (int64_t head = 0; head < kv.kv_heads; ++head) {
    write_row(kv, kv_row(kv, block, KvPart::kKeys, head, offset), keys + head * kv.head_dim);
    write_row(kv, kv_row(kv, block, KvPart::kValues, head, offset), values + head * kv.head_dim);
  }
}

}  // namespace sparkllama::avx2
