#include "cpu/int8_peak.h"

namespace sparkllama {
namespace {

constexpr int kLanes = 1024;

int64_t run(int64_t rounds) {
  alignas(64) int8_t a[kLanes];
  alignas(64) int8_t b[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    a[i] = 1;
    b[i] = 2;
  }
  int64_t sum = 0;
  for (int64_t round = 0; round < rounds; ++round) {
    asm volatile("" : : "r"(a), "r"(b) : "memory");  // nothing may be hoisted out of the loop
    int32_t dot = 0;
    for (int i = 0; i < kLanes; ++i) {
      dot += int32_t{a[i]} * b[i];
    }
    sum += dot;
  }
  return sum;
}

}  // namespace

Int8Peak plain_int8_peak() { return {.multiply_adds = kLanes, .run = run}; }

}  // namespace sparkllama
