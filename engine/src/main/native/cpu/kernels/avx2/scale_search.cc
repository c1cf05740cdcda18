// Searches scales of sub-blocks, eight at a time.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/scale_search_lanes.h"

namespace sparkllama::avx2 {
namespace {

constexpr int kLanes = 8;

}  // namespace

void fit_affine(const AffineSearch& search, AffineFits& fits) {
  for (int sub = 0; sub < kSearchedSubBlocks; sub += kLanes) {
    if (search.error == FitError::kSquare) {
      ScaleSearchLanes<kLanes>::fit_affine<FitError::kSquare>(search, sub, fits);
    } else {
      ScaleSearchLanes<kLanes>::fit_affine<FitError::kMagnitude>(search, sub, fits);
    }
  }
}

void fit_symmetric(const float* values, SymmetricFits& fits) {
  for (int sub = 0; sub < kSearchedSubBlocks; sub += kLanes) {
    ScaleSearchLanes<kLanes>::fit_symmetric(values, sub, fits);
  }
}

}  // namespace sparkllama::avx2
