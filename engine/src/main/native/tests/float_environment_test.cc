// Checks that another library's flushing of denormals reaches neither a guarded scope nor the
// pool's threads, and that it gets its own setting back.
#include "base/float_environment.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <thread>

#include "base/thread_pool.h"
#include "tests/expect.h"

using namespace sparkllama;

namespace {

#if defined(__x86_64__)
constexpr uint32_t kForeign = 0x1F80 | 0x8000 | 0x0040 | 0x6000;  // FTZ, DAZ, towards zero
constexpr uint32_t kKept = 0xFFC0;  // all but the flags that arithmetic raises

bool keeps_denormals() {
  volatile float smallest = std::numeric_limits<float>::denorm_min();
  volatile float half = 0.5f;
  volatile float least_normal = std::numeric_limits<float>::min();
  const float doubled = smallest + smallest;  // zero under DAZ
  const float halved = least_normal * half;   // zero under FTZ
  return doubled > 0 && halved > 0;
}

bool rounds_to_nearest() {
  volatile float one = 1;
  volatile float most_of_a_step = 0.75f * std::numeric_limits<float>::epsilon();
  const float sum = one + most_of_a_step;
  return sum > 1;
}

void check_scope() {
  _mm_setcsr(kForeign);
  EXPECT(!keeps_denormals());
  EXPECT(!rounds_to_nearest());
  {
    const FloatEnvironment guard;
    EXPECT(keeps_denormals());
    EXPECT(rounds_to_nearest());
  }
  EXPECT_EQUAL(_mm_getcsr() & kKept, kForeign & kKept);
  EXPECT(!keeps_denormals());
}

void check_pool() {
  _mm_setcsr(kForeign);
  ThreadPool pool(4);
  std::atomic<int> begun = 0;
  std::atomic<int> right = 0;
  pool.run(int64_t{1} << 40, [&](int thread, int) {
    if (thread == 0) {
      while (begun.load() < 3) std::this_thread::yield();  // else it might do another's share
      return;
    }
    ++begun;
    if (keeps_denormals() && rounds_to_nearest()) {
      ++right;
    }
  });
  EXPECT_EQUAL(right.load(), 3);
}
#endif

}  // namespace

int main() {
#if defined(__x86_64__)
  const uint32_t before = _mm_getcsr();
  check_scope();
  check_pool();
  _mm_setcsr(before);
#endif
  return testing::result();
}
