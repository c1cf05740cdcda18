#include "quantization/block32_encoding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/half.h"

namespace sparkllama {
namespace {

constexpr int kElements = 32;

// The largest magnitude as float32 bits, which order as magnitudes do.
int32_t largest_magnitude(const float* values) {
  int32_t largest = 0;
  for (int i = 0; i < kElements; ++i) {
    largest = std::max(largest, std::bit_cast<int32_t>(values[i]) & 0x7fffffff);
  }
  return largest;
}

// The element of the largest magnitude, of several the first; where all are 0, the positive one.
float extreme(const float* values) {
  const int32_t largest = largest_magnitude(values);
  if (largest == 0) return 0.0f;
  int i = 0;
  while ((std::bit_cast<int32_t>(values[i]) & 0x7fffffff) != largest) ++i;
  return values[i];
}

// 0 where a scale is 0, or so small that its inverse is infinite: it is 0 as a half then.
float inverse_of(float scale) {
  const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
  return std::fabs(inverse) <= std::numeric_limits<float>::max() ? inverse : 0.0f;
}

// Cuts off what is behind the point, from 0 to `largest`; NaN is 0.
int cut(float v, int largest) {
  const float top = static_cast<float>(largest);
  const float raised = v > 0.0f ? v : 0.0f;
  return static_cast<int>(raised < top ? raised : top);
}

// Codes of 32 elements, from 0 to `largest`: of inverse * value + kHalf above the middle.
void symmetric_codes(const float* values, float inverse, int levels, int* codes) {
  const float middle = static_cast<float>(levels / 2) + 0.5f;
  for (int i = 0; i < kElements; ++i) codes[i] = cut(values[i] * inverse + middle, levels - 1);
}

struct Range {
  float least;
  float scale;  // between two codes
};

Range range_of(const float* values, int levels) {
  float least = values[0];
  float most = values[0];
  for (int i = 1; i < kElements; ++i) {
    if (values[i] < least) least = values[i];
    if (values[i] > most) most = values[i];
  }
  return {least, (most - least) / static_cast<float>(levels - 1)};
}

void range_codes(const float* values, const Range& range, int levels, int* codes) {
  const float inverse = inverse_of(range.scale);
  for (int i = 0; i < kElements; ++i) {
    codes[i] = cut((values[i] - range.least) * inverse + 0.5f, levels - 1);
  }
}

void fold_nibbles(const int* codes, uint8_t* out) {
  for (int i = 0; i < 16; ++i) {
    out[i] = static_cast<uint8_t>((codes[i] & 15) | ((codes[16 + i] & 15) << 4));
  }
}

void fold_fifth_bits(const int* codes, uint8_t* out) {
  uint32_t bits = 0;
  for (int i = 0; i < kElements; ++i) bits |= static_cast<uint32_t>(codes[i] >> 4) << i;
  std::memcpy(out, &bits, sizeof(bits));
}

// Halves away from zero; |v| is at most 128.
int rounded(float v) {
  const int whole = static_cast<int>(v);
  const float rest = v - static_cast<float>(whole);
  return whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
}

}  // namespace

void encode(const float* values, BlockQ4_0& out) {
  const float scale = extreme(values) / -8.0f;
  int codes[kElements];
  symmetric_codes(values, inverse_of(scale), 16, codes);
  out.scale = float_to_half(scale);
  fold_nibbles(codes, out.codes);
}

void encode(const float* values, BlockQ4_1& out) {
  const Range range = range_of(values, 16);
  int codes[kElements];
  range_codes(values, range, 16, codes);
  out.scale = float_to_half(range.scale);
  out.minimum = float_to_half(range.least);
  fold_nibbles(codes, out.codes);
}

void encode(const float* values, BlockQ5_0& out) {
  const float scale = extreme(values) / -16.0f;
  int codes[kElements];
  symmetric_codes(values, inverse_of(scale), 32, codes);
  out.scale = float_to_half(scale);
  fold_fifth_bits(codes, out.fifth_bits);
  fold_nibbles(codes, out.codes);
}

void encode(const float* values, BlockQ5_1& out) {
  const Range range = range_of(values, 32);
  int codes[kElements];
  range_codes(values, range, 32, codes);
  out.scale = float_to_half(range.scale);
  out.minimum = float_to_half(range.least);
  fold_fifth_bits(codes, out.fifth_bits);
  fold_nibbles(codes, out.codes);
}

void encode(const float* values, BlockQ8_0& out) {
  const float scale = std::bit_cast<float>(largest_magnitude(values)) / 127.0f;
  const float inverse = inverse_of(scale);
  out.scale = float_to_half(scale);
  for (int i = 0; i < kElements; ++i) {
    out.codes[i] = static_cast<int8_t>(rounded(values[i] * inverse));
  }
}

}  // namespace sparkllama
