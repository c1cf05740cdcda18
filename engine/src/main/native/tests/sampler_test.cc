// Checks the sampler against a plain computation in long double, and its edges one by one.
#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cpu/kernel_dispatch.h"
#include "sampling/philox.h"
#include "tests/expect.h"

using namespace sparkllama;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
// The table in force: the reference gives the same bits, which another test holds.
const KernelTable& kernels() { return *kernel_table(InstructionSet::kAuto); }

constexpr int64_t kKey[2] = {0x123456789abcdef0, 42};

// Logits of a seeded shape, with ties.
std::vector<float> make_logits(int size, uint32_t seed) {
  std::vector<float> logits(size);
  for (int i = 0; i < size; ++i) {
    const PhiloxCounter word = philox4x32_10({static_cast<uint32_t>(i), 0, 0, 0}, {seed, 0});
    logits[i] = static_cast<float>(static_cast<int>(word[0] % 4001) - 2000) / 200.0f;
  }
  return logits;
}

// Tells whether the parameters leave tokens out.
bool is_cut(const SamplingParameters& p, size_t size) {
  return (p.top_k > 0 && p.top_k < static_cast<int>(size)) || p.top_p < 1 || p.min_p > 0;
}

struct Kept {
  int id;
  long double probability;
};

// The distribution that is sampled from, by the definition: where it is cut best first, else by id.
std::vector<Kept> distribution(const std::vector<float>& logits, const SamplingParameters& p) {
  std::vector<int> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return logits[a] > logits[b]; });
  if (p.top_k > 0 && p.top_k < static_cast<int>(order.size())) order.resize(p.top_k);
  const long double maximum = logits[order[0]];
  long double total = 0;
  for (int id : order) total += std::exp(logits[id] - maximum);
  size_t kept = 0;
  for (long double sum = 0; kept < order.size() && (kept == 0 || sum < p.top_p * total); ++kept) {
    const long double weight = std::exp(logits[order[kept]] - maximum);
    if (kept > 0 && weight < p.min_p) break;
    sum += weight;
  }
  if (p.top_p >= 1) {  // the loop above may stop early where the sum is rounded
    kept = 0;
    while (kept < order.size() &&
           (kept == 0 || std::exp(logits[order[kept]] - maximum) >= p.min_p)) {
      ++kept;
    }
  }
  order.resize(kept);
  if (!is_cut(p, logits.size())) std::sort(order.begin(), order.end());
  std::vector<Kept> result;
  total = 0;
  for (int id : order) {
    result.push_back(
        {id, std::exp((logits[id] - maximum) / static_cast<long double>(p.temperature))});
    total += result.back().probability;
  }
  for (Kept& each : result) each.probability /= total;
  return result;
}

void check_samples(int size, float temperature, int top_k, float top_p, float min_p,
                   float shift = 0) {
  std::vector<float> logits = make_logits(size, 7);
  for (float& logit : logits) logit += shift;
  Sampler sampler(kernels(), size);
  const RowMeasure measure = sampler.measure(logits.data());
  for (int position = 0; position < 60; ++position) {
    const SamplingParameters p = {temperature, top_k, top_p, min_p, kKey, position};
    const std::vector<Kept> kept = distribution(logits, p);
    const long double wanted = uniform_draw(kKey, position);
    long double sum = 0;
    size_t chosen = 0;
    while (chosen + 1 < kept.size() && sum + kept[chosen].probability <= wanted) {
      sum += kept[chosen++].probability;
    }
    const Sampled sampled = sampler.sample(logits.data(), measure, p);
    EXPECT_EQUAL(sampled.id, kept[chosen].id);
    // A cut probability is a quotient of sums of at most `size` terms, size * 2^-52 relative; else
    // the total is of float32 exponentials: their last bit, and that of their arguments, whose mean
    // is at most the entropy. With top-p so near to 1, that bit decides which of the last are kept.
    const bool rounded = !is_cut(p, logits.size()) || (p.top_p < 1 && p.top_p > 0.999f);
    const double most = rounded ? 0x1p-23 * (2 + std::log(size)) : size * 0x1p-50;
    EXPECT(std::abs(sampled.log_probability -
                    static_cast<double>(std::log(kept[chosen].probability))) <= most);
  }
}

void check_greedy() {
  const std::vector<float> logits = {1, 5, 5, 2};
  Sampler sampler(kernels(), 4);
  const RowMeasure measure = sampler.measure(logits.data());
  EXPECT_EQUAL(measure.argmax, 1);
  const double expected = std::log(std::exp(1.0) + 2 * std::exp(5.0) + std::exp(2.0));
  // Float32 exponentials within a unit, and differences here exact.
  EXPECT(std::abs(measure.log_sum_exp - expected) <= 0x1p-23);
  const Sampled greedy = sampler.sample(logits.data(), measure, {0, 1, 0.1f, 1, kKey, 3});
  EXPECT_EQUAL(greedy.id, 1);
  EXPECT(std::abs(greedy.log_probability - (5 - expected)) <= 0x1p-23);
  // Cuts that leave the best alone leave the lowest id of a tie, with probability 1.
  for (int position = 0; position < 50; ++position) {
    const Sampled first = sampler.sample(logits.data(), measure, {2, 1, 1, 0, kKey, position});
    EXPECT_EQUAL(first.id, 1);
    EXPECT_EQUAL(first.log_probability, 0.0);
    EXPECT_EQUAL(sampler.sample(logits.data(), measure, {2, 0, 0, 0, kKey, position}).id, 1);
    const int tied = sampler.sample(logits.data(), measure, {2, 0, 1, 1, kKey, position}).id;
    EXPECT(tied == 1 || tied == 2);
    EXPECT_EQUAL(sampler.sample(logits.data(), measure, {1e-30f, 1, 1, 0, kKey, position}).id, 1);
  }
}

void check_extremes() {
  const std::vector<float> masked = {-kInfinity, 3, -kInfinity, 4, -kInfinity};
  Sampler sampler(kernels(), 5);
  const RowMeasure measure = sampler.measure(masked.data());
  EXPECT_EQUAL(measure.argmax, 3);
  for (int position = 0; position < 100; ++position) {
    for (float temperature : {0.5f, 1e30f, kInfinity}) {
      const Sampled sampled =
          sampler.sample(masked.data(), measure, {temperature, 0, 1, 0, kKey, position});
      EXPECT(sampled.id == 1 || sampled.id == 3);
      EXPECT(std::isfinite(sampled.log_probability));
    }
  }
  for (const std::vector<float>& row :
       {std::vector<float>{1, kNan, 2}, {1, kInfinity, 2}, {-kInfinity, -kInfinity}, {kNan}}) {
    const RowMeasure none =
        Sampler(kernels(), static_cast<int64_t>(row.size())).measure(row.data());
    EXPECT_EQUAL(none.argmax, -1);
    EXPECT(std::isnan(none.maximum) && std::isnan(none.log_sum_exp));
  }
  const float lowest = std::numeric_limits<float>::lowest();
  const RowMeasure one = Sampler(kernels(), 1).measure(&lowest);
  EXPECT_EQUAL(one.argmax, 0);
  EXPECT_EQUAL(one.log_sum_exp, static_cast<double>(lowest));
}

// The bits of a draw are the same with every instruction set.
void check_instruction_sets() {
  const std::vector<float> logits = make_logits(5000, 3);
  for (InstructionSet set : {InstructionSet::kReference, InstructionSet::kAvx2,
                             InstructionSet::kAvx512, InstructionSet::kNeon}) {
    const KernelTable* table = kernel_table(set);
    if (table == nullptr) continue;
    Sampler one(kernels(), 5000);
    Sampler other(*table, 5000);
    const RowMeasure measure = one.measure(logits.data());
    const RowMeasure other_measure = other.measure(logits.data());
    EXPECT_EQUAL(measure.argmax, other_measure.argmax);
    EXPECT_EQUAL(measure.log_sum_exp, other_measure.log_sum_exp);
    for (int position = 0; position < 100; ++position) {
      for (float top_p : {1.0f, 0.9999999f, 0.5f}) {
        const SamplingParameters p = {1.3f, 0, top_p, 0, kKey, position};
        const Sampled a = one.sample(logits.data(), measure, p);
        const Sampled b = other.sample(logits.data(), other_measure, p);
        EXPECT_EQUAL(a.id, b.id);
        EXPECT_EQUAL(a.log_probability, b.log_probability);
      }
    }
  }
}

// A row is measured by chunks: the first of equal maxima wins wherever it stands, and a NaN in any
// place is found.
void check_measures() {
  for (int size : {1, 15, 64, 65, 1000, 1025}) {
    for (int place = 0; place < size; place += std::max(1, size / 37)) {
      std::vector<float> logits = make_logits(size, 5);
      logits[place] = 50;
      logits[size - 1] = 50;
      EXPECT_EQUAL(Sampler(kernels(), size).measure(logits.data()).argmax, place);
      logits[place] = kNan;
      EXPECT_EQUAL(Sampler(kernels(), size).measure(logits.data()).argmax, -1);
    }
  }
}

void check_top() {
  for (int size : {1, 3, 8, 500}) {
    const std::vector<float> logits = make_logits(size, 11);
    std::vector<int> order(size);
    for (int i = 0; i < size; ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return logits[a] > logits[b]; });
    int32_t ids[8];
    float top[8];
    find_top(logits.data(), size, 8, ids, top);
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQUAL(ids[i], i < size ? order[i] : -1);
      EXPECT(i < size ? top[i] == logits[order[i]] : std::isnan(top[i]));
    }
    find_top(logits.data(), size, 0, nullptr, nullptr);
  }
}

// From the best tokens alone, if they are enough.
void check_kept() {
  constexpr int kSize = 1000;
  const std::vector<float> logits = make_logits(kSize, 8);
  std::vector<KeptToken> order;
  for (int i = 0; i < kSize; ++i) order.push_back({logits[i], i});
  std::stable_sort(order.begin(), order.end(),
                   [](const KeptToken& a, const KeptToken& b) { return a.logit > b.logit; });
  Sampler sampler(kernels(), kSize);
  const RowMeasure measure = sampler.measure(logits.data());
  const SamplingParameters cuts[] = {{0.7f, 20, 1, 0, kKey, 3},
                                     {0.7f, 20, 0.9f, 0.001f, kKey, 3},
                                     {0.7f, 0, 0.5f, 0, kKey, 3},
                                     {0.7f, 0, 1, 0.5f, kKey, 3}};
  for (const SamplingParameters& parameters : cuts) {
    const Sampled expected = sampler.sample(logits.data(), measure, parameters);
    bool enough = false;
    for (int count = 1; count <= kSize; ++count) {
      std::vector<KeptToken> best(order.begin(), order.begin() + count);
      std::reverse(best.begin(), best.end());  // any order will do
      const auto sampled =
          sampler.sample_kept({best.data(), count, count == kSize}, measure, parameters);
      EXPECT(sampled.has_value() || !enough);  // more tokens are no fewer
      EXPECT(sampled.has_value() || count < kSize);
      EXPECT(!sampled || parameters.top_k == 0 || count >= parameters.top_k);
      enough = sampled.has_value();
      if (!sampled) continue;
      EXPECT_EQUAL(sampled->id, expected.id);
      EXPECT_EQUAL(sampled->log_probability, expected.log_probability);
    }
  }
}

}  // namespace

int main() {
  for (int size : {1, 2, 300, 3000}) {
    check_samples(size, 1, 0, 1, 0);
    check_samples(size, 0.8f, 40, 1, 0);
    check_samples(size, 1.5f, 0, 0.9f, 0);
    check_samples(size, 0.7f, 0, 1, 0.05f);
    check_samples(size, 100, 700, 0.99f, 0.001f);  // flat: the tail is reached
    check_samples(size, 100, 700, 1, 0, -64);      // more than there are chunks, all below zero
    check_samples(size, 1000, 0, 1, 0);
    check_samples(size, 1, 0, 0.5f, 0);
    check_samples(size, 1, 0, 0.9f, 0.2f);
    check_samples(size, 2, 3, 0.9f, 0.01f);
    check_samples(size, 1, 0, 0.9999999f, 0);  // the sum of float32 may never reach it
  }
  check_greedy();
  check_extremes();
  check_measures();
  check_instruction_sets();
  check_top();
  check_kept();
  return testing::result();
}
