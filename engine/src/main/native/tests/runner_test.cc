// Runs a small model on several threads, and feeds a runner descriptions with one word spoilt at a
// time: each is refused, none is believed.
#include "runner/runner.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/float_environment.h"
#include "cpu/kernel_dispatch.h"
#include "runner/mask_pool.h"
#include "sampling/token_mask.h"
#include "tests/expect.h"

using namespace sparkllama;

namespace {

// The words of a model of one layer: large enough for threads to share its products.
struct Words {
  std::vector<int64_t> list;
  size_t tensor_count = 0;

  size_t integer(int64_t value) {
    list.push_back(value);
    return list.size() - 1;
  }
  void real(double value) {
    int64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    list.push_back(bits);
  }
  void set(size_t word, double value) { std::memcpy(&list[word], &value, sizeof value); }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(list)); }
};

constexpr int64_t kVocabulary = 3000;
constexpr int64_t kEmbedding = 128;
constexpr int64_t kKvWidth = 64;  // one head
constexpr int64_t kFeedForward = 160;
constexpr int64_t kFloats = 704000;  // of the file, more than the tensors take
constexpr int64_t kExperts = 3;
constexpr int kTokens = 8;
constexpr int kExpertWords = 5;  // experts, how many are used, their length, weighting
constexpr int kFirstReal = 12;   // attention scale; the words after it are listed in is_real
constexpr int kActivation = 17;  // then the feed-forward network's place and two reals
constexpr int kRopeDimension = 21;
constexpr int kRope = 24;  // magnitude and frequencies of the one table
constexpr int kFirstTensor = kRope + 9 + 1 + 1;
constexpr int kTensorWords = 7;

struct Tensor {
  WeightRole role;
  int64_t expert;
  int64_t rows;
  int64_t columns;
};

std::vector<Tensor> make_tensors(bool experts) {
  std::vector<Tensor> tensors = {
      {WeightRole::kTokenEmbedding, 0, kVocabulary, kEmbedding},
      {WeightRole::kOutputNorm, 0, 1, kEmbedding},
      {WeightRole::kAttentionNorm, 0, 1, kEmbedding},
      {WeightRole::kAttentionQuery, 0, 2 * kKvWidth, kEmbedding},
      {WeightRole::kAttentionKey, 0, kKvWidth, kEmbedding},
      {WeightRole::kAttentionValue, 0, kKvWidth, kEmbedding},
      {WeightRole::kAttentionOutput, 0, kEmbedding, 2 * kKvWidth},
      {WeightRole::kFeedForwardNorm, 0, 1, kEmbedding},
      {WeightRole::kFeedForwardGate, 0, kFeedForward, kEmbedding},
      {WeightRole::kFeedForwardUp, 0, kFeedForward, kEmbedding},
      {WeightRole::kFeedForwardDown, 0, kEmbedding, kFeedForward},
  };
  if (experts) {
    tensors.push_back({WeightRole::kSharedExpertRouter, 0, 1, kEmbedding});
    tensors.push_back({WeightRole::kExpertRouter, 0, kExperts, kEmbedding});
    for (int64_t expert = 0; expert < kExperts; ++expert) {
      tensors.push_back({WeightRole::kExpertGate, expert, kFeedForward, kEmbedding});
      tensors.push_back({WeightRole::kExpertUp, expert, kFeedForward, kEmbedding});
      tensors.push_back({WeightRole::kExpertDown, expert, kEmbedding, kFeedForward});
    }
  }
  return tensors;
}

bool is_vector(WeightRole role) {
  return role == WeightRole::kOutputNorm || role == WeightRole::kAttentionNorm ||
         role == WeightRole::kFeedForwardNorm;
}

Words make_words(bool experts) {
  Words words;
  const std::vector<Tensor> tensors = make_tensors(experts);
  words.tensor_count = tensors.size();
  for (int64_t value : {kVocabulary, int64_t{64}, kEmbedding, int64_t{1}, kFeedForward}) {
    words.integer(value);
  }
  for (int64_t value : {kExperts, int64_t{2}, kFeedForward, int64_t{1}}) {
    words.integer(experts ? value : 0);
  }
  for (int64_t value : {int64_t{2}, int64_t{1}, kKvWidth}) words.integer(value);
  words.real(0.125);                                  // attention scale
  words.real(0);                                      // its soft cap
  for (int64_t value : {0, 0}) words.integer(value);  // norm placement and kind
  words.real(1e-5);
  for (int64_t value : {0, 0}) words.integer(value);  // activation, feed-forward place
  words.real(1);                                      // embedding scale
  words.real(0);                                      // soft cap of logits
  for (int64_t value : {16, 0, 1}) words.integer(value);
  words.real(1);
  for (int i = 0; i < 8; ++i) words.real(1.0 / (1 << i));
  words.integer(0);  // the layer's table
  words.integer(static_cast<int64_t>(tensors.size()));
  int64_t offset = 0;
  for (const Tensor& tensor : tensors) {
    for (int64_t value : {static_cast<int64_t>(tensor.role), int64_t{0}, tensor.expert, int64_t{0},
                          offset, tensor.rows, tensor.columns}) {
      words.integer(value);
    }
    offset += is_vector(tensor.role)
                  ? tensor.columns * 4
                  : panel_count(tensor.rows) * panel_bytes(TensorType::kF32, tensor.columns);
  }
  for (int64_t value : {2, 0, 16}) words.integer(value);  // threads, KV type, block
  for (int64_t value : {kTokens, 2, 2, 4, 3, 1, 4, 2, 3}) words.integer(value);  // capacity
  for (int64_t value : {int64_t{0}, int64_t{8}, 2 * 16 * kKvWidth * 4, int64_t{1}, int64_t{0}}) {
    words.integer(value);  // the KV group
  }
  return words;
}

bool is_real(size_t word) {
  for (const size_t real : {0, 1, 4, 7, 8}) {
    if (word == kFirstReal + real) return true;
  }
  return (word >= kRope && word < kRope + 9);
}

Runner make_runner(const Words& words, const std::string& file) {
  WordReader reader(words.bytes());
  ModelDescription model = read_model_description(reader);
  RunnerOptions options = read_runner_options(reader, model.parameters);
  return Runner(std::move(model), std::move(options), file,
                *kernel_table(InstructionSet::kReference));
}

// Expects that the word's new value is refused, whichever way.
void expect_refused(const Words& good, size_t word, int64_t value, const std::string& file) {
  Words bad = good;
  bad.list[word] = value;
  const std::string what = "word " + std::to_string(word) + " = " + std::to_string(value);
  try {
    make_runner(bad, file);
  } catch (const std::runtime_error&) {
    return;
  } catch (const std::bad_alloc&) {
    testing::expect(false, ("memory is asked for before the check: " + what).c_str(), __FILE__,
                    __LINE__);
    return;
  }
  testing::expect(false, ("it is refused: " + what).c_str(), __FILE__, __LINE__);
}

// Returns the results of a step of all tokens, then of one that continues with what it sampled.
std::vector<int32_t> run_steps(const Words& words, const std::string& file) {
  Runner runner = make_runner(words, file);
  AlignedArray<std::byte> buffer(runner.layout().byte_size());
  std::memset(buffer.data(), 0, buffer.size());
  const BatchView batch(runner.layout(), buffer.data());
  int32_t* header = batch.integers(BatchSection::kHeader);
  header[static_cast<int>(HeaderWord::kVersion)] = kBatchVersion;
  header[static_cast<int>(HeaderWord::kTokens)] = kTokens;
  header[static_cast<int>(HeaderWord::kSequences)] = 1;
  header[static_cast<int>(HeaderWord::kLogitsRows)] = 2;
  for (int t = 0; t < kTokens; ++t) {
    batch.integers(BatchSection::kTokenId)[t] = 300 * t;
    batch.integers(BatchSection::kTokenPosition)[t] = t;
    batch.integers(BatchSection::kTokenKvSlot)[t] = 7 * 16 + t;
  }
  batch.integers(BatchSection::kSequenceTokenCount)[0] = kTokens;
  batch.integers(BatchSection::kSequenceContextLength)[0] = kTokens;
  batch.integers(BatchSection::kSequenceBlockTable)[0] = 7;
  batch.integers(BatchSection::kSequenceAdapter)[0] = -1;
  batch.integers(BatchSection::kSequenceMask)[0] = -1;
  batch.floats(BatchSection::kSequenceRepetitionPenalty)[0] = 1;
  batch.integers(BatchSection::kLogitsToken)[0] = 2;
  batch.integers(BatchSection::kLogitsToken)[1] = kTokens - 1;
  batch.integers(BatchSection::kLogitsFlags)[1] = 1;
  batch.integers(BatchSection::kLogitsTopCount)[1] = 3;
  std::vector<int32_t> results;
  for (int step = 0; step < 2; ++step) {
    runner.step(buffer.data());
    const int32_t token = batch.integers(BatchSection::kResultToken)[1];
    EXPECT(token >= 0 && token < kVocabulary);
    EXPECT_EQUAL(batch.integers(BatchSection::kResultToken)[0], -1);
    EXPECT_EQUAL(batch.integers(BatchSection::kResultTopId)[3], token);
    results.push_back(token);
    for (int row = 0; row < 2; ++row) {
      results.push_back(batch.integers(BatchSection::kResultLogSumExp)[row]);  // its bits
    }
    batch.integers(BatchSection::kTokenId)[kTokens - 1] = -1 - 1;
  }
  return results;
}

// Each variant changes the results, which are the same for any number of threads.
void run_variants(const Words& good, size_t threads_word, const std::string& file) {
  const std::vector<int32_t> usual = run_steps(good, file);
  std::vector<Words> variants(5, good);
  variants[0].set(kFirstReal + 1, 0.25);  // soft cap of attention
  variants[1].list[kActivation] = 1;      // GELU
  variants[2].list[kActivation + 1] = 1;  // beside attention
  variants[3].set(kActivation + 2, 3.0);  // embedding scale
  variants[4].set(kActivation + 3, 2.0);  // soft cap of logits
  for (Words& variant : variants) {
    const std::vector<int32_t> results = run_steps(variant, file);
    EXPECT(results != usual);
    variant.list[threads_word] = 3;
    EXPECT(run_steps(variant, file) == results);
  }
}

// An embedding that is not a number gives a row that says so, and so does every token after it.
void run_poisoned_step(Words words, const std::string& file) {
  Runner runner = make_runner(words, file);
  AlignedArray<std::byte> buffer(runner.layout().byte_size());
  std::memset(buffer.data(), 0, buffer.size());
  const BatchView batch(runner.layout(), buffer.data());
  int32_t* header = batch.integers(BatchSection::kHeader);
  header[static_cast<int>(HeaderWord::kVersion)] = kBatchVersion;
  header[static_cast<int>(HeaderWord::kTokens)] = 1;
  header[static_cast<int>(HeaderWord::kSequences)] = 1;
  header[static_cast<int>(HeaderWord::kLogitsRows)] = 1;
  header[static_cast<int>(HeaderWord::kCandidates)] = 1;
  batch.integers(BatchSection::kSequenceTokenCount)[0] = 1;
  batch.integers(BatchSection::kSequenceContextLength)[0] = 1;
  batch.integers(BatchSection::kSequenceAdapter)[0] = -1;
  batch.integers(BatchSection::kSequenceMask)[0] = -1;
  batch.floats(BatchSection::kSequenceRepetitionPenalty)[0] = 1;
  batch.integers(BatchSection::kLogitsFlags)[0] = 1;
  batch.integers(BatchSection::kLogitsCandidateCount)[0] = 1;
  batch.integers(BatchSection::kLogitsTopCount)[0] = 2;
  for (int32_t id : {0, -1}) {  // row 0 of the file begins with a NaN; then what was sampled there
    batch.integers(BatchSection::kTokenId)[0] = id;
    runner.step(buffer.data());
    EXPECT_EQUAL(batch.integers(BatchSection::kResultToken)[0], -1);
    EXPECT_EQUAL(batch.integers(BatchSection::kResultArgmax)[0], -1);
    EXPECT_EQUAL(batch.integers(BatchSection::kResultTopId)[1], -1);
    const float candidate = batch.floats(BatchSection::kResultCandidateLogProbability)[0];
    EXPECT(candidate != candidate);
  }
}

// A mask leaves its sequence one token, and the row's own measures as they are without it.
void run_masked_steps(const Words& words, const std::string& file) {
  Runner runner = make_runner(words, file);
  AlignedArray<std::byte> buffer(runner.layout().byte_size());
  std::memset(buffer.data(), 0, buffer.size());
  const BatchView batch(runner.layout(), buffer.data());
  int32_t* header = batch.integers(BatchSection::kHeader);
  header[static_cast<int>(HeaderWord::kVersion)] = kBatchVersion;
  header[static_cast<int>(HeaderWord::kTokens)] = 1;
  header[static_cast<int>(HeaderWord::kSequences)] = 1;
  header[static_cast<int>(HeaderWord::kLogitsRows)] = 1;
  batch.integers(BatchSection::kTokenId)[0] = 5;
  batch.integers(BatchSection::kSequenceTokenCount)[0] = 1;
  batch.integers(BatchSection::kSequenceContextLength)[0] = 1;
  batch.integers(BatchSection::kSequenceAdapter)[0] = -1;
  batch.floats(BatchSection::kSequenceRepetitionPenalty)[0] = 1;
  batch.integers(BatchSection::kLogitsFlags)[0] = 1;
  int32_t& mask = batch.integers(BatchSection::kSequenceMask)[0];
  mask = -1;
  runner.step(buffer.data());
  const int32_t best = batch.integers(BatchSection::kResultToken)[0];
  const float log_sum_exp = batch.floats(BatchSection::kResultLogSumExp)[0];
  const int64_t last = pooled_masks(runner.layout().capacity()) - 1;
  std::vector<uint64_t> bits(mask_words(kVocabulary), 0);
  for (int64_t id : {int64_t{0}, last}) {
    for (int64_t only : {int64_t{0}, int64_t{64}, kVocabulary - 1}) {
      std::fill(bits.begin(), bits.end(), 0);
      bits[only / 64] = uint64_t{1} << (only % 64);
      runner.put_mask(id, bits);
      mask = static_cast<int32_t>(id);
      runner.step(buffer.data());
      EXPECT_EQUAL(batch.integers(BatchSection::kResultToken)[0], only);
      EXPECT_EQUAL(batch.floats(BatchSection::kResultLogProbability)[0], 0.0f);
      EXPECT_EQUAL(batch.integers(BatchSection::kResultArgmax)[0], best);
      EXPECT_EQUAL(batch.floats(BatchSection::kResultLogSumExp)[0], log_sum_exp);
    }
  }
  std::fill(bits.begin(), bits.end(), 0);
  runner.put_mask(0, bits);  // no token is left: the row says so
  mask = 0;
  runner.step(buffer.data());
  EXPECT_EQUAL(batch.integers(BatchSection::kResultToken)[0], -1);
  for (int32_t id : {-2, static_cast<int32_t>(last) + 1}) {
    mask = id;
    EXPECT_ERROR(EngineError, "a token mask is none of the pool", runner.step(buffer.data()));
    EXPECT_ERROR(EngineError, "no place", runner.put_mask(last + 1, bits));
    EXPECT_ERROR(EngineError, "no place", runner.put_mask(-1, bits));
  }
  bits.push_back(0);
  EXPECT_ERROR(EngineError, "another vocabulary", runner.put_mask(0, bits));
}

std::string write_file(float first) {
  char name[] = "/tmp/sparkllama-runner-test-XXXXXX";
  const int file = ::mkstemp(name);
  std::vector<float> values(kFloats);
  for (int64_t i = 0; i < kFloats; ++i) values[i] = static_cast<float>(i * 37 % 101 - 50) / 200;
  values[0] = first;
  const auto bytes = static_cast<ssize_t>(kFloats * sizeof(float));
  if (file < 0 || ::write(file, values.data(), bytes) != bytes) {
    std::perror("the test's file cannot be written");
    std::exit(1);
  }
  ::close(file);
  return name;
}

size_t threads_word_of(const Words& words) {
  return kFirstTensor + words.tensor_count * kTensorWords;
}

void check_steps(const Words& good, const std::string& file) {
  const size_t threads_word = threads_word_of(good);
  const std::vector<int32_t> results = run_steps(good, file);
  for (int64_t threads : {1, 3}) {
    Words other = good;
    other.list[threads_word] = threads;
    EXPECT_EQUAL(make_runner(other, file).threads(), threads);
    EXPECT(run_steps(other, file) == results);
  }
#if defined(__x86_64__)
  const uint32_t before = _mm_getcsr();
  constexpr uint32_t kForeign = 0x1F80 | 0x8000 | 0x0040 | 0x6000;  // FTZ, DAZ, towards zero
  _mm_setcsr(kForeign);
  EXPECT(run_steps(good, file) == results);
  EXPECT_EQUAL(_mm_getcsr() & 0xFFC0, kForeign & 0xFFC0);
  _mm_setcsr(before);
#endif
  const size_t window_word = threads_word + 3 + 9;
  Words windowed = good;
  windowed.list[window_word] = kTokens;
  EXPECT(run_steps(windowed, file) == results);
  windowed.list[window_word] = 3;
  EXPECT(run_steps(windowed, file) != results);
}

void check_refusals(const Words& good, const std::string& file) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const size_t tensors_end = threads_word_of(good);
  for (size_t word = 0; word < good.list.size(); ++word) {
    if (is_real(word)) {
      expect_refused(good, word, 0x7ff8000000000000, file);  // NaN
      expect_refused(good, word, 0x7ff0000000000000, file);  // infinity
      continue;
    }
    for (int64_t value : {int64_t{-2}, -kMost, kMost, int64_t{1} << 32}) {
      expect_refused(good, word, value, file);
    }
  }
  expect_refused(good, kFirstReal, 0, file);          // no scale
  expect_refused(good, kFirstReal + 2, 1, file);      // norms that are not there
  expect_refused(good, kFirstReal + 3, 1, file);      // a norm's biases likewise
  expect_refused(good, kActivation, 2, file);         // a gate that is not used
  expect_refused(good, kRopeDimension, 15, file);     // odd
  expect_refused(good, kRopeDimension + 2, 2, file);  // more tables than layers
  for (size_t t = kFirstTensor; t < tensors_end; t += kTensorWords) {
    expect_refused(good, t + 3, 4, file);                 // a type that was removed
    expect_refused(good, t + 3, 12, file);                // Q4_K: no whole block
    expect_refused(good, t + 4, 32, file);                // not on a border
    expect_refused(good, t + 4, kFloats * 4 - 64, file);  // beyond the end
    expect_refused(good, t + 5, 7, file);                 // rows
    expect_refused(good, t + 6, 64, file);                // columns
  }
  for (size_t length = 0; length < good.list.size(); ++length) {
    Words cut = good;
    cut.list.resize(length);
    EXPECT_ERROR(std::runtime_error, "", make_runner(cut, file));
  }
  for (int64_t positions : {0, 8, 32}) {
    Words other = good;
    other.list[tensors_end + 2] = positions;
    EXPECT_ERROR(EngineError, "KV blocks of 16 positions", make_runner(other, file));
  }
  Words longer = good;
  longer.integer(0);
  EXPECT_ERROR(EngineError, "longer", make_runner(longer, file));
}

void check_expert_refusals(const Words& good, const std::string& file) {
  expect_refused(good, kExpertWords, 0, file);      // no experts, but their tensors
  expect_refused(good, kExpertWords, 2, file);      // fewer than have tensors
  expect_refused(good, kExpertWords, 4, file);      // more
  expect_refused(good, kExpertWords, 4096, file);   // more than the tensors could be of
  expect_refused(good, kExpertWords + 1, 0, file);  // none used
  expect_refused(good, kExpertWords + 1, 4, file);  // more used than there are
  expect_refused(good, kExpertWords + 2, 0, file);  // of no width
  expect_refused(good, kExpertWords + 2, 161, file);
  expect_refused(good, kExpertWords + 3, 2, file);  // an unknown weighting
  expect_refused(good, kActivation, 1, file);       // experts are gated as LLaMA's network is
  const size_t first = kFirstTensor + 13 * kTensorWords;
  for (size_t tensor = 0; tensor < 3 * kExperts; ++tensor) {
    const size_t expert = first + tensor * kTensorWords + 2;
    expect_refused(good, expert, kExperts, file);                     // there is no such expert
    expect_refused(good, expert, (good.list[expert] + 1) % 3, file);  // one would lack a matrix
  }
}

}  // namespace

int main() {
  const std::string file = write_file(0.5f);
  const std::string poisoned = write_file(std::numeric_limits<float>::quiet_NaN());
  for (const bool experts : {false, true}) {
    const Words good = make_words(experts);
    check_steps(good, file);
    if (!experts) run_variants(good, threads_word_of(good), file);
    run_poisoned_step(good, poisoned);
    run_masked_steps(good, file);
    check_refusals(good, file);
    if (experts) check_expert_refusals(good, file);
  }
  EXPECT(run_steps(make_words(false), file) != run_steps(make_words(true), file));
  ::unlink(file.c_str());
  ::unlink(poisoned.c_str());
  return testing::result();
}
