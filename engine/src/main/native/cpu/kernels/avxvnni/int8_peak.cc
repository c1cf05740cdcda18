#include "cpu/int8_peak.h"

#include <immintrin.h>

namespace sparkllama {
namespace {

constexpr int kAccumulators = 12;

// Each accumulator takes 32 products a round: vpdpbusd.
int64_t run(int64_t rounds) {
  const __m256i weights = _mm256_set1_epi8(1);
  __m256i activations = _mm256_set1_epi8(2);
  __m256i sums[kAccumulators];
  for (__m256i& sum : sums) {
    sum = _mm256_setzero_si256();
  }
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kAccumulators; ++i) {
      asm volatile("" : "+x"(activations));  // else one product would serve all accumulators
      sums[i] = _mm256_dpbusd_avx_epi32(sums[i], weights, activations);
    }
  }
  int64_t total = 0;
  for (const __m256i& sum : sums) {
    alignas(32) int32_t lanes[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
    for (int32_t lane : lanes) {
      total += lane;
    }
  }
  return total;
}

}  // namespace

Int8Peak avxvnni_int8_peak() { return {.multiply_adds = kAccumulators * 32, .run = run}; }

}  // namespace sparkllama
