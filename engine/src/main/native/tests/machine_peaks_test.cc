// Checks that the peaks are of work really done: the multiply-adds are counted by their sum.
#include "cpu/machine_peaks.h"

#include "base/error.h"
#include "cpu/cpu_features.h"
#include "cpu/int8_peak.h"
#include "tests/expect.h"
#include "tests/thread_limit.h"

using namespace sparkllama;

int main() {
  const Int8Peak plain = plain_int8_peak();
  EXPECT_EQUAL(plain.run(1'000), 2 * 1'000 * plain.multiply_adds);
#if defined(__x86_64__)
  if (cpu_features().avx2) {
    const Int8Peak avx2 = avx2_int8_peak();
    EXPECT_EQUAL(avx2.run(1'000), 2 * 1'000 * avx2.multiply_adds);
  }
  if (cpu_features().avxvnni) {
    const Int8Peak avxvnni = avxvnni_int8_peak();
    EXPECT_EQUAL(avxvnni.run(1'000), 2 * 1'000 * avxvnni.multiply_adds);
  }
  if (cpu_features().avx512) {
    const Int8Peak avx512 = avx512_int8_peak();
    EXPECT_EQUAL(avx512.run(1'000), 2 * 1'000 * avx512.multiply_adds);
  }
#endif
  EXPECT(int8_multiply_adds_per_second(InstructionSet::kReference, 2, 0.02) > 1e6);
  EXPECT(bytes_read_per_second(2, 1 << 20, 0.02) > 1e6);
  EXPECT_ERROR(ConfigurationError, "at least one thread",
               int8_multiply_adds_per_second(InstructionSet::kAuto, 0, 0.02));
#if SPARKLLAMA_THREADS_CAN_BE_REFUSED
  {
    const testing::ThreadLimit limit(6);
    EXPECT_ERROR(MemoryError, "no more threads",
                 int8_multiply_adds_per_second(InstructionSet::kReference, 512, 0.02));
  }
#endif
  return testing::result();
}
