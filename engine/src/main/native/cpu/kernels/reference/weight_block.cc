#include "cpu/kernels/reference/weight_block.h"

#include <cstring>

#include "base/half.h"
#include "tensor/block_layout.h"

namespace sparkllama::reference {
namespace {

// Copies a block out of the file, where it may lie at any address.
template <typename Block>
Block load(const std::byte* bytes) {
  Block block;
  std::memcpy(&block, bytes, sizeof(Block));
  return block;
}

// The 4-bit code of element i of 32, as Q4_0 and all types after it order them.
int nibble(const uint8_t* codes, int i) { return i < 16 ? codes[i] & 15 : codes[i - 16] >> 4; }

int fifth_bit(const uint8_t* bits, int i) { return ((bits[i / 8] >> (i % 8)) & 1) << 4; }

// Sub-scale and sub-minimum s of 8 in Q4_K and Q5_K: 6 bits each.
struct SubPair {
  int scale;
  int minimum;
};

SubPair sub_pair(const uint8_t* subs, int s) {
  if (s < 4) return {subs[s] & 63, subs[s + 4] & 63};
  return {(subs[s + 4] & 15) | ((subs[s - 4] >> 6) << 4),
          (subs[s + 4] >> 4) | ((subs[s] >> 6) << 4)};
}

// Sub-scale s of 16 in Q3_K: 6 bits with an offset of 32.
int sub_scale_q3(const uint8_t* subs, int s) {
  const int low = s < 8 ? subs[s] & 15 : subs[s - 8] >> 4;
  const int high = (subs[8 + s % 4] >> (2 * (s / 4))) & 3;
  return (low | (high << 4)) - 32;
}

// Two bits of element i of 256 in Q2_K, Q3_K (codes) and Q6_K (high bits).
int two_bits(const uint8_t* bits, int i) {
  return (bits[32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3;
}

void unpack(const BlockQ4_0& in, WeightBlock32& out) {
  for (int i = 0; i < 32; ++i) out.codes[i] = static_cast<int8_t>(nibble(in.codes, i) - 8);
  out.scale = half_to_float(in.scale);
}

void unpack(const BlockQ4_1& in, WeightBlock32& out) {
  for (int i = 0; i < 32; ++i) out.codes[i] = static_cast<int8_t>(nibble(in.codes, i));
  out.scale = half_to_float(in.scale);
  out.minimum = half_to_float(in.minimum);
}

void unpack(const BlockQ5_0& in, WeightBlock32& out) {
  for (int i = 0; i < 32; ++i) {
    out.codes[i] = static_cast<int8_t>((nibble(in.codes, i) | fifth_bit(in.fifth_bits, i)) - 16);
  }
  out.scale = half_to_float(in.scale);
}

void unpack(const BlockQ5_1& in, WeightBlock32& out) {
  for (int i = 0; i < 32; ++i) {
    out.codes[i] = static_cast<int8_t>(nibble(in.codes, i) | fifth_bit(in.fifth_bits, i));
  }
  out.scale = half_to_float(in.scale);
  out.minimum = half_to_float(in.minimum);
}

void unpack(const BlockQ8_0& in, WeightBlock32& out) {
  for (int i = 0; i < 32; ++i) out.codes[i] = in.codes[i];
  out.scale = half_to_float(in.scale);
}

void unpack(const BlockIQ4_NL& in, WeightBlock32& out) {
  for (int i = 0; i < 32; ++i) out.codes[i] = kIQ4Values[nibble(in.codes, i)];
  out.scale = half_to_float(in.scale);
}

void unpack(const BlockQ2_K& in, WeightBlock256& out) {
  for (int i = 0; i < 256; ++i) out.codes[i] = static_cast<int8_t>(two_bits(in.codes, i));
  for (int s = 0; s < 16; ++s) {
    out.sub_scales[s] = in.subs[s] & 15;
    out.sub_minimums[s] = in.subs[s] >> 4;
  }
  out.scale = half_to_float(in.scale);
  out.minimum = half_to_float(in.minimum);
}

void unpack(const BlockQ3_K& in, WeightBlock256& out) {
  for (int i = 0; i < 256; ++i) {
    const int third = (in.third_bits[i % 32] >> (i / 32)) & 1;
    out.codes[i] = static_cast<int8_t>((two_bits(in.codes, i) | (third << 2)) - 4);
  }
  for (int s = 0; s < 16; ++s) out.sub_scales[s] = sub_scale_q3(in.subs, s);
  out.scale = half_to_float(in.scale);
}

void unpack(const BlockQ4_K& in, WeightBlock256& out) {
  for (int i = 0; i < 256; ++i) {
    const uint8_t byte = in.codes[32 * (i / 64) + i % 32];
    out.codes[i] = static_cast<int8_t>(i % 64 < 32 ? byte & 15 : byte >> 4);
  }
  for (int s = 0; s < 16; ++s) {
    const SubPair pair = sub_pair(in.subs, s / 2);
    out.sub_scales[s] = pair.scale;
    out.sub_minimums[s] = pair.minimum;
  }
  out.scale = half_to_float(in.scale);
  out.minimum = half_to_float(in.minimum);
}

void unpack(const BlockQ5_K& in, WeightBlock256& out) {
  for (int i = 0; i < 256; ++i) {
    const uint8_t byte = in.codes[32 * (i / 64) + i % 32];
    const int fifth = ((in.fifth_bits[i % 32] >> (i / 32)) & 1) << 4;
    out.codes[i] = static_cast<int8_t>((i % 64 < 32 ? byte & 15 : byte >> 4) | fifth);
  }
  for (int s = 0; s < 16; ++s) {
    const SubPair pair = sub_pair(in.subs, s / 2);
    out.sub_scales[s] = pair.scale;
    out.sub_minimums[s] = pair.minimum;
  }
  out.scale = half_to_float(in.scale);
  out.minimum = half_to_float(in.minimum);
}

void unpack(const BlockQ6_K& in, WeightBlock256& out) {
  for (int i = 0; i < 256; ++i) {
    const uint8_t byte = in.low_bits[64 * (i / 128) + i % 64];
    const int low = i % 128 < 64 ? byte & 15 : byte >> 4;
    out.codes[i] = static_cast<int8_t>((low | (two_bits(in.high_bits, i) << 4)) - 32);
  }
  for (int s = 0; s < 16; ++s) out.sub_scales[s] = in.subs[s];
  out.scale = half_to_float(in.scale);
}

void unpack(const BlockIQ4_XS& in, WeightBlock256& out) {
  for (int i = 0; i < 256; ++i) {
    out.codes[i] = kIQ4Values[nibble(in.codes + 16 * (i / 32), i % 32)];
  }
  for (int s = 0; s < 16; ++s) {
    const int sub = s / 2;
    const int low = (in.sub_low_bits[sub / 2] >> (4 * (sub % 2))) & 15;
    const int high = (in.sub_high_bits >> (2 * sub)) & 3;
    out.sub_scales[s] = (low | (high << 4)) - 32;
  }
  out.scale = half_to_float(in.scale);
}

}  // namespace

bool has_minimum(TensorType type) {
  switch (type) {
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
    case TensorType::kQ2_K:
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
      return true;
    default:
      return false;
  }
}

WeightBlock32 unpack_block32(TensorType type, const std::byte* block) {
  WeightBlock32 out = {};
  switch (type) {
    case TensorType::kQ4_0:
      unpack(load<BlockQ4_0>(block), out);
      break;
    case TensorType::kQ4_1:
      unpack(load<BlockQ4_1>(block), out);
      break;
    case TensorType::kQ5_0:
      unpack(load<BlockQ5_0>(block), out);
      break;
    case TensorType::kQ5_1:
      unpack(load<BlockQ5_1>(block), out);
      break;
    case TensorType::kQ8_0:
      unpack(load<BlockQ8_0>(block), out);
      break;
    case TensorType::kIQ4_NL:
      unpack(load<BlockIQ4_NL>(block), out);
      break;
    default:
      break;
  }
  return out;
}

WeightBlock256 unpack_block256(TensorType type, const std::byte* block) {
  WeightBlock256 out = {};
  switch (type) {
    case TensorType::kQ2_K:
      unpack(load<BlockQ2_K>(block), out);
      break;
    case TensorType::kQ3_K:
      unpack(load<BlockQ3_K>(block), out);
      break;
    case TensorType::kQ4_K:
      unpack(load<BlockQ4_K>(block), out);
      break;
    case TensorType::kQ5_K:
      unpack(load<BlockQ5_K>(block), out);
      break;
    case TensorType::kQ6_K:
      unpack(load<BlockQ6_K>(block), out);
      break;
    case TensorType::kIQ4_XS:
      unpack(load<BlockIQ4_XS>(block), out);
      break;
    default:
      break;
  }
  return out;
}

}  // namespace sparkllama::reference
