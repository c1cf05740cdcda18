#include "cpu/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace sparkllama {

#if defined(__x86_64__)

CpuFeatures cpu_features() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return {false};
  constexpr unsigned kNeeded = bit_FMA | bit_F16C | bit_AVX | bit_OSXSAVE;
  if ((ecx & kNeeded) != kNeeded) return {false};
  // XCR0: the operating system keeps the SSE and the AVX halves of the registers.
  unsigned xcr0_low = 0;
  unsigned xcr0_high = 0;
  __asm__("xgetbv" : "=a"(xcr0_low), "=d"(xcr0_high) : "c"(0));
  if ((xcr0_low & 6u) != 6u) return {false};
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return {false};
  return {(ebx & bit_AVX2) != 0};
}

#else

CpuFeatures cpu_features() { return {false}; }

#endif

}  // namespace sparkllama
