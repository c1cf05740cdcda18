// Chooses experts: of equal logits the lower index, in the order of indices, by weights that come
// to one or not, and with weights that are no numbers where a logit is none.
#include "runner/expert_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "tests/expect.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<ExpertChoice> chosen(const std::vector<float>& logits, int32_t used,
                                 ExpertWeighting weighting) {
  std::vector<ExpertChoice> out(static_cast<size_t>(used));
  choose_experts(logits.data(), static_cast<int32_t>(logits.size()), used, weighting, out.data());
  return out;
}

std::vector<int32_t> indices(const std::vector<ExpertChoice>& choices) {
  std::vector<int32_t> experts;
  for (const ExpertChoice& choice : choices) experts.push_back(choice.expert);
  return experts;
}

void expect_chosen(const std::vector<float>& logits, const std::vector<int32_t>& expected) {
  for (const auto weighting : {ExpertWeighting::kAmongAll, ExpertWeighting::kAmongChosen}) {
    EXPECT(indices(chosen(logits, static_cast<int32_t>(expected.size()), weighting)) == expected);
  }
}

void check_ties() {
  expect_chosen({1, 1, 1, 1}, {0, 1});
  expect_chosen({0, 2, 1, 2, 2}, {1, 3});
  expect_chosen({0, 1, 3, 1, 1}, {1, 2});
  expect_chosen({3, 1, 2}, {0, 1, 2});
  expect_chosen({-0.0f, 0.0f}, {0});
  expect_chosen({0.0f, -0.0f}, {0});
  expect_chosen({-kInfinity, 5, -kInfinity}, {0, 1});
  // Logits that are far below the highest have no probability in float32, but still an order.
  expect_chosen({500, 1, 2, 3}, {0, 3});
}

void check_no_numbers() {
  const float nan = std::nanf("");
  for (const std::vector<float>& logits : {std::vector<float>{1, nan, 2},
                                           {nan, 1, 2},
                                           {1, 2, nan},
                                           {nan, nan, nan},
                                           {1, kInfinity, 2},
                                           {-kInfinity, -kInfinity, -kInfinity}}) {
    for (const auto weighting : {ExpertWeighting::kAmongAll, ExpertWeighting::kAmongChosen}) {
      const std::vector<ExpertChoice> out = chosen(logits, 2, weighting);
      EXPECT(indices(out) == std::vector<int32_t>({0, 1}));
      for (const ExpertChoice& choice : out) EXPECT(std::isnan(choice.weight));
    }
  }
}

// Against float64, and a sort that keeps the order of what is equal.
void check_random(Random& random) {
  for (int round = 0; round < 300; ++round) {
    const auto count = static_cast<int32_t>(1 + random.bits() % 130);
    const auto used = static_cast<int32_t>(1 + random.bits() % static_cast<uint64_t>(count));
    std::vector<float> logits = random.gaussians(count, 3.0f);
    for (float& logit : logits) logit = std::round(logit * 8) / 8;  // some are equal
    std::vector<int32_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
    order.resize(static_cast<size_t>(used));
    std::sort(order.begin(), order.end());
    expect_chosen(logits, order);
    double all = 0;
    double among = 0;
    for (const float logit : logits) all += std::exp(static_cast<double>(logit));
    for (const int32_t i : order) among += std::exp(static_cast<double>(logits[i]));
    const std::vector<ExpertChoice> of_all = chosen(logits, used, ExpertWeighting::kAmongAll);
    const std::vector<ExpertChoice> of_chosen = chosen(logits, used, ExpertWeighting::kAmongChosen);
    // Terms of two units each (a difference below 32 is exact here), a chain of sums, a division.
    const double bound = (count + 5) * 0x1p-24;
    for (size_t k = 0; k < order.size(); ++k) {
      const double exact = std::exp(static_cast<double>(logits[order[k]]));
      EXPECT(std::fabs(of_all[k].weight - exact / all) <= bound * exact / all);
      EXPECT(std::fabs(of_chosen[k].weight - exact / among) <= bound * exact / among);
    }
  }
}

}  // namespace

int main() {
  Random random(31);
  check_ties();
  check_no_numbers();
  check_random(random);
  return result();
}
