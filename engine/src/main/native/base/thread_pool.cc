#include "base/thread_pool.h"

#include <string>
#include <system_error>

#include "base/error.h"
#include "base/float_environment.h"

namespace sparkllama {
namespace {

constexpr int kSpins = 2000;

// A share's state: three for each round, in this order. What a thread has claimed is of the round
// under way, since the caller waits for it: so it may read the round's work after that.
constexpr uint32_t kOpen = 0;
constexpr uint32_t kClaimed = 1;
constexpr uint32_t kDone = 2;
constexpr uint32_t kStates = 4;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until the value is another than `old`.
void wait_while(const std::atomic<uint32_t>& value, uint32_t old, int spins) {
  for (int i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != old) {
      return;
    }
    relax();
  }
  value.wait(old, std::memory_order_acquire);
}

bool claim(std::atomic<uint32_t>& state) {
  uint32_t open = state.load(std::memory_order_acquire);
  return open % kStates == kOpen &&
         state.compare_exchange_strong(open, open + kClaimed, std::memory_order_acq_rel);
}

}  // namespace

ThreadPool::ThreadPool(int threads) : threads_(threads), claims_(threads) {
  workers_.reserve(threads - 1);
  try {
    for (int thread = 1; thread < threads; ++thread) {
      workers_.emplace_back([this, thread] { work(thread); });
    }
  } catch (const std::system_error& e) {
    stop();
    throw MemoryError(std::string("The system gives no more threads: lower engine.threads: ") +
                      e.what());
  } catch (...) {
    stop();  // a thread that nobody joins would end the process
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

void ThreadPool::run_all(Call call, const void* body) {
  call_ = call;
  body_ = body;
  for (int thread = 1; thread < threads_; ++thread) {
    std::atomic<uint32_t>& state = claims_[thread].state;
    // From one round's end to the next one's begin.
    state.store(state.load(std::memory_order_relaxed) / kStates * kStates + kStates,
                std::memory_order_release);
  }
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  call(body, 0, threads_);
  for (int thread = 1; thread < threads_; ++thread) {
    finish_share(thread);
  }
}

void ThreadPool::finish_share(int thread) {
  std::atomic<uint32_t>& state = claims_[thread].state;
  if (claim(state)) {
    call_(body_, thread, threads_);
    return;
  }
  const uint32_t claimed = state.load(std::memory_order_relaxed) / kStates * kStates + kClaimed;
  while (state.load(std::memory_order_acquire) == claimed) {
    wait_while(state, claimed, kSpins);
  }
}

void ThreadPool::work(int thread) {
  const FloatEnvironment float_environment;
  std::atomic<uint32_t>& state = claims_[thread].state;
  uint32_t seen = 0;
  int spins = kSpins;
  while (true) {
    wait_while(round_, seen, spins);
    seen = round_.load(std::memory_order_acquire);
    if (stopping_.load(std::memory_order_relaxed)) {
      return;
    }
    if (claim(state)) {
      call_(body_, thread, threads_);
      state.fetch_add(kDone - kClaimed, std::memory_order_release);
      state.notify_one();
      spins = kSpins;
    } else {
      spins = 0;  // too late: the processor has other work, which spinning would hold up
    }
  }
}

}  // namespace sparkllama
