// Tells what the processor and the operating system offer.
#pragma once

namespace sparkllama {

struct CpuFeatures {
  bool avx2;  // with FMA and F16C, and the operating system saves the registers
};

CpuFeatures cpu_features();

}  // namespace sparkllama
