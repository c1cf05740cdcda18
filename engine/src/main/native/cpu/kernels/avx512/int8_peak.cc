#include "cpu/int8_peak.h"

#include <immintrin.h>

namespace sparkllama {
namespace {

constexpr int kAccumulators = 16;

// Each accumulator takes 64 products a round: vpdpbusd.
int64_t run(int64_t rounds) {
  const __m512i weights = _mm512_set1_epi8(1);
  __m512i activations = _mm512_set1_epi8(2);
  __m512i sums[kAccumulators];
  for (__m512i& sum : sums) {
    sum = _mm512_setzero_si512();
  }
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
    for (int i = 0; i < kAccumulators; ++i) {
      asm volatile("" : "+v"(activations));  // else one product would serve all accumulators
      sums[i] = _mm512_dpbusd_epi32(sums[i], weights, activations);
    }
  }
  int64_t total = 0;
  for (const __m512i& sum : sums) {
    alignas(64) int32_t lanes[16];
    _mm512_store_si512(lanes, sum);
    for (int32_t lane : lanes) {
      total += lane;
    }
  }
  return total;
}

}  // namespace

Int8Peak avx512_int8_peak() { return {.multiply_adds = kAccumulators * 64, .run = run}; }

}  // namespace sparkllama
