// Measures what a token's choice takes of one thread, from its logits on: by vocabulary, by how
// sure the model is, and by what the parameters cut.
//
//   sampling_rates
//
// Prints a table in Markdown, in microseconds a row: medians of rounds over rows that differ.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

#include "cpu/kernel_dispatch.h"
#include "sampling/philox.h"
#include "sampling/sampler.h"

using namespace sparkllama;

namespace {

constexpr int kRows = 40;
constexpr int kRounds = 9;

struct Cut {
  const char* name;
  float temperature;
  int32_t top_k;
  float top_p;
  float min_p;
};

constexpr Cut kCuts[] = {{"temperature 0", 0, 0, 1, 0},
                         {"nothing cut", 0.8f, 0, 1, 0},
                         {"top-k 40", 0.8f, 40, 1, 0},
                         {"top-p 0.95", 0.8f, 0, 0.95f, 0},
                         {"min-p 0.05", 0.8f, 0, 1, 0.05f}};

// Logits about normal with a deviation: at 1 next to flat, at 4 much as a trained model's.
std::vector<float> make_rows(int64_t vocabulary_size, float deviation) {
  std::vector<float> logits(kRows * vocabulary_size);
  for (size_t i = 0; i < logits.size(); ++i) {
    const PhiloxCounter word = philox4x32_10({static_cast<uint32_t>(i), 1, 0, 0}, {5, 0});
    float sum = 0;  // of twelve bytes' worth: variance 1
    for (uint32_t w : {word[0], word[1], word[2]}) {
      for (int shift = 0; shift < 32; shift += 8) {
        sum += static_cast<float>((w >> shift) & 0xff) / 255.0f - 0.5f;
      }
    }
    logits[i] = deviation * sum;
  }
  return logits;
}

double microseconds(int64_t vocabulary_size, const std::vector<float>& logits, const Cut& cut) {
  constexpr int64_t kKey[2] = {3, 4};
  Sampler sampler(*kernel_table(InstructionSet::kAuto), vocabulary_size);
  std::vector<double> rounds;
  int64_t ids = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int32_t row = 0; row < kRows; ++row) {
      const float* from = logits.data() + row * vocabulary_size;
      const RowMeasure measure = sampler.measure(from);
      ids += sampler
                 .sample(from, measure,
                         {cut.temperature, cut.top_k, cut.top_p, cut.min_p, kKey, row + round})
                 .id;
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    rounds.push_back(taken.count() / kRows * 1e6);
  }
  if (ids < 0) std::printf("no ids\n");  // what is drawn is needed, so it is computed
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2];
}

}  // namespace

int main() {
  std::printf("| vocabulary | deviation of logits |");
  for (const Cut& cut : kCuts) std::printf(" %s |", cut.name);
  std::printf("\n|---|---|---|---|---|---|---|\n");
  for (int64_t vocabulary_size : {32000, 128256}) {
    for (float deviation : {1.0f, 4.0f}) {
      const std::vector<float> logits = make_rows(vocabulary_size, deviation);
      std::printf("| %d | %g |", static_cast<int>(vocabulary_size), deviation);
      for (const Cut& cut : kCuts) {
        std::printf(" %.0f |", microseconds(vocabulary_size, logits, cut));
      }
      std::printf("\n");
    }
  }
}
