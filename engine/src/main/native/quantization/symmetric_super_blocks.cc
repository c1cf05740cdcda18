#include "quantization/symmetric_super_blocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "quantization/super_block_codes.h"

namespace sparkllama {
namespace {

constexpr int kSubs = 16;
constexpr int kElements = 16;  // of a sub-block
constexpr float kLeastMagnitude = 1e-15f;

// The scale of the largest magnitude, of several the first; 0 where all are.
float extreme_of(const float* scales) {
  float extreme = 0.0f;
  for (int s = 0; s < kSubs; ++s) {
    if (std::fabs(scales[s]) > std::fabs(extreme)) extreme = scales[s];
  }
  return extreme;
}

// Codes of a sub-block for the scale as it is stored, from `low` to `high`, counted from `low`.
void encode_codes(const float* values, float scale, float low, float high, uint8_t* codes) {
  for (int i = 0; i < kElements; ++i) {
    codes[i] =
        static_cast<uint8_t>(nearest_code(values[i] / scale, low, high) - static_cast<int>(low));
  }
}

// The codes of Q3_K's fit, from -4 to 3, improved one by one until none changes, five times at
// most: each in turn becomes the nearest to its value at the scale that the others fit best.
class ThreeBitFit {
 public:
  explicit ThreeBitFit(const float* values) : values_(values) {
    float largest = 0.0f;
    float extreme = 0.0f;
    for (int i = 0; i < kElements; ++i) {
      if (std::fabs(values[i]) > largest) {
        largest = std::fabs(values[i]);
        extreme = values[i];
      }
    }
    zero_ = largest < kLeastMagnitude;
    if (zero_) return;
    const float inverse = -4.0f / extreme;
    for (int i = 0; i < kElements; ++i) {
      codes_[i] = static_cast<float>(nearest_code(inverse * values[i], -4.0f, 3.0f));
      const float weight = values[i] * values[i];
      products_ += weight * values[i] * codes_[i];
      squares_ += weight * codes_[i] * codes_[i];
    }
    for (int turn = 0; turn < 5 && improve(); ++turn) {
    }
  }

  float scale() const { return squares_ > 0.0f ? products_ / squares_ : 0.0f; }

  // Counted from -4; 0 where there is nothing but zeros.
  void store(uint8_t* codes) const {
    for (int i = 0; i < kElements; ++i) {
      codes[i] = zero_ ? uint8_t{0} : static_cast<uint8_t>(static_cast<int>(codes_[i]) + 4);
    }
  }

 private:
  // Whether a code has changed.
  bool improve() {
    bool changed = false;
    for (int i = 0; i < kElements; ++i) changed |= improve(i);
    return changed;
  }

  bool improve(int i) {
    const float weight = values_[i] * values_[i];
    float products = products_ - weight * values_[i] * codes_[i];
    if (!(products > 0.0f)) return false;
    float squares = squares_ - weight * codes_[i] * codes_[i];
    const float code =
        static_cast<float>(nearest_code(values_[i] * squares / products, -4.0f, 3.0f));
    if (code == codes_[i]) return false;
    products += weight * values_[i] * code;
    squares += weight * code * code;
    if (!(squares > 0.0f && products * products * squares_ > products_ * products_ * squares)) {
      return false;
    }
    codes_[i] = code;
    products_ = products;
    squares_ = squares;
    return true;
  }

  const float* values_;
  float codes_[kElements] = {};
  float products_ = 0.0f;  // of weight, value and code
  float squares_ = 0.0f;   // of weight and the code's square
  bool zero_;
};

// Sub-scales of 6 bits, counted from -32: low halves in bytes 0..7, upper two bits in 8..11.
void pack_sub_scales(const int* subs, uint8_t* out) {
  std::memset(out, 0, 12);
  for (int s = 0; s < kSubs; ++s) {
    const int code = subs[s] + 32;
    out[s % 8] = static_cast<uint8_t>(out[s % 8] | ((code & 15) << (s < 8 ? 0 : 4)));
    out[8 + s % 4] = static_cast<uint8_t>(out[8 + s % 4] | ((code >> 4) << (2 * (s / 4))));
  }
}

}  // namespace

void encode(const KernelTable& kernels, const float* values, BlockQ6_K& out) {
  float side_by_side[kSymmetricElements * kSearchedSubBlocks];
  for (int s = 0; s < kSubs; ++s) {
    for (int i = 0; i < kElements; ++i) side_by_side[i * kSubs + s] = values[s * kElements + i];
  }
  SymmetricFits fits;
  kernels.fit_symmetric(side_by_side, fits);
  const float extreme = extreme_of(fits.scale);
  std::memset(&out, 0, sizeof(out));
  if (std::fabs(extreme) < kLeastMagnitude) return;
  const float inverse = -128.0f / extreme;
  out.scale = float_to_half(1.0f / inverse);
  uint8_t codes[kSuperBlock];
  for (int s = 0; s < kSubs; ++s) {
    out.subs[s] = static_cast<int8_t>(std::min(127, nearest_integer(inverse * fits.scale[s])));
    const float scale = half_to_float(out.scale) * static_cast<float>(out.subs[s]);
    const float* from = values + s * kElements;
    uint8_t* to = codes + s * kElements;
    if (scale != 0.0f) {
      encode_codes(from, scale, -32.0f, 31.0f, to);
    } else {  // any code means the same: that of the fit
      for (int i = 0; i < kElements; ++i) {
        const int code = nearest_code(fits.inverse[s] * from[i], -32.0f, 31.0f);
        to[i] = static_cast<uint8_t>(fits.inverse[s] == 0.0f ? 0 : code + 32);
      }
    }
  }
  for (int h = 0; h < 2; ++h) {
    for (int l = 0; l < 64; ++l) {
      out.low_bits[64 * h + l] =
          static_cast<uint8_t>((codes[128 * h + l] & 15) | ((codes[128 * h + 64 + l] & 15) << 4));
    }
  }
  for (uint8_t& code : codes) code = static_cast<uint8_t>(code >> 4);
  fold_pairs(codes, out.high_bits);
}

void encode(const float* values, BlockQ3_K& out) {
  uint8_t codes[kSuperBlock];
  float scales[kSubs];
  for (int s = 0; s < kSubs; ++s) {
    const ThreeBitFit fit(values + s * kElements);
    scales[s] = fit.scale();
    fit.store(codes + s * kElements);
  }
  const float extreme = extreme_of(scales);
  const float inverse = extreme != 0.0f ? -32.0f / extreme : 0.0f;
  out.scale = float_to_half(extreme != 0.0f ? 1.0f / inverse : 0.0f);
  int subs[kSubs];
  for (int s = 0; s < kSubs; ++s) {
    subs[s] = extreme != 0.0f ? std::clamp(nearest_integer(inverse * scales[s]), -32, 31) : -32;
    const float scale = half_to_float(out.scale) * static_cast<float>(subs[s]);
    if (scale != 0.0f) {
      encode_codes(values + s * kElements, scale, -4.0f, 3.0f, codes + s * kElements);
    }
  }
  pack_sub_scales(subs, out.subs);
  fold_bit_planes(codes, 2, out.third_bits);
  fold_pairs(codes, out.codes);
}

}  // namespace sparkllama
