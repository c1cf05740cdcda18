#include "runner/thread_pool.h"

#include <string>
#include <system_error>

#include "base/error.h"
#include "base/float_environment.h"

namespace sparkllama {
namespace {

constexpr int kSpins = 2000;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until the value is another than `old`.
void wait_while(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) {
      return;
    }
    relax();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) : threads_(threads) {
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
  stopping_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

void ThreadPool::run_all(Call call, const void* body) {
  call_ = call;
  body_ = body;
  working_.store(static_cast<uint32_t>(workers_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  call(body, 0, threads_);
  for (uint32_t left = working_.load(std::memory_order_acquire); left != 0;
       left = working_.load(std::memory_order_acquire)) {
    wait_while(working_, left);
  }
}

void ThreadPool::work(int thread) {
  const FloatEnvironment float_environment;
  uint32_t seen = 0;
  while (true) {
    wait_while(round_, seen);
    ++seen;  // every round waits for all workers, so none is missed
    if (stopping_) {
      return;
    }
    call_(body_, thread, threads_);
    if (working_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      working_.notify_one();
    }
  }
}

}  // namespace sparkllama
