// Tells which step runs and how far it is, as io.sparkllama.engine.runner.StepStatusPage reads it.
//
// A worker process keeps it on a page that it shares with its parent, which reads there after the
// worker's end what it was at. Written with a store or two at each phase and row.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace sparkllama {

class StepStatus {
 public:
  // Threads beyond leave no trace of their rows.
  static constexpr int kMostThreads = 1022;

  enum class Phase : int32_t { kIdle = 0, kChecking, kForward, kSampling };

  void begin(int32_t step) {
    step_.store(step, std::memory_order_release);
    enter(Phase::kChecking);
  }
  void enter(Phase phase) { phase_.store(static_cast<int32_t>(phase), std::memory_order_release); }
  // Between the two, `thread` turns the logits of `row` into results.
  void begin_row(int thread, int64_t row) { set_row(thread, static_cast<int32_t>(row) + 1); }
  void end_row(int thread) { set_row(thread, 0); }

 private:
  void set_row(int thread, int32_t value) {
    if (thread < kMostThreads) {
      rows_[thread].store(value, std::memory_order_release);
      std::atomic_signal_fence(std::memory_order_seq_cst);  // what follows may be the last
    }
  }

  std::atomic<int32_t> step_ = 0;
  std::atomic<int32_t> phase_ = 0;
  std::array<std::atomic<int32_t>, kMostThreads> rows_ = {};  // 1 more than the row; 0 for none
};

static_assert(sizeof(StepStatus) == 4096 && std::atomic<int32_t>::is_always_lock_free);

}  // namespace sparkllama
