// Searches scales of sub-blocks, one sub-block after the other.

#include <cmath>

#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {
namespace {

constexpr float kRounding = 0x1.8p23f;
constexpr float kLeastMagnitude = 1e-15f;

float nearest(float v) { return (v + kRounding) - kRounding; }

// NaN becomes `low`.
float within(float v, float low, float high) {
  const float raised = v > low ? v : low;
  return raised < high ? raised : high;
}

float difference(FitError error, float d) {
  return error == FitError::kSquare ? d * d : std::fabs(d);
}

// One sub-block of an affine search: its elements stand kSearchedSubBlocks apart.
class AffineFit {
 public:
  AffineFit(const AffineSearch& search, int sub) : search_(search), sub_(sub) {
    float least = value(0);
    float most = value(0);
    weight_sum_ = weight(0);
    value_sum_ = weight_sum_ * value(0);
    for (int i = 1; i < search.elements; ++i) {
      if (value(i) < least) least = value(i);
      if (value(i) > most) most = value(i);
      weight_sum_ += weight(i);
      value_sum_ += weight(i) * value(i);
    }
    most_ = most;
    least_ = least > 0.0f ? 0.0f : least;
    offset_ = least_;
  }

  void search() {
    const float range = most_ - offset_;
    if (range == 0.0f) return;
    inverse_ = search_.largest_code / range;
    scale_ = 1.0f / inverse_;
    error_ = error(inverse_, scale_, offset_);
    for (int step = 0; step <= search_.stretches; ++step) {
      const float stretch = search_.first_stretch + 0.1f * static_cast<float>(step);
      try_inverse((stretch + search_.largest_code) / (most_ - offset_));
    }
  }

  void store(AffineFits& fits) const {
    fits.scale[sub_] = scale_;
    fits.minimum[sub_] = -offset_;
    fits.inverse[sub_] = inverse_;
    fits.least[sub_] = least_;
  }

 private:
  float value(int i) const { return search_.values[i * kSearchedSubBlocks + sub_]; }
  float weight(int i) const { return search_.weights[i * kSearchedSubBlocks + sub_]; }

  // Levels begin at the best offset so far.
  float code(int i, float inverse) const {
    return within(nearest(inverse * (value(i) - offset_)), 0.0f, search_.largest_code);
  }

  // Of the fit scale * code + offset with the codes that `inverse` makes.
  float error(float inverse, float scale, float offset) const {
    float sum = 0.0f;
    for (int i = 0; i < search_.elements; ++i) {
      const float d = scale * code(i, inverse) + offset - value(i);
      sum += weight(i) * difference(search_.error, d);
    }
    return sum;
  }

  // Fits scale and offset to the codes that `inverse` makes, and keeps them where they are better.
  void try_inverse(float inverse) {
    float codes = 0.0f;
    float squares = 0.0f;
    float products = 0.0f;
    for (int i = 0; i < search_.elements; ++i) {
      const float weighted = weight(i) * code(i, inverse);
      codes += weighted;
      squares += weighted * code(i, inverse);
      products += weighted * value(i);
    }
    const float determinant = weight_sum_ * squares - codes * codes;
    if (!(determinant > 0.0f)) return;
    float scale = (weight_sum_ * products - value_sum_ * codes) / determinant;
    float offset = (squares * value_sum_ - codes * products) / determinant;
    if (offset > 0.0f) {
      offset = 0.0f;
      scale = products / squares;
    }
    const float sum = error(inverse, scale, offset);
    if (sum < error_) {
      error_ = sum;
      scale_ = scale;
      inverse_ = inverse;
      least_ = offset_;
      offset_ = offset;
    }
  }

  const AffineSearch& search_;
  const int sub_;
  float weight_sum_;
  float value_sum_;
  float most_;
  float least_;  // where the levels of the best codes begin
  float scale_ = 0.0f;
  float offset_;
  float inverse_ = 0.0f;
  float error_ = 0.0f;
};

// One sub-block of a symmetric search.
class SymmetricFit {
 public:
  SymmetricFit(const float* values, int sub) : values_(values), sub_(sub) {
    for (int i = 0; i < kSymmetricElements; ++i) {
      const float magnitude = std::fabs(value(i));
      if (magnitude > largest_) {
        largest_ = magnitude;
        extreme_ = value(i);
      }
    }
  }

  void search() {
    if (largest_ < kLeastMagnitude) return;
    inverse_ = -32.0f / extreme_;
    const Sums first = sums(inverse_);
    scale_ = first.squares != 0.0f ? first.products / first.squares : 0.0f;
    best_ = scale_ * first.products;
    for (int step = -9; step <= 9; ++step) {
      if (step != 0) try_inverse(-(32.0f + 0.1f * static_cast<float>(step)) / extreme_);
    }
  }

  void store(SymmetricFits& fits) const {
    fits.scale[sub_] = scale_;
    fits.inverse[sub_] = inverse_;
  }

 private:
  struct Sums {
    float products;  // of weight, value and code
    float squares;   // of weight and the code's square
  };

  float value(int i) const { return values_[i * kSearchedSubBlocks + sub_]; }

  Sums sums(float inverse) const {
    Sums sums = {0.0f, 0.0f};
    for (int i = 0; i < kSymmetricElements; ++i) {
      const float code = within(nearest(inverse * value(i)), -32.0f, 31.0f);
      const float weight = value(i) * value(i);
      sums.products += weight * value(i) * code;
      sums.squares += weight * code * code;
    }
    return sums;
  }

  void try_inverse(float inverse) {
    const Sums tried = sums(inverse);
    if (tried.squares > 0.0f && tried.products * tried.products > best_ * tried.squares) {
      scale_ = tried.products / tried.squares;
      best_ = scale_ * tried.products;
      inverse_ = inverse;
    }
  }

  const float* values_;
  const int sub_;
  float largest_ = 0.0f;
  float extreme_ = 0.0f;
  float scale_ = 0.0f;
  float inverse_ = 0.0f;
  float best_ = 0.0f;
};

}  // namespace

void fit_affine(const AffineSearch& search, AffineFits& fits) {
  for (int sub = 0; sub < kSearchedSubBlocks; ++sub) {
    AffineFit fit(search, sub);
    fit.search();
    fit.store(fits);
  }
}

void fit_symmetric(const float* values, SymmetricFits& fits) {
  for (int sub = 0; sub < kSearchedSubBlocks; ++sub) {
    SymmetricFit fit(values, sub);
    fit.search();
    fit.store(fits);
  }
}

}  // namespace sparkllama::reference
