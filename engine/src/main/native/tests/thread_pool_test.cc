// Checks that every thread gets its share of every round, whether it spins or has parked.
#include "runner/thread_pool.h"

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

}  // namespace

int main() {
  check_shares();
  for (int threads : {1, 2, 3, 8}) {
    check_rounds(threads);
  }
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
