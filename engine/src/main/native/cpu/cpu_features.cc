#include "cpu/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace sparkllama {

#if defined(__x86_64__)

CpuFeatures cpu_features() {
  constexpr CpuFeatures kNone = {};
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return kNone;
  constexpr unsigned kNeeded = bit_FMA | bit_F16C | bit_AVX | bit_OSXSAVE;
  if ((ecx & kNeeded) != kNeeded) return kNone;
  unsigned xcr0_low = 0;
  unsigned xcr0_high = 0;
  __asm__("xgetbv" : "=a"(xcr0_low), "=d"(xcr0_high) : "c"(0));
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return kNone;
  // XCR0: the operating system keeps the SSE and the AVX halves of the registers; of AVX-512 the
  // masks, the upper halves and the upper sixteen too.
  const bool avx2 = (xcr0_low & 0x06u) == 0x06u && (ebx & bit_AVX2) != 0;
  constexpr unsigned kWide = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  const bool avx512 =
      avx2 && (xcr0_low & 0xe6u) == 0xe6u && (ebx & kWide) == kWide && (ecx & bit_AVX512VNNI) != 0;
  constexpr unsigned kAvxVnni = 1u << 4;  // of EAX in the second part of leaf 7
  const bool has_more = eax >= 1;
  if (!has_more || __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) == 0) eax = 0;
  const bool avxvnni = avx2 && (eax & kAvxVnni) != 0;
  return {.avx2 = avx2, .avxvnni = avxvnni, .avx512 = avx512, .neon = false};
}

#elif defined(__aarch64__)

CpuFeatures cpu_features() {
  CpuFeatures features = {};
  features.neon = (::getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  return features;
}

#else

CpuFeatures cpu_features() { return {}; }

#endif

}  // namespace sparkllama
