// Runs one piece of work on a fixed number of threads at once, and waits for all of them.
//
// Work is divided by the thread's number, never by who comes first; a waiting thread spins briefly
// and then parks. The threads keep denormals and round to nearest, whatever their maker does; the
// caller sees to its own.
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

  // Calls body(thread, threads) for every thread in [0, threads); the body throws nothing. Little
  // work is done by the caller alone, with threads = 1: waking others would take longer, most of
  // all where the processors have other work too. `work` counts integer multiply-adds or their
  // like, of which a thread does about 50 in a nanosecond. One caller at a time.
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

  void run_all(Call call, const void* body);
  void work(int thread);
  void stop();

  std::vector<std::thread> workers_;
  Call call_ = nullptr;
  const void* body_ = nullptr;
  int threads_ = 1;
  bool stopping_ = false;
  alignas(64) std::atomic<uint32_t> round_ = 0;    // moves on when there is work, or the end
  alignas(64) std::atomic<uint32_t> working_ = 0;  // workers that have not finished the round
};

}  // namespace sparkllama
