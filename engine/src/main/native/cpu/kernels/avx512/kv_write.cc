// Stores a position's keys and values in the KV cache.

#include "cpu/kernels/avx512/avx512_kernels.h"
#include "cpu/kernels/avx512/kv_parts.h"

namespace sparkllama::avx512 {
namespace {

// Where one position's elements of one head go: element d to bytes[d * stride * element size].
// Strides are 1 (values), or kKvBlockPositions (keys).
struct Target {
  uint8_t* bytes;
  int64_t stride;
};

template <typename Element>
void scatter(const Element* from, int64_t count, Target to, int64_t first) {
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(to.bytes + (first + i) * to.stride * static_cast<int64_t>(sizeof(Element)),
                from + i, sizeof(Element));
  }
}

void write_floats(const float* x, int64_t count, Target to) {
  if (to.stride == 1) {
    std::memcpy(to.bytes, x, static_cast<size_t>(count) * sizeof(float));
  } else {
    scatter(x, count, to, 0);
  }
}

void write_halves(const float* x, int64_t count, Target to) {
  for (int64_t d = 0; d < count; d += 16) {
    const __m256i halves = _mm512_cvtps_ph(load_lanes(x + d, count - d), _MM_FROUND_TO_NEAREST_INT);
    if (to.stride == 1) {
      _mm256_mask_storeu_epi16(to.bytes + 2 * d, first_lanes(count - d), halves);
    } else {
      alignas(32) uint16_t sixteen[16];
      _mm256_store_si256(reinterpret_cast<__m256i*>(sixteen), halves);
      scatter(sixteen, smaller(16, count - d), to, d);
    }
  }
}

// Writes codes and returns the scale, as Activations says.
float write_codes(const float* x, int64_t count, Target to) {
  // Magnitudes as integers: the order is that of the floats, infinity and NaN above all numbers.
  __m512i largest = _mm512_setzero_si512();
  for (int64_t d = 0; d < count; d += 16) {
    const __m512i bits = _mm512_castps_si512(load_lanes(x + d, count - d));
    largest = _mm512_max_epi32(largest, _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff)));
  }
  const int32_t magnitude = _mm512_reduce_max_epi32(largest);
  float amax;
  std::memcpy(&amax, &magnitude, sizeof(amax));
  constexpr int32_t kInfinity = 0x7f800000;
  const bool numbers = magnitude < kInfinity;
  const bool codes_are_zero = !numbers || amax < 0x1p-100f;
  const __m512 inverse = _mm512_set1_ps(127.0f / amax);
  for (int64_t d = 0; d < count; d += 16) {
    // Conversion rounds half to even.
    const __m512i wide = _mm512_cvtps_epi32(_mm512_mul_ps(load_lanes(x + d, count - d), inverse));
    const __m128i codes = codes_are_zero ? _mm_setzero_si128() : _mm512_cvtepi32_epi8(wide);
    if (to.stride == 1) {
      _mm_mask_storeu_epi8(to.bytes + d, first_lanes(count - d), codes);
    } else {
      alignas(16) int8_t sixteen[16];
      _mm_store_si128(reinterpret_cast<__m128i*>(sixteen), codes);
      scatter(sixteen, smaller(16, count - d), to, d);
    }
  }
  if (!numbers) return __builtin_nanf("");
  return codes_are_zero ? 0.0f : amax / 127.0f;
}

void write(const KvLayer& kv, uint8_t* part, KvSide side, int64_t offset, const float* x) {
  const int64_t first = side == KvSide::kKeys ? offset : offset * kv.head_dim;
  const int64_t stride = side == KvSide::kKeys ? kKvBlockPositions : 1;
  switch (kv.type) {
    case KvType::kFloat32:
      return write_floats(x, kv.head_dim, {part + 4 * first, stride});
    case KvType::kFloat16:
      return write_halves(x, kv.head_dim, {part + 2 * first, stride});
    case KvType::kInt8: {
      const float scale = write_codes(x, kv.head_dim, {part + kKvScaleBytes + first, stride});
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

}  // namespace sparkllama::avx512
