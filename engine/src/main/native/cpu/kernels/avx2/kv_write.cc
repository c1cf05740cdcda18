// Stores a position's keys and values in the KV cache.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/kv_parts.h"

namespace sparkllama::avx2 {
namespace {

// Where one position's elements of one head go: element d to bytes[d * stride * element size].
// Strides are 1 (values), or kKvBlockPositions (keys).
struct Target {
  uint8_t* bytes;
  int64_t stride;
};

template <typename Element>
void scatter(const Element* from, int64_t count, Target to, int64_t first) {
  const int64_t step = to.stride * static_cast<int64_t>(sizeof(Element));
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(to.bytes + (first + i) * step, from + i, sizeof(Element));
  }
}

void write_halves(const float* x, int64_t count, Target to) {
  for (int64_t d = 0; d < count; d += 8) {
    const __m256 values = load_lanes(x + d, count - d);
    uint16_t halves[8];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(halves),
                     _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT));
    scatter(halves, smaller(8, count - d), to, d);
  }
}

void write(const KvLayer& kv, uint8_t* part, KvSide side, int64_t offset, const float* x) {
  const int64_t first = side == KvSide::kKeys ? offset : offset * kv.head_dim;
  const int64_t stride = side == KvSide::kKeys ? kKvBlockPositions : 1;
  switch (kv.type) {
    case KvType::kFloat32:
      return scatter(x, kv.head_dim, {part + 4 * first, stride}, 0);
    case KvType::kFloat16:
      return write_halves(x, kv.head_dim, {part + 2 * first, stride});
    case KvType::kInt8: {
      int8_t* codes = reinterpret_cast<int8_t*>(part + kKvScaleBytes + first);
      const float scale = quantize_codes(x, kv.head_dim, codes, stride);
      std::memcpy(part + offset * static_cast<int64_t>(sizeof(scale)), &scale, sizeof(scale));
      return;
    }
  }
}

}  // namespace

void kv_write(const KvLayer& kv, int64_t slot, const float* keys, const float* values) {
  const int64_t block = slot / kKvBlockPositions;
  const int64_t offset = slot % kKvBlockPositions;
  for (int64_t head = 0; head < kv.kv_heads; ++head) {
    write(kv, kv_part(kv, block, KvSide::kKeys, head), KvSide::kKeys, offset,
          keys + head * kv.head_dim);
    write(kv, kv_part(kv, block, KvSide::kValues, head), KvSide::kValues, offset,
          values + head * kv.head_dim);
  }
}

}  // namespace sparkllama::avx2
