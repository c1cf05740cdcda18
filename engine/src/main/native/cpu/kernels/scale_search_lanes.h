// Searches scales with a sub-block in each lane of a vector: the chains of the reference side by
// side, so that the bits are the same for any width.
//
// Vector types are the compiler's own, which GCC and Clang have for every instruction set.
#pragma once

#include "ops/scale_search.h"

namespace sparkllama {
namespace {

template <int kLanes>
struct ScaleSearchLanes {
  typedef float Floats __attribute__((vector_size(4 * kLanes)));
  typedef int32_t Integers __attribute__((vector_size(4 * kLanes)));

  static inline __attribute__((always_inline)) Floats all(float v) { return v - Floats{}; }

  static inline __attribute__((always_inline)) Floats load(const float* from) {
    Floats v;
    __builtin_memcpy(&v, from, sizeof(v));
    return v;
  }

  static inline __attribute__((always_inline)) void store(float* to, const Floats& v) {
    __builtin_memcpy(to, &v, sizeof(v));
  }

  static inline __attribute__((always_inline)) Floats nearest(const Floats& v) {
    return (v + 0x1.8p23f) - 0x1.8p23f;
  }

  // NaN becomes `low`.
  static inline __attribute__((always_inline)) Floats within(const Floats& v, float low,
                                                             float high) {
    const Floats raised = v > low ? v : all(low);
    return raised < high ? raised : all(high);
  }

  static inline __attribute__((always_inline)) Floats magnitude(const Floats& v) {
    return (Floats)((Integers)v & 0x7fffffff);
  }

  // Of the lanes from `sub` on.
  struct AffineFit {
    Floats weight_sum;
    Floats value_sum;
    Floats most;
    Floats least;  // where the levels of the best codes begin
    Floats scale;
    Floats offset;
    Floats inverse;
    Floats error;
  };

  static inline __attribute__((always_inline)) void begin(const AffineSearch& search, int sub,
                                                          AffineFit& fit) {
    Floats least = load(search.values + sub);
    Floats most = least;
    fit.weight_sum = load(search.weights + sub);
    fit.value_sum = fit.weight_sum * least;
    for (int i = 1; i < search.elements; ++i) {
      const Floats value = load(search.values + i * kSearchedSubBlocks + sub);
      const Floats weight = load(search.weights + i * kSearchedSubBlocks + sub);
      least = value < least ? value : least;
      most = value > most ? value : most;
      fit.weight_sum += weight;
      fit.value_sum += weight * value;
    }
    fit.most = most;
    fit.least = least > 0.0f ? all(0.0f) : least;
    fit.offset = fit.least;
    fit.inverse = search.largest_code / (most - fit.least);
    fit.scale = 1.0f / fit.inverse;
  }

  template <FitError kError>
  static inline __attribute__((always_inline)) Floats weighted_error(const Floats& weight,
                                                                     const Floats& d) {
    if constexpr (kError == FitError::kSquare) {
      return weight * (d * d);
    } else {
      return weight * magnitude(d);
    }
  }

  // Of the fit scale * code + offset.
  template <FitError kError>
  static inline __attribute__((always_inline)) Floats error_of(const AffineSearch& search, int sub,
                                                               const Floats* codes,
                                                               const Floats& scale,
                                                               const Floats& offset) {
    Floats sum = {};
    for (int i = 0; i < search.elements; ++i) {
      const Floats d =
          scale * codes[i] + offset - load(search.values + i * kSearchedSubBlocks + sub);
      sum += weighted_error<kError>(load(search.weights + i * kSearchedSubBlocks + sub), d);
    }
    return sum;
  }

  template <FitError kError>
  static inline __attribute__((always_inline)) void begin_error(const AffineSearch& search, int sub,
                                                                AffineFit& fit) {
    Floats codes[32];  // [elements]
    for (int i = 0; i < search.elements; ++i) {
      const Floats value = load(search.values + i * kSearchedSubBlocks + sub);
      codes[i] = within(nearest(fit.inverse * (value - fit.offset)), 0.0f, search.largest_code);
    }
    fit.error = error_of<kError>(search, sub, codes, fit.scale, fit.offset);
  }

  template <FitError kError>
  static inline __attribute__((always_inline)) void try_inverse(const AffineSearch& search, int sub,
                                                                const Floats& inverse,
                                                                AffineFit& fit) {
    Floats codes[32];  // [elements]
    Floats code_sum = {};
    Floats squares = {};
    Floats products = {};
    for (int i = 0; i < search.elements; ++i) {
      const Floats value = load(search.values + i * kSearchedSubBlocks + sub);
      codes[i] = within(nearest(inverse * (value - fit.offset)), 0.0f, search.largest_code);
      const Floats weighted = load(search.weights + i * kSearchedSubBlocks + sub) * codes[i];
      code_sum += weighted;
      squares += weighted * codes[i];
      products += weighted * value;
    }
    const Floats determinant = fit.weight_sum * squares - code_sum * code_sum;
    Floats scale = (fit.weight_sum * products - fit.value_sum * code_sum) / determinant;
    Floats offset = (squares * fit.value_sum - code_sum * products) / determinant;
    scale = offset > 0.0f ? products / squares : scale;
    offset = offset > 0.0f ? all(0.0f) : offset;
    const Floats error = error_of<kError>(search, sub, codes, scale, offset);
    const Integers better = (determinant > 0.0f) & (error < fit.error);
    fit.error = better ? error : fit.error;
    fit.scale = better ? scale : fit.scale;
    fit.inverse = better ? inverse : fit.inverse;
    fit.least = better ? fit.offset : fit.least;
    fit.offset = better ? offset : fit.offset;
  }

  template <FitError kError>
  static inline __attribute__((always_inline)) void fit_affine(const AffineSearch& search, int sub,
                                                               AffineFits& fits) {
    AffineFit fit;
    begin(search, sub, fit);
    begin_error<kError>(search, sub, fit);
    const Integers flat = fit.most == fit.offset;  // one value alone: nothing is to be searched
    for (int step = 0; step <= search.stretches; ++step) {
      const float stretch = search.first_stretch + 0.1f * static_cast<float>(step);
      try_inverse<kError>(search, sub, (stretch + search.largest_code) / (fit.most - fit.offset),
                          fit);
    }
    store(fits.scale + sub, flat ? all(0.0f) : fit.scale);
    store(fits.minimum + sub, -fit.offset);
    store(fits.inverse + sub, flat ? all(0.0f) : fit.inverse);
    store(fits.least + sub, fit.least);
  }

  static inline __attribute__((always_inline)) void sums(const float* values, int sub,
                                                         const Floats& inverse, Floats& products,
                                                         Floats& squares) {
    products = squares = Floats{};
    for (int i = 0; i < kSymmetricElements; ++i) {
      const Floats value = load(values + i * kSearchedSubBlocks + sub);
      const Floats code = within(nearest(inverse * value), -32.0f, 31.0f);
      const Floats weight = value * value;
      products += weight * value * code;
      squares += weight * code * code;
    }
  }

  static inline __attribute__((always_inline)) void fit_symmetric(const float* values, int sub,
                                                                  SymmetricFits& fits) {
    Floats largest = {};
    Floats extreme = {};
    for (int i = 0; i < kSymmetricElements; ++i) {
      const Floats value = load(values + i * kSearchedSubBlocks + sub);
      const Integers larger = magnitude(value) > largest;
      largest = larger ? magnitude(value) : largest;
      extreme = larger ? value : extreme;
    }
    Floats products;
    Floats squares;
    Floats inverse = -32.0f / extreme;
    sums(values, sub, inverse, products, squares);
    Floats scale = squares != 0.0f ? products / squares : all(0.0f);
    Floats best = scale * products;
    for (int step = -9; step <= 9; ++step) {
      if (step == 0) continue;
      const Floats tried = -(32.0f + 0.1f * static_cast<float>(step)) / extreme;
      sums(values, sub, tried, products, squares);
      const Integers better = (squares > 0.0f) & (products * products > best * squares);
      scale = better ? products / squares : scale;
      best = better ? scale * products : best;
      inverse = better ? tried : inverse;
    }
    const Integers zero = largest < 1e-15f;
    store(fits.scale + sub, zero ? all(0.0f) : scale);
    store(fits.inverse + sub, zero ? all(0.0f) : inverse);
  }
};

}  // namespace
}  // namespace sparkllama
