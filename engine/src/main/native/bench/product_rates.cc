// Measures matrix products: multiply-adds per second of one thread with everything in the caches,
// and the share of memory's bandwidth of all threads with weights far beyond them.
//
//   product_rates THREADS [INSTRUCTION_SET]
//
// Prints two tables in Markdown. INSTRUCTION_SET is a table's name, such as avx2; the best of this
// processor where not given.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/aligned_array.h"
#include "cpu/kernel_dispatch.h"
#include "cpu/machine_peaks.h"
#include "cpu/weight_packing.h"
#include "tests/instruction_sets.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr int64_t kColumns = 2048;
constexpr int64_t kCachedRows = 512;
constexpr int64_t kMemoryBytes = int64_t{700} << 20;
constexpr int64_t kActivationRows[] = {1, 2, 4, 8, 16, 32, 64, 512};
constexpr int64_t kFewActivationRows[] = {1, 2, 4, 6, 8};
constexpr int kRounds = 9;
constexpr TensorType kTypes[] = {TensorType::kQ4_0, TensorType::kQ8_0, TensorType::kQ4_K,
                                 TensorType::kQ5_K, TensorType::kQ6_K, TensorType::kQ3_K};

template <typename Work>
double seconds_of(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Of one thread, as often as takes about 20 ms.
double cached_rate(const KernelTable& table, TensorType type, int64_t num_rows, Random& random) {
  const std::vector<std::byte> data = random_weights(type, kCachedRows * kColumns, true, random);
  const PackedWeights weights(type, data.data(), kCachedRows, kColumns);
  const OwnedActivations x = prepare(table, type, random.gaussians(num_rows * kColumns), num_rows,
                                     kColumns, table.tile_rows);
  const Activations view = x.view();
  std::vector<float> y(static_cast<size_t>(num_rows * kCachedRows));
  AlignedArray<std::byte> scratch(kProductScratchBytes);
  const double work = static_cast<double>(num_rows * kCachedRows * kColumns);
  const int repeats = std::max(1, static_cast<int>(4e9 / work));
  std::vector<double> rates;
  for (int round = 0; round < kRounds; ++round) {
    const double seconds = seconds_of([&] {
      for (int i = 0; i < repeats; ++i) {
        table.matrix_product(weights.matrix(), 0, kCachedRows, view, scratch.data(), y.data(),
                             kCachedRows);
      }
    });
    rates.push_back(work * repeats / seconds);
  }
  return median(rates);
}

// What weights are read at, as a share of what memory gives just before.
double memory_share(const KernelTable& table, int threads, const PackedMatrix& weights,
                    int64_t num_rows, Random& random) {
  const OwnedActivations x = prepare(table, weights.type, random.gaussians(num_rows * kColumns),
                                     num_rows, kColumns, table.tile_rows);
  const Activations view = x.view();
  std::vector<float> y(static_cast<size_t>(num_rows * weights.rows));
  AlignedArray<std::byte> scratch(threads * kProductScratchBytes);
  const int64_t share = weights.rows / threads / 32 * 32;
  std::vector<double> shares;
  for (int round = 0; round < kRounds; ++round) {
    const double bandwidth = bytes_read_per_second(threads, int64_t{512} << 20, 0.2);
    const double seconds = seconds_of([&] {
      std::vector<std::thread> running;
      for (int t = 0; t < threads; ++t) {
        running.emplace_back([&, t] {
          const int64_t end = t + 1 == threads ? weights.rows : (t + 1) * share;
          table.matrix_product(weights, t * share, end, view,
                               scratch.data() + t * kProductScratchBytes, y.data(), weights.rows);
        });
      }
      for (std::thread& thread : running) thread.join();
    });
    const double bytes =
        static_cast<double>(panel_bytes(weights.type, kColumns) * panel_count(weights.rows));
    shares.push_back(bytes / seconds / bandwidth);
  }
  return median(shares);
}

void print_cached(const KernelTable& table, double peak) {
  std::printf("| G multiply-adds/s, %s |", table.name);
  for (const int64_t rows : kActivationRows) std::printf(" %ld |", static_cast<long>(rows));
  std::printf(" of the peak |\n|---|");
  for (size_t i = 0; i <= std::size(kActivationRows); ++i) std::printf("---|");
  std::printf("\n");
  Random random(3);
  for (const TensorType type : kTypes) {
    std::printf("| %s |", tensor_type_name(type));
    double rate = 0;
    for (const int64_t rows : kActivationRows) {
      rate = cached_rate(table, type, rows, random);
      std::printf(" %.0f |", rate * 1e-9);
    }
    std::printf(" %.0f%% |\n", 100 * rate / peak);
  }
}

void print_memory(const KernelTable& table, int threads) {
  std::printf("\n| share of the bandwidth, %d threads |", threads);
  for (const int64_t rows : kFewActivationRows) std::printf(" %ld |", static_cast<long>(rows));
  std::printf("\n|---|");
  for (size_t i = 0; i < std::size(kFewActivationRows); ++i) std::printf("---|");
  std::printf("\n");
  Random random(5);
  for (const TensorType type : kTypes) {
    const int64_t panel = panel_bytes(type, kColumns);
    const int64_t rows = kMemoryBytes / panel * kPanelRows / 1024 * 1024;
    const std::vector<std::byte> data = random_weights(type, 1024 * kColumns, true, random);
    AlignedArray<std::byte> packed(panel * panel_count(rows));
    for (int64_t r = 0; r < rows; r += 1024) {
      pack_rows(type, data.data(), 1024, kColumns, packed.data() + r / kPanelRows * panel);
    }
    std::printf("| %s |", tensor_type_name(type));
    for (const int64_t num_rows : kFewActivationRows) {
      const double share =
          memory_share(table, threads, {type, packed.data(), rows, kColumns}, num_rows, random);
      std::printf(" %.0f%% |", 100 * share);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  InstructionSet set = InstructionSet::kAuto;
  for (const NamedInstructionSet& named : kInstructionSets) {
    const KernelTable* there = kernel_table(named.set);
    if (argc > 2 && there != nullptr && std::strcmp(argv[2], there->name) == 0) set = named.set;
  }
  const KernelTable* table = kernel_table(set);
  if (threads < 1 || (argc > 2 && std::strcmp(argv[2], table->name) != 0)) {
    std::fprintf(stderr, "usage: product_rates THREADS [INSTRUCTION_SET]\n");
    return 2;
  }
  const double peak = int8_multiply_adds_per_second(set, 1, 0.5);
  std::printf("Peak of one thread: %.0f G multiply-adds/s\n\n", peak * 1e-9);
  print_cached(*table, peak);
  print_memory(*table, threads);
  return 0;
}
