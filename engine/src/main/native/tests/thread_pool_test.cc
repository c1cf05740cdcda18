// Checks that every share of every round is done once, whether its thread spins, has parked or has
// no processor.
#include "base/thread_pool.h"

#if defined(__linux__)
#include <sched.h>
#endif

#include <chrono>
#include <thread>
#include <vector>

#include "base/error.h"
#include "tests/expect.h"
#include "tests/thread_limit.h"

using namespace sparkllama;

namespace {

constexpr int64_t kMuch = int64_t{1} << 40;

void check_shares() {
  for (int64_t items : {0, 1, 15, 16, 17, 100, 1000}) {
    for (int threads : {1, 2, 3, 7}) {
      int64_t next = 0;
      for (int thread = 0; thread < threads; ++thread) {
        const Share share = share_of(items, 16, thread, threads);
        EXPECT_EQUAL(share.begin, next);
        EXPECT(share.end >= share.begin);
        EXPECT(share.begin % 16 == 0 || share.begin == items);
        next = share.end;
      }
      EXPECT_EQUAL(next, items);
    }
  }
}

void check_rounds(int threads) {
  ThreadPool pool(threads);
  EXPECT_EQUAL(pool.size(), threads);
  std::vector<int64_t> sums(threads, 0);
  constexpr int kRounds = 600;
  for (int round = 1; round <= kRounds; ++round) {
    if (round % 150 == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // long enough to park
    }
    pool.run(kMuch, [&](int thread, int count) {
      EXPECT_EQUAL(count, threads);
      sums[thread] += round;  // what the last round wrote must be seen
    });
  }
  for (int64_t sum : sums) {
    EXPECT_EQUAL(sum, int64_t{kRounds} * (kRounds + 1) / 2);
  }
  int calls = 0;
  pool.run(1, [&](int thread, int count) {
    EXPECT(thread == 0 && count == 1);
    ++calls;
  });
  EXPECT_EQUAL(calls, 1);
}

#if defined(__linux__)
// Caller and worker have one processor between them, so the worker comes late.
void check_late_workers() {
  cpu_set_t all;
  CPU_ZERO(&all);
  EXPECT_EQUAL(sched_getaffinity(0, sizeof(all), &all), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  }
  EXPECT_EQUAL(sched_setaffinity(0, sizeof(one), &one), 0);
  {
    ThreadPool pool(2);
    const std::thread::id caller = std::this_thread::get_id();
    constexpr int kRounds = 1000;
    int shares = 0;
    int by_caller = 0;
    for (int round = 0; round < kRounds; ++round) {
      pool.run(kMuch, [&](int share, int) {
        if (share == 1) {
          ++shares;
          by_caller += std::this_thread::get_id() == caller ? 1 : 0;
        }
      });
    }
    EXPECT_EQUAL(shares, kRounds);
    EXPECT(by_caller > kRounds / 2);
  }
  EXPECT_EQUAL(sched_setaffinity(0, sizeof(all), &all), 0);
}
#endif

}  // namespace

int main() {
  check_shares();
  for (int threads : {1, 2, 3, 8}) {
    check_rounds(threads);
  }
#if defined(__linux__)
  check_late_workers();
#endif
  {
    ThreadPool unused(4);
  }
#if SPARKLLAMA_THREADS_CAN_BE_REFUSED
  {
    const testing::ThreadLimit limit(6);
    EXPECT_ERROR(MemoryError, "engine.threads", ThreadPool(512));
  }
#endif
  return testing::result();
}
