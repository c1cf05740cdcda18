// Draws repeatable random numbers, and weights made of them, for native tests.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tensor/block_layout.h"
#include "tensor/tensor_type.h"

namespace sparkllama::testing {

constexpr TensorType kAllTypes[] = {TensorType::kF32,  TensorType::kF16,  TensorType::kBF16,
                                    TensorType::kQ4_0, TensorType::kQ4_1, TensorType::kQ5_0,
                                    TensorType::kQ5_1, TensorType::kQ8_0, TensorType::kIQ4_NL,
                                    TensorType::kQ2_K, TensorType::kQ3_K, TensorType::kQ4_K,
                                    TensorType::kQ5_K, TensorType::kQ6_K, TensorType::kIQ4_XS};

// SplitMix64 (Steele, Lea, Flood, 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t bits() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // In (0, 1).
  double uniform() { return (static_cast<double>(bits() >> 12) + 0.5) * 0x1p-52; }

  double between(double low, double high) { return low + (high - low) * uniform(); }

  // Standard normal, by Box and Muller.
  float gaussian() {
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    return static_cast<float>(radius * std::cos(6.283185307179586 * uniform()));
  }

  std::vector<float> gaussians(int64_t count, float scale = 1.0f) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = gaussian() * scale;
    return values;
  }

 private:
  uint64_t state_;
};

// Where a block's half-precision fields stand; -1 for none.
struct HalfFields {
  int scale;
  int minimum;
};

inline HalfFields half_fields(TensorType type) {
  switch (type) {
    case TensorType::kQ4_1:
      return {offsetof(BlockQ4_1, scale), offsetof(BlockQ4_1, minimum)};
    case TensorType::kQ5_1:
      return {offsetof(BlockQ5_1, scale), offsetof(BlockQ5_1, minimum)};
    case TensorType::kQ2_K:
      return {offsetof(BlockQ2_K, scale), offsetof(BlockQ2_K, minimum)};
    case TensorType::kQ3_K:
      return {offsetof(BlockQ3_K, scale), -1};
    case TensorType::kQ4_K:
      return {offsetof(BlockQ4_K, scale), offsetof(BlockQ4_K, minimum)};
    case TensorType::kQ5_K:
      return {offsetof(BlockQ5_K, scale), offsetof(BlockQ5_K, minimum)};
    case TensorType::kQ6_K:
      return {offsetof(BlockQ6_K, scale), -1};
    default:
      return {0, -1};  // the others begin with their scale
  }
}

// Random bytes in every block. `finite` keeps scales (and float elements) in the range of 2^-8 to
// 2^-4.
inline std::vector<std::byte> random_weights(TensorType type, int64_t elements, bool finite,
                                             Random& random) {
  std::vector<std::byte> data(static_cast<size_t>(row_bytes(type, elements)));
  for (std::byte& byte : data) byte = static_cast<std::byte>(random.bits());
  if (!finite) return data;
  const size_t step = static_cast<size_t>(block_bytes(type));
  for (size_t at = 0; at < data.size(); at += step) {
    if (type == TensorType::kF32) {
      const float value = random.gaussian() * 0.02f;
      std::memcpy(&data[at], &value, sizeof(value));
      continue;
    }
    const HalfFields fields = half_fields(type);
    for (const int field : {fields.scale, fields.minimum}) {
      if (field < 0) continue;
      uint16_t half;
      std::memcpy(&half, &data[at + static_cast<size_t>(field)], sizeof(half));
      const unsigned exponent = static_cast<unsigned>(random.bits() % 5);
      half = type == TensorType::kBF16
                 ? static_cast<uint16_t>((half & 0x807fu) | ((119u + exponent) << 7))
                 : static_cast<uint16_t>((half & 0x83ffu) | ((7u + exponent) << 10));
      std::memcpy(&data[at + static_cast<size_t>(field)], &half, sizeof(half));
    }
  }
  return data;
}

}  // namespace sparkllama::testing
