// Tells what the processor and the operating system offer.
#pragma once

namespace sparkllama {

struct CpuFeatures {
  bool avx2;     // with FMA and F16C, and the operating system saves the registers
  bool avxvnni;  // all of avx2, and AVX-VNNI
  bool avx512;   // all of avx2, and F, BW, DQ, VL and VNNI; the system saves these registers too
  bool neon;     // with dot products of bytes
};

CpuFeatures cpu_features();

}  // namespace sparkllama
