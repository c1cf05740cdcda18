#include "quantization/affine_super_blocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "quantization/sub_scale_pairs.h"
#include "quantization/super_block_codes.h"

namespace sparkllama {
namespace {

// What sets the types apart.
struct AffineType {
  int elements;  // of a sub-block
  int largest_code;
  int largest_sub;  // the largest sub-scale, and sub-minimum
  float first_stretch;
  int stretches;
  FitError error;
};

constexpr AffineType kQ2 = {16, 3, 15, -0.5f, 15, FitError::kMagnitude};
constexpr AffineType kQ4 = {32, 15, 63, -1.0f, 20, FitError::kSquare};
constexpr AffineType kQ5 = {32, 31, 63, -0.5f, 15, FitError::kSquare};

// The elements of 16 sub-blocks side by side, and their weights.
struct SearchInput {
  float values[32 * kSearchedSubBlocks];   // [elements][kSearchedSubBlocks]
  float weights[32 * kSearchedSubBlocks];  // the same
};

// Weights of 32-element sub-blocks: the root of the mean square, and the element's magnitude.
void weigh(const AffineType& type, SearchInput& input) {
  float base[kSearchedSubBlocks] = {};
  if (type.error == FitError::kSquare) {
    for (int i = 0; i < type.elements; ++i) {
      const float* row = input.values + i * kSearchedSubBlocks;
      for (int s = 0; s < kSearchedSubBlocks; ++s) base[s] += row[s] * row[s];
    }
    for (float& b : base) b = std::sqrt(b / static_cast<float>(type.elements));
  }
  for (int i = 0; i < type.elements; ++i) {
    const float* row = input.values + i * kSearchedSubBlocks;
    float* weights = input.weights + i * kSearchedSubBlocks;
    for (int s = 0; s < kSearchedSubBlocks; ++s) weights[s] = base[s] + std::fabs(row[s]);
  }
}

// Searches up to 16 sub-blocks; those that are lacking count as zeros.
void fit(const KernelTable& kernels, const AffineType& type, const float* values, int sub_blocks,
         AffineFits& fits) {
  SearchInput input;
  if (sub_blocks < kSearchedSubBlocks) std::memset(input.values, 0, sizeof(input.values));
  for (int s = 0; s < sub_blocks; ++s) {
    for (int i = 0; i < type.elements; ++i) {
      input.values[i * kSearchedSubBlocks + s] = values[s * type.elements + i];
    }
  }
  weigh(type, input);
  kernels.fit_affine({type.elements, static_cast<float>(type.largest_code), type.first_stretch,
                      type.stretches, type.error, input.values, input.weights},
                     fits);
}

// One super-block's part of the fits: [256 / elements] from the first of its sub-blocks.
struct BlockFits {
  const float* scale;
  const float* minimum;
  const float* inverse;
  const float* least;
};

BlockFits part_of(const AffineFits& fits, int first) {
  return {fits.scale + first, fits.minimum + first, fits.inverse + first, fits.least + first};
}

float largest_of(const float* numbers, int count) {
  float largest = 0.0f;
  for (int s = 0; s < count; ++s) {
    if (numbers[s] > largest) largest = numbers[s];
  }
  return largest;
}

// Rounds the sub-blocks' numbers to whole parts of the largest.
void round_subs(const float* numbers, int count, float largest, int largest_sub, uint8_t* subs) {
  const float top = static_cast<float>(largest_sub);
  const float inverse = largest > 0.0f ? top / largest : 0.0f;
  for (int s = 0; s < count; ++s) {
    subs[s] = std::min(static_cast<uint8_t>(nearest_integer(inverse * numbers[s])),
                       static_cast<uint8_t>(largest_sub));
  }
}

// The codes of a super-block for scales and minimums as they are stored. Where a scale is zero any
// code means the same; it is then that of the fit.
void encode_codes(const AffineType& type, const float* values, const BlockFits& fits,
                  const float* scales, const float* minimums, uint8_t* codes) {
  const float top = static_cast<float>(type.largest_code);
  for (int s = 0; s < kSuperBlock / type.elements; ++s) {
    const float* from = values + s * type.elements;
    uint8_t* to = codes + s * type.elements;
    if (scales[s] != 0.0f) {
      for (int i = 0; i < type.elements; ++i) {
        to[i] = static_cast<uint8_t>(nearest_code((from[i] + minimums[s]) / scales[s], 0.0f, top));
      }
    } else {
      for (int i = 0; i < type.elements; ++i) {
        to[i] = static_cast<uint8_t>(
            nearest_code(fits.inverse[s] * (from[i] - fits.least[s]), 0.0f, top));
      }
    }
  }
}

// Fills scale, minimum, sub-scales and codes of Q4_K and Q5_K.
template <typename Block>
void encode_pairs(const AffineType& type, const float* values, const BlockFits& fits, Block& out,
                  uint8_t* codes) {
  const float largest_scale = largest_of(fits.scale, 8);
  const float largest_minimum = largest_of(fits.minimum, 8);
  SubScalePairs pairs;
  round_subs(fits.scale, 8, largest_scale, type.largest_sub, pairs.scales);
  round_subs(fits.minimum, 8, largest_minimum, type.largest_sub, pairs.minimums);
  pack_sub_scale_pairs(pairs, out.subs);
  out.scale = float_to_half(largest_scale / static_cast<float>(type.largest_sub));
  out.minimum = float_to_half(largest_minimum / static_cast<float>(type.largest_sub));
  float scales[8];
  float minimums[8];
  for (int s = 0; s < 8; ++s) {
    scales[s] = half_to_float(out.scale) * static_cast<float>(pairs.scales[s]);
    minimums[s] = half_to_float(out.minimum) * static_cast<float>(pairs.minimums[s]);
  }
  encode_codes(type, values, fits, scales, minimums, codes);
}

void encode_block(const float* values, const BlockFits& fits, BlockQ4_K& out) {
  uint8_t codes[kSuperBlock];
  encode_pairs(kQ4, values, fits, out, codes);
  fold_halves(codes, out.codes);
}

void encode_block(const float* values, const BlockFits& fits, BlockQ5_K& out) {
  uint8_t codes[kSuperBlock];
  encode_pairs(kQ5, values, fits, out, codes);
  fold_halves(codes, out.codes);
  fold_bit_planes(codes, 4, out.fifth_bits);
}

void encode_block(const float* values, const BlockFits& fits, BlockQ2_K& out) {
  const float largest_scale = largest_of(fits.scale, 16);
  const float largest_minimum = largest_of(fits.minimum, 16);
  uint8_t sub_scales[16];
  uint8_t sub_minimums[16];
  round_subs(fits.scale, 16, largest_scale, kQ2.largest_sub, sub_scales);
  round_subs(fits.minimum, 16, largest_minimum, kQ2.largest_sub, sub_minimums);
  out.scale = float_to_half(largest_scale / static_cast<float>(kQ2.largest_sub));
  out.minimum = float_to_half(largest_minimum / static_cast<float>(kQ2.largest_sub));
  float scales[16];
  float minimums[16];
  for (int s = 0; s < 16; ++s) {
    out.subs[s] = static_cast<uint8_t>(sub_scales[s] | (sub_minimums[s] << 4));
    scales[s] = half_to_float(out.scale) * static_cast<float>(sub_scales[s]);
    minimums[s] = half_to_float(out.minimum) * static_cast<float>(sub_minimums[s]);
  }
  uint8_t codes[kSuperBlock];
  encode_codes(kQ2, values, fits, scales, minimums, codes);
  fold_pairs(codes, out.codes);
}

// Searches as many super-blocks at once as have 16 sub-blocks.
template <typename Block>
void encode_all(const KernelTable& kernels, const AffineType& type, const float* values,
                int64_t blocks, Block* out) {
  const int subs = kSuperBlock / type.elements;
  const int64_t together = kSearchedSubBlocks / subs;
  for (int64_t b = 0; b < blocks; b += together) {
    const int count = static_cast<int>(std::min(together, blocks - b));
    AffineFits fits;
    fit(kernels, type, values + b * kSuperBlock, count * subs, fits);
    for (int i = 0; i < count; ++i) {
      encode_block(values + (b + i) * kSuperBlock, part_of(fits, i * subs), out[b + i]);
    }
  }
}

}  // namespace

void encode(const KernelTable& kernels, const float* values, int64_t blocks, BlockQ2_K* out) {
  encode_all(kernels, kQ2, values, blocks, out);
}

void encode(const KernelTable& kernels, const float* values, int64_t blocks, BlockQ4_K* out) {
  encode_all(kernels, kQ4, values, blocks, out);
}

void encode(const KernelTable& kernels, const float* values, int64_t blocks, BlockQ5_K* out) {
  encode_all(kernels, kQ5, values, blocks, out);
}

}  // namespace sparkllama
