// The vector unit of panel products on 256-bit registers with AVX-VNNI.
#pragma once

#include "cpu/kernels/avx2/vector_unit.h"

namespace sparkllama {
namespace {

struct AvxVnniUnit : Avx2Unit {
  static constexpr bool kSubtractsOffset = false;

  static Int dot(Int sum, Int codes, Int activations) {
    return _mm256_dpbusd_avx_epi32(sum, codes, activations);
  }
  static Int dot_wide(Int sum, Int codes, Int activations) {
    return _mm256_dpbusd_avx_epi32(sum, codes, activations);
  }
  static Int dot_shorts(Int sum, Int a, Int b) { return _mm256_dpwssd_avx_epi32(sum, a, b); }
};

}  // namespace
}  // namespace sparkllama
