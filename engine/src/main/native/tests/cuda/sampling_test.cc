// Compares rows that the device measures and samples with what Sampler, adjust_logits and
// mask_logits make of them on the processor, bit by bit.
#include "cuda/kernels/sampling.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "cpu/kernel_dispatch.h"
#include "cuda/row_sampler.h"
#include "sampling/logit_adjustment.h"
#include "sampling/sampler.h"
#include "sampling/token_mask.h"
#include "tests/expect.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::cuda;
using sparkllama::testing::Random;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kMasks = 80;  // more than are staged at once

const KernelTable& reference() { return *kernel_table(InstructionSet::kReference); }

template <typename T>
bool same(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

bool same_measure(const RowMeasure& a, const RowMeasure& b) {
  // A zero's sign is that of one of several zeros, which no result hangs on.
  return a.argmax == b.argmax && (a.maximum == b.maximum || same(a.maximum, b.maximum)) &&
         same(a.log_sum_exp, b.log_sum_exp);
}

// One call, and the memory that it names.
struct Call {
  std::vector<LogitsRow> rows;
  std::vector<float> logits;  // [rows, vocabulary]
  std::vector<int32_t> candidates;
  std::vector<int32_t> ids;
  std::vector<int32_t> occurrences;
  std::vector<float> biases;
  int32_t tops = 0;
  int32_t kept = 0;

  SamplingInput input() const {
    return {rows.data(),
            static_cast<int64_t>(rows.size()),
            candidates.data(),
            static_cast<int64_t>(candidates.size()),
            ids.data(),
            occurrences.data(),
            biases.data(),
            static_cast<int64_t>(ids.size()),
            tops,
            kept};
  }
};

class Comparison {
 public:
  explicit Comparison(int32_t vocabulary)
      : vocabulary_(vocabulary), random_(vocabulary), sampler_(reference(), vocabulary) {
    const int64_t words = mask_words(vocabulary);
    masks_.resize(static_cast<size_t>(kMasks * words));
    for (uint64_t& word : masks_) word = random_.bits() & random_.bits();
    std::fill_n(masks_.begin(), words, 0);                     // mask 0 allows nothing
    std::fill_n(masks_.begin() + words, words, ~uint64_t{0});  // mask 1 everything
    for (int64_t mask = 2; mask < kMasks; ++mask) masks_[mask * words] |= 1;
    cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
  }
  ~Comparison() { cudaStreamDestroy(stream_); }

  void run();

 private:
  LogitsRow& add(std::vector<float> logits);
  void add_shapes();
  void add_parameters();
  void add_cut();
  void add_adjusted();
  void want(LogitsRow& row, int32_t candidates, int32_t tops);
  void adjust(LogitsRow& row, int32_t count, float scale);
  void compare(int64_t index, const SamplingOutput& output, const float* left);
  bool fits(const LogitsRow& row, const std::vector<float>& logits) const;
  void compare_kept(const LogitsRow& row, const std::string& what, const RowResult& result,
                    const KeptToken* kept, const std::vector<float>& logits, const Sampled& sampled,
                    const SamplingParameters& parameters);
  void compare_sampled(const LogitsRow& row, const std::string& what, const RowResult& result,
                       const KeptToken* kept, std::vector<float>& logits, const float* left);
  void expect(bool holds, const std::string& what) {
    testing::expect(holds, (what + ", vocabulary " + std::to_string(vocabulary_)).c_str(), __FILE__,
                    __LINE__);
  }

  int32_t vocabulary_;
  Random random_;
  Sampler sampler_;
  std::vector<uint64_t> masks_;  // [kMasks, words]
  Call call_;
  cudaStream_t stream_ = nullptr;
  int prepared_ = 0;  // rows that are cut: left whole,
  int too_few_ = 0;   // with too few best tokens,
  int drawn_ = 0;     // drawn from these
};

LogitsRow& Comparison::add(std::vector<float> logits) {
  LogitsRow row = {};
  row.random_key[0] = static_cast<int64_t>(random_.bits());
  row.random_key[1] = static_cast<int64_t>(random_.bits());
  row.position = static_cast<int32_t>(random_.bits() % 5000);
  row.sampled = 1;
  row.top_p = 1;
  row.repetition = 1;
  row.mask = -1;
  call_.rows.push_back(row);
  call_.logits.insert(call_.logits.end(), logits.begin(), logits.end());
  return call_.rows.back();
}

void Comparison::want(LogitsRow& row, int32_t candidates, int32_t tops) {
  row.first_candidate = static_cast<int32_t>(call_.candidates.size());
  row.candidate_count = candidates;
  for (int32_t i = 0; i < candidates; ++i) {
    call_.candidates.push_back(static_cast<int32_t>(random_.bits() % vocabulary_));
  }
  row.first_top = call_.tops;
  row.top_count = tops;
  call_.tops += tops;
}

void Comparison::adjust(LogitsRow& row, int32_t count, float scale) {
  row.first_adjustment = static_cast<int32_t>(call_.ids.size());
  const int32_t step = std::max(1, vocabulary_ / count);
  for (int32_t id = 0; id < vocabulary_ && row.adjustment_count < count; id += step) {
    call_.ids.push_back(id);
    call_.occurrences.push_back(static_cast<int32_t>(random_.bits() % 4) - 1);
    call_.biases.push_back(random_.gaussian() * scale);
    ++row.adjustment_count;
  }
  row.repetition = 1.3f;
  row.presence = 0.7f;
  row.frequency = -0.21f;
}

// Rows that are no numbers, or hardly any, and ties.
void Comparison::add_shapes() {
  const auto last = static_cast<size_t>(vocabulary_ - 1);
  std::vector<float> x = random_.gaussians(vocabulary_, 4);
  x[last] = kNan;
  want(add(x), 3, 4);
  x[last] = kInfinity;
  want(add(x), 3, 4);
  want(add(std::vector<float>(x.size(), -kInfinity)), 2, 2);
  std::vector<float> one(x.size(), -kInfinity);
  one[last / 2] = -0.0f;
  want(add(one), 2, 5);
  add(one).temperature = 1.5f;
  std::vector<float> zeros(x.size(), -0.0f);  // equal, whatever the sign
  for (size_t i = 1; i < zeros.size(); i += 3) zeros[i] = 0.0f;
  want(add(zeros), 1, 20);
  add(zeros).temperature = 0.5f;
  std::vector<float> ties(x.size());
  for (float& value : ties) value = static_cast<float>(random_.bits() % 5);
  want(add(ties), 1, 33);
  add(ties).temperature = 1;
  std::vector<float> wide = random_.gaussians(vocabulary_, 1e37f);
  wide[0] = -std::numeric_limits<float>::max();
  add(wide).temperature = 2;
  std::vector<float> low = random_.gaussians(vocabulary_, 1e-42f);  // denormal
  add(low).temperature = 1e-40f;
}

void Comparison::add_parameters() {
  for (const float temperature : {0.0f, 1e-45f, 1e-30f, 0.1f, 0.7f, 1.0f, 3.0f, 1e30f, kInfinity}) {
    LogitsRow& row = add(random_.gaussians(vocabulary_, temperature > 2 ? 1.0f : 5.0f));
    row.temperature = temperature;
    row.top_k = vocabulary_;  // cuts nothing
  }
  add(random_.gaussians(vocabulary_, 3)).sampled = 0;
  LogitsRow& greedy = add(random_.gaussians(vocabulary_, 3));
  greedy.top_p = 0.5f;  // changes nothing there
}

// Rows that are cut: to what is surely among the best tokens that are handed out, to what is not,
// to what there is no room for, and where few tokens are allowed.
void Comparison::add_cut() {
  struct Cut {
    int32_t top_k;
    float top_p;
    float min_p;
    float spread;  // of the logits
  };
  for (const Cut& cut :
       {Cut{7, 1, 0, 3}, Cut{300, 1, 0, 3}, Cut{300, 0.5f, 0.01f, 2}, Cut{1500, 1, 0, 3},
        Cut{0, 0.8f, 0, 3}, Cut{0, 0.8f, 0, 0}, Cut{0, 0.9999f, 0, 0.1f}, Cut{0, 1, 0.1f, 3},
        Cut{0, 0.9f, 0.2f, 3}, Cut{0, 1, 1e-30f, 1}}) {
    for (const int32_t mask : {-1, 3}) {
      LogitsRow& row = add(random_.gaussians(vocabulary_, cut.spread));
      row.temperature = 0.8f;
      row.top_k = cut.top_k;
      row.top_p = cut.top_p;
      row.min_p = cut.min_p;
      row.mask = mask;
      row.first_kept = call_.kept;
      row.kept_room = kMostKept;
      call_.kept += kMostKept;
    }
  }
  LogitsRow& row = add(random_.gaussians(vocabulary_, 3));
  row.temperature = 1;
  row.top_k = 2;  // without room for its best tokens
}

void Comparison::add_adjusted() {
  for (const int32_t mask : {-1, 0, 1, 2, 79}) {
    for (const float temperature : {0.0f, 1.0f}) {
      LogitsRow& row = add(random_.gaussians(vocabulary_, 3));
      row.mask = mask;
      row.temperature = temperature;
      want(row, 5, mask < 0 ? 0 : 2);
      adjust(row, 1 + static_cast<int32_t>(random_.bits() % 700), 2);
    }
    LogitsRow& masked = add(random_.gaussians(vocabulary_, 3));
    masked.mask = mask;
    masked.temperature = 1;
  }
  std::vector<float> x = random_.gaussians(vocabulary_, 3);
  adjust(add(x), 1, kInfinity);  // no number where the first id is adjusted
  std::vector<float> masked = x;
  masked[0] = kNan;
  LogitsRow& hidden = add(masked);  // the model's own are no numbers, whatever is masked
  hidden.mask = 0;
}

// Whether there is room for the tokens that are no worse than the best of as many chunks as are
// looked for.
bool Comparison::fits(const LogitsRow& row, const std::vector<float>& logits) const {
  std::vector<float> maxima;
  for (int32_t i = 0; i < vocabulary_; ++i) {
    if (i % 64 == 0) maxima.push_back(-kInfinity);
    maxima.back() = std::max(maxima.back(), logits[i]);
  }
  std::sort(maxima.rbegin(), maxima.rend());
  const auto few = std::min<size_t>(maxima.size(), kKeptChunks);
  const size_t count = row.top_k > 0 && row.top_k < vocabulary_ ? row.top_k : few;
  const bool chosen = count <= maxima.size() && vocabulary_ > row.kept_room;
  const float least = chosen ? maxima[count - 1] : -kInfinity;
  const auto reach = std::count_if(logits.begin(), logits.end(),
                                   [least](float x) { return x >= least && x > -kInfinity; });
  return static_cast<int64_t>(count) <= row.kept_room && reach <= row.kept_room;
}

// The tokens handed out are the best ones, and what is drawn from them is what is drawn from all.
void Comparison::compare_kept(const LogitsRow& row, const std::string& what,
                              const RowResult& result, const KeptToken* kept,
                              const std::vector<float>& logits, const Sampled& sampled,
                              const SamplingParameters& parameters) {
  const auto better = [](const KeptToken& a, const KeptToken& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  std::vector<KeptToken> all;
  for (int32_t i = 0; i < vocabulary_; ++i) {
    if (logits[i] > -kInfinity) all.push_back({logits[i], i});
  }
  std::sort(all.begin(), all.end(), better);
  if (result.state == RowState::kPrepared) {
    ++prepared_;
    expect(!fits(row, logits), what + ": left whole");
    return;
  }
  expect(result.state == RowState::kCollected && fits(row, logits), what + ": collected");
  std::vector<KeptToken> best(kept + row.first_kept, kept + row.first_kept + result.kept_count);
  std::sort(best.begin(), best.end(), better);
  bool equal = best.size() <= all.size();
  for (size_t i = 0; equal && i < best.size(); ++i) {
    equal = best[i].id == all[i].id && same(best[i].logit, all[i].logit);
  }
  expect(equal, what + ": the best tokens");
  const bool complete = best.size() == all.size();
  expect(complete || result.kept_all == 0, what + ": these are not all");
  expect(result.kept_all != 0 || vocabulary_ > row.kept_room, what + ": these are all");
  const std::optional<Sampled> drawn =
      sampler_.sample_kept({kept + row.first_kept, result.kept_count, result.kept_all != 0},
                           result.sampled_from, parameters);
  if (!drawn) {
    ++too_few_;
    long double sum = 0;
    for (const KeptToken& token : best) {
      sum += std::exp(token.logit - static_cast<long double>(result.sampled_from.log_sum_exp));
    }
    const double last = std::exp(best.back().logit - result.sampled_from.maximum);
    expect(row.top_k == 0 && sum < row.top_p + 1e-5 && last > row.min_p - 1e-5,
           what + ": too few best tokens");
    return;
  }
  ++drawn_;
  expect(drawn->id == sampled.id, what + ": the token of the best ones");
  expect(same(drawn->log_probability, sampled.log_probability), what + ": its probability there");
}

void Comparison::compare_sampled(const LogitsRow& row, const std::string& what,
                                 const RowResult& result, const KeptToken* kept,
                                 std::vector<float>& logits, const float* left) {
  const size_t first = static_cast<size_t>(row.first_adjustment);
  adjust_logits(
      {&call_.ids[first], &call_.occurrences[first], &call_.biases[first], row.adjustment_count},
      {row.repetition, row.presence, row.frequency}, logits.data());
  if (row.mask >= 0) {
    mask_logits(&masks_[row.mask * mask_words(vocabulary_)], vocabulary_, logits.data());
  }
  bool prepared = true;
  for (int32_t i = 0; i < vocabulary_; ++i) prepared = prepared && same(left[i], logits[i]);
  expect(prepared, what + ": adjusted and masked");
  const RowMeasure measure = sampler_.measure(logits.data());
  expect(same_measure(result.sampled_from, measure), what + ": the measure sampled from");
  if (measure.argmax < 0 || is_cut(row, vocabulary_)) {
    expect(result.token == -1 && result.log_probability != result.log_probability,
           what + ": no token");
  }
  if (measure.argmax < 0) {
    expect(result.state == RowState::kMeasured, what + ": measured only");
    return;
  }
  const SamplingParameters parameters = {row.temperature, row.top_k,      row.top_p,
                                         row.min_p,       row.random_key, row.position};
  const Sampled sampled = sampler_.sample(logits.data(), measure, parameters);
  if (is_cut(row, vocabulary_)) {
    compare_kept(row, what, result, kept, logits, sampled, parameters);
    return;
  }
  expect(result.state == RowState::kSampled, what + ": sampled");
  expect(result.token == sampled.id, what + ": the token");
  expect(same(result.log_probability, sampled.log_probability), what + ": its probability");
}

void Comparison::compare(int64_t index, const SamplingOutput& output, const float* left) {
  const LogitsRow& row = call_.rows[static_cast<size_t>(index)];
  const RowResult& result = output.rows[index];
  const std::string what = "row " + std::to_string(index);
  const float* own = &call_.logits[static_cast<size_t>(index * vocabulary_)];
  std::vector<float> logits(own, own + vocabulary_);
  const RowMeasure measure = sampler_.measure(logits.data());
  expect(same_measure(result.own, measure), what + ": the measure");
  for (int32_t i = row.first_candidate; i < row.first_candidate + row.candidate_count; ++i) {
    const double expected = logits[call_.candidates[i]] - measure.log_sum_exp;
    expect(same(output.candidate_log_probabilities[i], static_cast<float>(expected)),
           what + ": a candidate");
  }
  std::vector<int32_t> ids(row.top_count, -1);
  std::vector<float> tops(row.top_count, kNan);
  if (measure.argmax >= 0) {
    find_top(logits.data(), vocabulary_, row.top_count, ids.data(), tops.data());
  }
  for (int32_t i = 0; i < row.top_count; ++i) {
    expect(output.top_ids[row.first_top + i] == ids[i], what + ": a top token");
    expect(same(output.top_logits[row.first_top + i], tops[i]), what + ": a top logit");
  }
  if (measure.argmax >= 0 && row.sampled != 0) {
    compare_sampled(row, what, result, output.kept, logits, left);
  } else {
    expect(result.state == RowState::kMeasured && result.token == -1, what + ": measured only");
    expect(std::memcmp(left, own, sizeof(float) * vocabulary_) == 0, what + ": left alone");
  }
}

void Comparison::run() {
  add_shapes();
  add_parameters();
  add_cut();
  add_adjusted();
  const auto rows = static_cast<int64_t>(call_.rows.size());
  const RowSamplingCapacity capacity = {vocabulary_,
                                        kMasks,
                                        rows,
                                        static_cast<int64_t>(call_.candidates.size()),
                                        static_cast<int64_t>(call_.ids.size()),
                                        call_.tops,
                                        call_.kept};
  RowSampler device(capacity, stream_);
  EXPECT(device.start().kind == BackendFailure::Kind::kNone);
  for (int64_t mask = 0; mask < kMasks; ++mask) {
    std::vector<uint64_t> words(masks_.begin() + mask * mask_words(vocabulary_),
                                masks_.begin() + (mask + 1) * mask_words(vocabulary_));
    device.put_mask(mask, words.data());
    std::fill(words.begin(), words.end(), 0x5555555555555555u);  // it was read before
  }
  std::vector<float> left = call_.logits;
  device.sample(call_.input(), left.data());
  EXPECT_EQUAL(cudaStreamSynchronize(stream_), cudaSuccess);
  const SamplingOutput output = device.output();
  for (int64_t row = 0; row < rows; ++row) compare(row, output, &left[row * vocabulary_]);

  EXPECT(drawn_ > 0);
  if (vocabulary_ > 4000) EXPECT(prepared_ > 1 && too_few_ > 0);

  // Fewer rows in the same memory: nothing is left of the call before.
  left = call_.logits;
  SamplingInput last = call_.input();
  last.rows += rows - 1;
  last.num_rows = 1;
  device.sample(last, left.data() + (rows - 1) * vocabulary_);
  EXPECT_EQUAL(cudaStreamSynchronize(stream_), cudaSuccess);
  const SamplingOutput again = device.output();
  const RowResult result = again.rows[0];
  EXPECT(same_measure(result.own, {-1, kNan, kNan}));
}

void test_vocabularies(std::initializer_list<int32_t> vocabularies) {
  for (const int32_t vocabulary : vocabularies) Comparison(vocabulary).run();
}

void test_limits() {
  cudaStream_t stream = nullptr;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  RowSampler large({int64_t{1} << 21, 1, 1, 0, 0, 0, 0}, stream);
  EXPECT(large.start().kind == BackendFailure::Kind::kConfiguration);
  EXPECT(sampling_shared_bytes(262144) <= 80 * 1024);  // two blocks on sm_90 and sm_80
  emulation::set_memory_limit(1 << 20);
  RowSampler masks({32000, 2048, 1, 0, 0, 0, 0}, stream);
  EXPECT(masks.start().kind == BackendFailure::Kind::kMemory);
  emulation::set_memory_limit(size_t{1} << 32);
  EXPECT_EQUAL(cudaGetLastError(), cudaSuccess);
  cudaStreamDestroy(stream);
}

}  // namespace

int main() {
  for (const auto order : {emulation::FiberOrder::kForward, emulation::FiberOrder::kBackward,
                           emulation::FiberOrder::kScattered}) {
    emulation::set_fiber_order(order);
    test_vocabularies({1, 15, 16, 17, 1000, 1024, 1025, 3000, 4096, 4097, 8193});
  }
  test_vocabularies({32000});
  test_limits();
  return testing::result();
}
