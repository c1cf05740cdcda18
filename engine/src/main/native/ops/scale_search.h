// Declares the search for the scales of sub-blocks, which takes most of the time of quantizing to
// the types with super-blocks. It is llama.cpp's: a least-squares fit of scale (and minimum) for
// each of some twenty ways of rounding, of which the best stays.
//
// 16 sub-blocks are searched at once. Every one has its own chain of operations, in the order of
// its elements and each rounded by itself, never fused: lanes are sub-blocks, and a result depends
// on its own sub-block alone. round(v) is to the nearest whole number, ties to even, by adding and
// taking away 1.5 * 2^23; a code that is no number counts as the least.
#pragma once

#include <cstdint>

namespace sparkllama {

constexpr int kSearchedSubBlocks = 16;

// How a fit's error is measured, each element by its weight.
enum class FitError { kSquare, kMagnitude };

// What is asked for of a fit value = scale * code - minimum, code from 0 to `largest_code`.
struct AffineSearch {
  int32_t elements;     // of a sub-block, at most 32
  float largest_code;   // 3, 15 or 31
  float first_stretch;  // the first candidate's levels are this many more than largest_code
  int32_t stretches;    // candidates after the first, each 0.1 levels more than the one before
  FitError error;
  const float* values;   // [elements][kSearchedSubBlocks]
  const float* weights;  // [elements][kSearchedSubBlocks]
};

// Codes are round(inverse * (value - least)), from 0 to the largest: `inverse` and `least` tell the
// codes that the fit was made with. A candidate's levels begin where the best fit so far has its
// offset, at first at the least value, or at 0 where it is above. A sub-block of one value alone,
// not above 0, has scale and inverse 0.
struct AffineFits {
  float scale[kSearchedSubBlocks];
  float minimum[kSearchedSubBlocks];  // to be subtracted; not negative
  float inverse[kSearchedSubBlocks];
  float least[kSearchedSubBlocks];
};

// Elements of a sub-block of the fit value = scale * code, code from -32 to 31. An element's weight
// is its square.
constexpr int kSymmetricElements = 16;

// Codes are round(inverse * value), from -32 to 31. Sub-blocks without a magnitude of 1e-15 or more
// count as zero: scale and inverse 0.
struct SymmetricFits {
  float scale[kSearchedSubBlocks];
  float inverse[kSearchedSubBlocks];
};

}  // namespace sparkllama
