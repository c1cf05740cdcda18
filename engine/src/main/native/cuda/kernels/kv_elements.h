// Finds and widens what heads have in the KV cache (KvLayer says how it lies there).
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/intrinsics.h"
#include "ops/kernel_table.h"

namespace sparkllama::cuda {

enum class KvSide : int32_t { kKeys = 0, kValues = 1 };

__device__ inline const std::byte* kv_part(const KvLayer& kv, int64_t block, KvSide side,
                                           int32_t head) {
  return kv.data + ((block * 2 + static_cast<int64_t>(side)) * kv.kv_heads + head) * kv.part_bytes;
}

// A code plus 128, as a float of that many above 2^23, from which the offset is taken: exact.
__device__ inline float of_code(uint32_t biased) {
  return float_of(0x4b000000u | (biased & 0xffu)) - 8388736.0f;
}

// How elements of a type are read. `pair` and `eight` are on a border of as many elements.
template <KvType kType>
struct KvElements;

template <>
struct KvElements<KvType::kFloat32> {
  static constexpr int32_t kBytes = 4;
  static constexpr int32_t kHeaderBytes = 0;  // of a part, before its elements

  __device__ static FloatPair pair(const std::byte* from) {
    struct alignas(8) Two {
      float at[2];
    };
    const Two two = *reinterpret_cast<const Two*>(from);
    return {two.at[0], two.at[1]};
  }
  __device__ static void eight(const std::byte* from, float (&out)[8]) {
    const auto* quads = reinterpret_cast<const FloatQuad*>(from);
    const FloatQuad low = quads[0];
    const FloatQuad high = quads[1];
    for (int i = 0; i < 4; ++i) {
      out[i] = low.at[i];
      out[4 + i] = high.at[i];
    }
  }
};

template <>
struct KvElements<KvType::kFloat16> {
  static constexpr int32_t kBytes = 2;
  static constexpr int32_t kHeaderBytes = 0;

  __device__ static FloatPair pair(const std::byte* from) {
    return widened_pair(*reinterpret_cast<const uint32_t*>(from));
  }
  __device__ static void eight(const std::byte* from, float (&out)[8]) {
    struct alignas(16) Four {
      uint32_t words[4];
    };
    const Four four = *reinterpret_cast<const Four*>(from);
    for (int i = 0; i < 4; ++i) {
      const FloatPair two = widened_pair(four.words[i]);
      out[2 * i] = two.first;
      out[2 * i + 1] = two.second;
    }
  }
};

template <>
struct KvElements<KvType::kInt8> {
  static constexpr int32_t kBytes = 1;
  static constexpr int32_t kHeaderBytes = kKvBlockPositions * 4;

  __device__ static FloatPair pair(const std::byte* from) {
    const uint32_t codes = *reinterpret_cast<const uint16_t*>(from) ^ 0x8080u;
    return {of_code(codes), of_code(codes >> 8)};
  }
  __device__ static void eight(const std::byte* from, float (&out)[8]) {
    struct alignas(8) Two {
      uint32_t words[2];
    };
    const Two two = *reinterpret_cast<const Two*>(from);
    for (int w = 0; w < 2; ++w) {
      const uint32_t codes = two.words[w] ^ 0x80808080u;
      for (int i = 0; i < 4; ++i) out[4 * w + i] = of_code(codes >> (8 * i));
    }
  }
};

// The scale of one position of a part; 1 but for kInt8.
template <KvType kType>
__device__ float kv_scale(const std::byte* part, int32_t offset) {
  if constexpr (kType == KvType::kInt8) {
    return reinterpret_cast<const float*>(part)[offset];
  } else {
    return 1.0f;
  }
}

}  // namespace sparkllama::cuda
