#include "cpu/machine_peaks.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"
#include "cpu/int8_peak.h"

namespace sparkllama {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Runs `work(thread)` on all threads again and again for `seconds`, from a common start. `work`
// returns how much it did. Returns what all did together per second.
double rate(int threads, double seconds, const std::function<double(int)>& work) {
  std::vector<double> rates(threads);
  std::barrier start(threads);
  std::atomic<bool> cancelled = false;
  const auto measure = [&](int thread) {
    work(thread);  // touches what it needs
    start.arrive_and_wait();
    if (cancelled) {
      return;
    }
    const Clock::time_point begin = Clock::now();
    double done = 0;
    do {
      done += work(thread);
    } while (seconds_since(begin) < seconds);
    rates[thread] = done / seconds_since(begin);
  };
  std::vector<std::thread> running;
  running.reserve(threads);
  try {
    for (int thread = 0; thread < threads; ++thread) {
      running.emplace_back(measure, thread);
    }
  } catch (const std::system_error& e) {
    cancelled = true;
    static_cast<void>(start.arrive(threads - static_cast<std::ptrdiff_t>(running.size())));
    for (std::thread& thread : running) {
      thread.join();
    }
    throw MemoryError(std::string("The system gives no more threads: measure with fewer: ") +
                      e.what());
  }
  double sum = 0;
  for (int thread = 0; thread < threads; ++thread) {
    running[thread].join();
    sum += rates[thread];
  }
  return sum;
}

uint64_t sum_of_words(const uint64_t* words, int64_t count) {
  uint64_t lanes[16] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int lane = 0; lane < 16; ++lane) {
      lanes[lane] += words[i + lane];
    }
  }
  uint64_t sum = 0;
  for (; i < count; ++i) {
    sum += words[i];
  }
  for (uint64_t lane : lanes) {
    sum += lane;
  }
  return sum;
}

Int8Peak peak_of(InstructionSet instruction_set) {
#if defined(__x86_64__)
  const KernelTable* table = kernel_table(instruction_set);
  if (table != nullptr && std::string_view(table->name) == "avx2") {
    return avx2_int8_peak();
  }
  if (table != nullptr && std::string_view(table->name) == "avxvnni") {
    return avxvnni_int8_peak();
  }
  if (table != nullptr && std::string_view(table->name) == "avx512") {
    return avx512_int8_peak();
  }
#endif
  if (kernel_table(instruction_set) == nullptr) {
    throw ConfigurationError("this processor has not the instruction set that was asked for");
  }
  return plain_int8_peak();
}

void require_positive(int threads, double seconds) {
  if (threads < 1 || !(seconds > 0)) {
    throw ConfigurationError("a measurement needs at least one thread and some time");
  }
}

}  // namespace

double int8_multiply_adds_per_second(InstructionSet instruction_set, int threads, double seconds) {
  require_positive(threads, seconds);
  constexpr int64_t kRounds = 20'000;
  const Int8Peak peak = peak_of(instruction_set);
  return rate(threads, seconds, [&](int) {
    const int64_t sum = peak.run(kRounds);
    return static_cast<double>(sum) / 2;  // exact: 1 * 2 per multiply-add
  });
}

double bytes_read_per_second(int threads, int64_t bytes, double seconds) {
  require_positive(threads, seconds);
  const int64_t words = std::max<int64_t>(bytes / 8 / threads, 1);
  const auto buffer = std::make_unique<uint64_t[]>(words * threads);  // zeroed, so it is backed
  return rate(threads, seconds, [&](int thread) {
    // A sum of zeros is 0, but the compiler does not know.
    const uint64_t sum = sum_of_words(buffer.get() + words * thread, words);
    return static_cast<double>(words * 8) + static_cast<double>(sum);
  });
}

}  // namespace sparkllama
