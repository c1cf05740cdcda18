// Runs as many multiply-adds of 8-bit integers as an instruction set can, on operands in registers.
#pragma once

#include <cstdint>

namespace sparkllama {

struct Int8Peak {
  int64_t multiply_adds;  // of one round
  // Multiplies 1 by 2 and adds, `rounds` times on each of multiply_adds lanes; returns the sum of
  // all lanes, which is 2 * rounds * multiply_adds. `rounds` is at most 2^26.
  int64_t (*run)(int64_t rounds);
};

Int8Peak plain_int8_peak();
Int8Peak avx2_int8_peak();     // runs on processors with AVX2 only
Int8Peak avxvnni_int8_peak();  // runs on processors with AVX-VNNI only
Int8Peak avx512_int8_peak();   // runs on processors with AVX-512 VNNI only

}  // namespace sparkllama
