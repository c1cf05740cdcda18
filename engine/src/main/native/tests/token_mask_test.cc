// Checks masks against a loop over tokens, and what a sampler makes of masked rows against a plain
// computation in long double.
#include "sampling/token_mask.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cpu/kernel_dispatch.h"
#include "sampling/philox.h"
#include "sampling/sampler.h"
#include "tests/expect.h"

using namespace sparkllama;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kKey[2] = {0x123456789abcdef0, 77};

uint32_t random_word(int64_t i, uint32_t seed) {
  return philox4x32_10({static_cast<uint32_t>(i), 9, 0, 0}, {seed, 1})[0];
}

bool allowed(const std::vector<uint64_t>& mask, int64_t id) {
  return ((mask[id / 64] >> (id % 64)) & 1) != 0;
}

// A mask that allows about `share` of 1,000 tokens, and one at least. Bits beyond the vocabulary
// are set.
std::vector<uint64_t> make_mask(int64_t size, uint32_t share, uint32_t seed) {
  std::vector<uint64_t> mask(mask_words(size), 0);
  for (int64_t i = 0; i < static_cast<int64_t>(mask.size()) * 64; ++i) {
    const bool set = i >= size || random_word(i, seed) % 1000 < share;
    mask[i / 64] |= uint64_t{set} << (i % 64);
  }
  mask[(size / 2) / 64] |= uint64_t{1} << ((size / 2) % 64);
  return mask;
}

std::vector<float> make_logits(int64_t size, uint32_t seed) {
  std::vector<float> logits(size);
  for (int64_t i = 0; i < size; ++i) {
    logits[i] = static_cast<float>(static_cast<int>(random_word(i, seed) % 4001) - 2000) / 200.0f;
  }
  return logits;
}

void check_every_token() {
  for (int64_t size : {1, 63, 64, 65, 127, 1000, 32000}) {
    for (uint32_t share : {0u, 20u, 490u, 510u, 980u, 1000u}) {
      const std::vector<uint64_t> mask = make_mask(size, share, 3);
      const std::vector<float> before = make_logits(size, 5);
      std::vector<float> after = before;
      after.push_back(4.5f);  // the next row's
      mask_logits(mask.data(), size, after.data());
      bool right = after[size] == 4.5f;
      for (int64_t i = 0; i < size; ++i) {
        right = right && after[i] == (allowed(mask, i) ? before[i] : -kInfinity);
      }
      EXPECT(right);
    }
  }
}

// What must not be drawn is gone whatever it was, and a zero keeps its sign.
void check_bits() {
  std::vector<float> logits = {std::numeric_limits<float>::quiet_NaN(), -0.0f, kInfinity, 1};
  const uint64_t mask = 0b1010;
  mask_logits(&mask, 4, logits.data());
  EXPECT_EQUAL(logits[0], -kInfinity);
  EXPECT(logits[1] == 0 && std::signbit(logits[1]));
  EXPECT_EQUAL(logits[2], -kInfinity);
  EXPECT_EQUAL(logits[3], 1.0f);
}

struct Kept {
  int id;
  long double probability;
};

// The distribution over the allowed tokens alone, in the order in which it is drawn from.
std::vector<Kept> distribution(const std::vector<float>& logits, const std::vector<uint64_t>& mask,
                               const SamplingParameters& p) {
  std::vector<int> order;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (allowed(mask, static_cast<int64_t>(i))) order.push_back(static_cast<int>(i));
  }
  const bool cut = p.top_k > 0 || p.top_p < 1 || p.min_p > 0;
  const std::vector<int> by_id = order;
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return logits[a] > logits[b]; });
  const long double maximum = logits[order[0]];
  const auto weight = [&](int id, long double temperature) {
    return std::exp((logits[id] - maximum) / temperature);
  };
  if (p.top_k > 0 && p.top_k < static_cast<int>(order.size())) order.resize(p.top_k);
  long double total = 0;
  for (int id : order) total += weight(id, 1);
  size_t kept = 0;
  for (long double sum = 0; kept < order.size(); ++kept) {
    if (kept > 0 && (weight(order[kept], 1) < p.min_p || (p.top_p < 1 && sum >= p.top_p * total))) {
      break;
    }
    sum += weight(order[kept], 1);
  }
  order.resize(kept);
  if (!cut) order = by_id;
  std::vector<Kept> result;
  total = 0;
  for (int id : order) total += weight(id, p.temperature);
  for (int id : order) result.push_back({id, weight(id, p.temperature) / total});
  return result;
}

void check_samples(const KernelTable& table, int64_t size, uint32_t share, int top_k, float top_p,
                   float min_p) {
  const std::vector<uint64_t> mask = make_mask(size, share, 11);
  const std::vector<float> logits = make_logits(size, 13);
  std::vector<float> masked = logits;
  mask_logits(mask.data(), size, masked.data());
  Sampler sampler(table, size);
  const RowMeasure measure = sampler.measure(masked.data());
  const std::vector<Kept> all = distribution(logits, mask, {1, 0, 1, 0, kKey, 0});
  const auto best = std::max_element(all.begin(), all.end(), [](const Kept& a, const Kept& b) {
    return a.probability < b.probability;  // the first of equals
  });
  const Sampled greedy = sampler.sample(masked.data(), measure, {0, 0, 1, 0, kKey, 0});
  EXPECT_EQUAL(greedy.id, best->id);
  // As where nothing is masked: float32 exponentials' last bits.
  const double most = 0x1p-23 * (2 + std::log(static_cast<double>(size)));
  EXPECT(std::abs(greedy.log_probability - static_cast<double>(std::log(best->probability))) <=
         most);
  for (int position = 0; position < 40; ++position) {
    const SamplingParameters p = {0.8f, top_k, top_p, min_p, kKey, position};
    const std::vector<Kept> kept = distribution(logits, mask, p);
    const long double wanted = uniform_draw(kKey, position);
    long double sum = 0;
    size_t chosen = 0;
    while (chosen + 1 < kept.size() && sum + kept[chosen].probability <= wanted) {
      sum += kept[chosen++].probability;
    }
    const Sampled sampled = sampler.sample(masked.data(), measure, p);
    EXPECT_EQUAL(sampled.id, kept[chosen].id);
    EXPECT(std::abs(sampled.log_probability -
                    static_cast<double>(std::log(kept[chosen].probability))) <= most);
  }
}

}  // namespace

int main() {
  check_every_token();
  check_bits();
  for (InstructionSet set :
       {InstructionSet::kReference, InstructionSet::kAvx2, InstructionSet::kAvxVnni,
        InstructionSet::kAvx512, InstructionSet::kNeon}) {
    const KernelTable* table = kernel_table(set);
    if (table == nullptr) continue;
    for (int64_t size : {1, 70, 3000}) {
      for (uint32_t share : {0u, 5u, 500u, 1000u}) {
        check_samples(*table, size, share, 0, 1, 0);
        check_samples(*table, size, share, 40, 1, 0);
        check_samples(*table, size, share, 2, 0.9f, 0.01f);
        check_samples(*table, size, share, 0, 0.9f, 0);
        check_samples(*table, size, share, 0, 1, 0.05f);
      }
    }
  }
  return testing::result();
}
