#include "quantization/float16_encoding.h"

#include <bit>
#include <cstring>

#include "base/half.h"

namespace sparkllama {

void encode_halves(const float* values, int64_t count, std::byte* out) {
  for (int64_t i = 0; i < count; ++i) {
    const uint16_t half = float_to_half(values[i]);
    std::memcpy(out + 2 * i, &half, sizeof(half));
  }
}

void encode_bfloat16(const float* values, int64_t count, std::byte* out) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t bits = std::bit_cast<uint32_t>(values[i]);
    const uint16_t upper = static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
    std::memcpy(out + 2 * i, &upper, sizeof(upper));
  }
}

}  // namespace sparkllama
