// Compares adjusted logits with what scripts/penalty_vectors.py computes over whole rows from the
// definitions, bit by bit, and with sums done by hand.
#include "sampling/logit_adjustment.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <vector>

#include "tests/expect.h"

using namespace sparkllama;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Reads the cases, whose layout the script describes.
class Vectors {
 public:
  Vectors() {
    const std::filesystem::path native =
        std::filesystem::absolute(__FILE__).parent_path().parent_path();
    std::ifstream stream(native.parent_path().parent_path() /
                             "test/resources/io/sparkllama/engine/sampling/penalties.bin",
                         std::ios::binary);
    bytes_ = {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  bool ended() const { return place_ == bytes_.size(); }

  template <typename T>
  std::vector<T> take(size_t count) {
    std::vector<T> values(count);
    if (place_ + count * sizeof(T) > bytes_.size()) {
      testing::expect(false, "the file of vectors has no such part", __FILE__, __LINE__);
      place_ = bytes_.size();
      return values;
    }
    if (count > 0) std::memcpy(values.data(), bytes_.data() + place_, count * sizeof(T));
    place_ += count * sizeof(T);
    return values;
  }

 private:
  std::vector<char> bytes_;
  size_t place_ = 0;
};

void check_case(Vectors& vectors) {
  const std::vector<uint32_t> sizes = vectors.take<uint32_t>(4);
  const std::vector<float> numbers = vectors.take<float>(3);
  const std::vector<int32_t> prompt = vectors.take<int32_t>(sizes[1]);
  const std::vector<int32_t> answer = vectors.take<int32_t>(sizes[2]);
  const std::vector<int32_t> bias_ids = vectors.take<int32_t>(sizes[3]);
  const std::vector<float> bias_values = vectors.take<float>(sizes[3]);
  std::vector<float> logits = vectors.take<float>(sizes[0]);
  const std::vector<float> expected = vectors.take<float>(sizes[0]);

  std::map<int32_t, int32_t> counts;
  for (const int32_t id : bias_ids) counts[id] = -1;
  for (const int32_t id : prompt) counts[id] = 0;
  for (const int32_t id : answer) counts[id] = std::max(0, counts[id]) + 1;
  std::vector<int32_t> ids;
  std::vector<int32_t> occurrences;
  std::vector<float> biases;
  for (const auto& [id, count] : counts) {
    ids.push_back(id);
    occurrences.push_back(count);
    biases.push_back(0);
    for (size_t i = 0; i < bias_ids.size(); ++i) {
      if (bias_ids[i] == id) biases.back() = bias_values[i];
    }
  }
  adjust_logits({ids.data(), occurrences.data(), biases.data(), static_cast<int64_t>(ids.size())},
                {numbers[0], numbers[1], numbers[2]}, logits.data());
  for (size_t i = 0; i < logits.size(); ++i) EXPECT_EQUAL(logits[i], expected[i]);
}

void check_by_hand() {
  std::vector<float> logits = {3, -3, 1, -kInfinity, 0, 5};
  const int32_t ids[] = {0, 1, 2, 3, 4};
  const int32_t occurrences[] = {0, 2, -1, 1, 3};
  const float biases[] = {1, 1, 4, 8, -2};
  const Penalties penalties = {2, 0.5f, 0.25f};
  adjust_logits({ids, occurrences, biases, 0}, penalties, logits.data());
  EXPECT(logits == (std::vector<float>{3, -3, 1, -kInfinity, 0, 5}));
  adjust_logits({ids, occurrences, biases, 5}, penalties, logits.data());
  // Halved; (-3 + 1) * 2 - 2 * 0.25 - 0.5; bias alone; never to be had; (0 - 2) * 2 - 0.75 - 0.5.
  EXPECT(logits == (std::vector<float>{2, -5, 5, -kInfinity, -5.25f, 5}));
}

// Near 2^24 a float holds whole numbers alone: a step that is not rounded by itself shows.
void check_rounding() {
  float logit = 16777216;
  const int32_t id = 0;
  const int32_t occurrences = 1;
  const float bias = 0;
  adjust_logits({&id, &occurrences, &bias, 1}, {1, -1, -1}, &logit);
  EXPECT_EQUAL(logit, 16777216.0f);  // each 1 is lost; the 2 of their sum would not be
  logit = 0.5f;
  const int32_t often = 5;
  adjust_logits({&id, &often, &bias, 1}, {1, 0, 0.1f}, &logit);
  EXPECT_EQUAL(logit, 0.0f);  // 5 * 0.1f is rounded to 0.5 first; fused, it would leave -2^-27
}

}  // namespace

int main() {
  Vectors vectors;
  int cases = 0;
  for (; !vectors.ended(); ++cases) check_case(vectors);
  EXPECT_EQUAL(cases, 45);
  check_by_hand();
  check_rounding();
  return testing::result();
}
