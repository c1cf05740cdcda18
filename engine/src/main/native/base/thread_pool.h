// Runs one piece of work on a fixed number of threads at once, and waits for all of them.
//
// Work is divided into one share for each thread; a waiting thread spins briefly and then parks. A
// share that its thread has not begun when the caller is done with its own is done by the caller:
// where processors have other work too, such as another executor, nobody waits for a thread that
// is not even running. The threads keep denormals and round to nearest, whatever their maker does;
// the caller sees to its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace sparkllama {

// Half-open range of items.
struct Share {
  int64_t begin;
  int64_t end;
};

// Returns the share of `thread` out of `threads` in `items`, in whole granules but for the last.
constexpr Share share_of(int64_t items, int64_t granule, int thread, int threads) {
  const int64_t granules = (items + granule - 1) / granule;
  const int64_t begin = granules * thread / threads * granule;
  const int64_t end = granules * (thread + 1) / threads * granule;
  return {begin < items ? begin : items, end < items ? end : items};
}

class ThreadPool {
 public:
  // The caller of `run` is one of the threads; the others are started here.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(share, threads) for every share in [0, threads), each once, at the same time; the
  // body throws nothing. Little work is done by the caller alone, with threads = 1: waking others
  // would take longer, most of all where the processors have other work too. `work` counts integer
  // multiply-adds or their like, of which a thread does about 50 in a nanosecond. One caller at a
  // time.
  template <typename Body>
  void run(int64_t work, const Body& body) {
    constexpr int64_t kWorthWaking = 500'000;
    if (workers_.empty() || work < kWorthWaking) {
      body(0, 1);
      return;
    }
    run_all([](const void* erased, int thread,
               int threads) { (*static_cast<const Body*>(erased))(thread, threads); },
            &body);
  }

 private:
  using Call = void (*)(const void* body, int thread, int threads);

  // State of a worker's share, on a line of its own.
  struct alignas(64) Claim {
    std::atomic<uint32_t> state = 2;
  };

  void run_all(Call call, const void* body);
  void finish_share(int thread);
  void work(int thread);
  void stop();

  std::vector<std::thread> workers_;
  Call call_ = nullptr;
  const void* body_ = nullptr;
  int threads_ = 1;
  std::atomic<bool> stopping_ = false;
  std::vector<Claim> claims_;                    // of shares, the caller's unused
  alignas(64) std::atomic<uint32_t> round_ = 0;  // moves on when there is work, or the end
};

}  // namespace sparkllama
