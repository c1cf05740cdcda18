// Compares what adapters add with a readable loop, bit for bit, on every instruction set, for any
// mix of rows and any number of threads; and opens adapters whose descriptions are spoilt.
#include "runner/adapter_pass.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/half.h"
#include "runner/batch_layout.h"
#include "tests/expect.h"
#include "tests/kernel_check.h"
#include "tests/random.h"

using namespace sparkllama;

namespace {

constexpr int64_t kEmbedding = 40;
constexpr int64_t kVocabulary = 1111;  // more than a block of outputs
constexpr int64_t kTokens = 45;        // more than a chunk of rows
constexpr int32_t kSequences = 15;     // of three tokens

HyperParameters make_parameters() {
  HyperParameters p = {};
  p.vocabulary_size = kVocabulary;
  p.context_length = 64;
  p.embedding_length = kEmbedding;
  p.layer_count = 2;
  p.feed_forward_length = 57;
  p.head_count = 3;
  p.kv_head_count = 1;
  p.head_dimension = 18;
  return p;
}

struct Words {
  std::vector<int64_t> list;

  void integer(int64_t value) { list.push_back(value); }
  void real(double value) {
    int64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    list.push_back(bits);
  }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(list)); }
};

// A change of the query of layer 1, [54, 40], and of the output matrix.
struct Example {
  TensorType type;
  int64_t rank;
  double scale;
  std::vector<float> a, b, out_a, out_b;  // [rank, 40], [54, rank], [1, 40], [1111, 1]

  Example(TensorType element_type, int64_t lora_rank, double lora_scale, uint64_t seed)
      : type(element_type), rank(lora_rank), scale(lora_scale) {
    testing::Random random(seed);
    for (auto [numbers, size] : {std::pair{&a, rank * kEmbedding},
                                 {&b, 54 * rank},
                                 {&out_a, kEmbedding},
                                 {&out_b, kVocabulary}}) {
      for (int64_t i = 0; i < size; ++i) numbers->push_back(rounded(random.gaussian()));
    }
  }

  // A number that the type holds.
  float rounded(float value) const {
    if (type == TensorType::kF32) return value;
    if (type == TensorType::kF16) return half_to_float(float_to_half(value));
    return bfloat16_to_float(static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
  }

  std::vector<std::byte> stored(const std::vector<float>& numbers) const {
    const size_t size = type == TensorType::kF32 ? 4 : 2;
    std::vector<std::byte> bytes(numbers.size() * size);
    for (size_t i = 0; i < numbers.size(); ++i) {
      uint32_t word;
      std::memcpy(&word, &numbers[i], sizeof word);
      if (type == TensorType::kF16) word = float_to_half(numbers[i]);
      if (type == TensorType::kBF16) word >>= 16;
      std::memcpy(bytes.data() + i * size, &word, size);
    }
    return bytes;
  }

  Words words() const {
    Words words;
    const auto element = static_cast<int64_t>(type);
    words.integer(4);
    for (int64_t word : {element, rank, kEmbedding, element, int64_t{54}, rank, element, int64_t{1},
                         kEmbedding, element, kVocabulary, int64_t{1}}) {
      words.integer(word);
    }
    words.integer(2);
    for (int64_t word :
         {static_cast<int64_t>(WeightRole::kAttentionQuery), int64_t{1}, int64_t{0}, int64_t{1}}) {
      words.integer(word);
    }
    words.real(scale);
    for (int64_t word :
         {static_cast<int64_t>(WeightRole::kOutput), int64_t{0}, int64_t{2}, int64_t{3}}) {
      words.integer(word);
    }
    words.real(-scale);
    return words;
  }

  void open(AdapterSet& adapters) const {
    const Words description = words();
    WordReader reader(description.bytes());
    const int32_t index = adapters.open(reader);
    EXPECT(!adapters.is_ready(index));
    adapters.fill(index, 0, stored(a));
    const std::vector<std::byte> rows = stored(b);
    const size_t panel = rows.size() / 54 * 16;  // in two calls
    adapters.fill(index, 1, std::span(rows).first(panel));
    adapters.fill(index, 1, std::span(rows).subspan(panel));
    adapters.fill(index, 2, stored(out_a));
    EXPECT(!adapters.is_ready(index));
    adapters.fill(index, 3, stored(out_b));
    EXPECT(adapters.is_ready(index));
  }
};

// y + B (scale * (A x)), of one row.
void add_readably(const std::vector<float>& a, const std::vector<float>& b, int64_t rank,
                  float scale, const float* x, float* y) {
  std::vector<float> low(rank, 0.0f);
  for (int64_t r = 0; r < rank; ++r) {
    for (int64_t k = 0; k < kEmbedding; ++k) {
      low[r] = std::fma(a[r * kEmbedding + k], x[k], low[r]);
    }
    low[r] *= scale;
  }
  for (size_t i = 0; i < b.size() / rank; ++i) {
    float sum = 0;
    for (int64_t r = 0; r < rank; ++r) sum = std::fma(b[i * rank + r], low[r], sum);
    y[i] += sum;
  }
}

std::vector<float> random_floats(int64_t size, uint64_t seed) {
  return testing::Random(seed).gaussians(size);
}

struct Step {
  BatchLayout layout;
  AlignedArray<std::byte> buffer;

  Step() : layout(capacity()), buffer(layout.byte_size()) {
    std::memset(buffer.data(), 0, buffer.size());
  }

  static BatchCapacity capacity() {
    BatchCapacity capacity = {};
    capacity.tokens = kTokens;
    capacity.sequences = kSequences;
    capacity.kv_groups = 1;
    capacity.blocks_per_sequence = 4;
    return capacity;
  }

  // Sequences of three tokens each, with these adapters.
  BatchView view(const std::vector<int32_t>& adapters) {
    const BatchView batch(layout, buffer.data());
    const auto sequences = static_cast<int32_t>(adapters.size());
    batch.integers(BatchSection::kHeader)[static_cast<int>(HeaderWord::kTokens)] = 3 * sequences;
    for (int32_t s = 0; s < sequences; ++s) {
      batch.integers(BatchSection::kSequenceAdapter)[s] = adapters[s];
      for (int32_t t = 3 * s; t < 3 * s + 3; ++t) {
        batch.integers(BatchSection::kTokenSequence)[t] = s;
      }
    }
    return batch;
  }
};

void compare(const KernelTable& table, int threads, const std::vector<Example>& examples,
             const std::vector<int32_t>& sequence_adapters) {
  const HyperParameters parameters = make_parameters();
  AdapterSet adapters(parameters);
  for (const Example& example : examples) example.open(adapters);
  ThreadPool pool(threads);
  AdapterPass pass(adapters, parameters, table, pool, 64);
  pass.reserve();
  Step step;
  const BatchView batch = step.view(sequence_adapters);
  const auto tokens = static_cast<int64_t>(3 * sequence_adapters.size());
  const std::vector<float> x = random_floats(tokens * kEmbedding, 7);
  std::vector<float> y = random_floats(tokens * 54, 8);
  std::vector<float> keys = random_floats(tokens * 18, 9);
  std::vector<float> expected = y;
  const std::vector<float> expected_keys = keys;
  for (int64_t t = 0; t < tokens; ++t) {
    const int32_t adapter = sequence_adapters[t / 3];
    if (adapter < 0) continue;
    const Example& example = examples[adapter];
    add_readably(example.a, example.b, example.rank, static_cast<float>(example.scale),
                 x.data() + t * kEmbedding, expected.data() + t * 54);
  }
  const std::string what = std::string(table.name) + ", " + std::to_string(threads) + " threads, " +
                           std::to_string(sequence_adapters.size()) + " sequences";
  pass.plan_tokens(batch);
  pass.add({{WeightRole::kAttentionQuery, y.data()}, {WeightRole::kAttentionKey, keys.data()}}, 0,
           x.data());  // no adapter changes layer 0
  pass.add({{WeightRole::kAttentionQuery, y.data()}, {WeightRole::kAttentionKey, keys.data()}}, 1,
           x.data());
  testing::expect_same(y, expected, what);
  testing::expect_same(keys, expected_keys, what + ", keys");

  // Logits of every other token, from the last one on.
  std::vector<int32_t> rows;
  for (int64_t t = tokens - 1; t >= 0; t -= 2) rows.push_back(static_cast<int32_t>(t));
  std::vector<float> logits = random_floats(static_cast<int64_t>(rows.size()) * kVocabulary, 10);
  std::vector<float> expected_logits = logits;
  for (size_t i = 0; i < rows.size(); ++i) {
    const int32_t adapter = sequence_adapters[rows[i] / 3];
    if (adapter < 0) continue;
    add_readably(examples[adapter].out_a, examples[adapter].out_b, 1,
                 static_cast<float>(-examples[adapter].scale), x.data() + i * kEmbedding,
                 expected_logits.data() + i * kVocabulary);
  }
  pass.plan_rows(rows.data(), static_cast<int64_t>(rows.size()));
  pass.add({{WeightRole::kOutput, logits.data()}}, 0, x.data());
  testing::expect_same(logits, expected_logits, what + ", logits");
}

void test_arithmetic() {
  const std::vector<Example> examples = {{TensorType::kF32, 4, 0.5, 1},
                                         {TensorType::kF16, 33, 1.7, 2},
                                         {TensorType::kBF16, 1, -2.0 / 3, 3}};
  const std::vector<std::vector<int32_t>> mixes = {std::vector<int32_t>(kSequences, 1),
                                                   {2},
                                                   {-1},
                                                   {0, 2, 1, -1, 0, 1, 2, 0, -1, -1, 2, 1, 1, 0, 2},
                                                   {1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, -1, 0}};
  for (const testing::NamedInstructionSet& named : testing::kInstructionSets) {
    const KernelTable* table = testing::table_or_skip(named);
    if (table == nullptr) continue;
    for (int threads : {1, 3}) {
      for (const std::vector<int32_t>& mix : mixes) compare(*table, threads, examples, mix);
    }
  }
}

// What an adapter's numbers that are none make of its own rows, they make of no others.
void test_numbers_that_are_none() {
  std::vector<Example> examples = {{TensorType::kF32, 4, 0.5, 1},
                                   {TensorType::kBF16, 50, 1, 2},
                                   {TensorType::kF16, 50, 1, 3}};  // enough for threads
  for (float& number : examples[1].a) number = std::numeric_limits<float>::quiet_NaN();
  for (float& number : examples[2].b) number = std::numeric_limits<float>::infinity();
  const std::vector<int32_t> mix = {1, 2, 0, -1, 2, 1, 1, 2, 2, 1, 0, 1, 2, -1, 1};
  const HyperParameters parameters = make_parameters();
  AdapterSet adapters(parameters);
  for (const Example& example : examples) example.open(adapters);
  for (const testing::NamedInstructionSet& named : testing::kInstructionSets) {
    const KernelTable* table = testing::table_or_skip(named);
    if (table == nullptr) continue;
    ThreadPool pool(3);
    AdapterPass pass(adapters, parameters, *table, pool, 64);
    pass.reserve();
    Step step;
    pass.plan_tokens(step.view(mix));
    const std::vector<float> x = random_floats(kTokens * kEmbedding, 7);
    std::vector<float> y = random_floats(kTokens * 54, 8);
    std::vector<float> expected = y;
    pass.add({{WeightRole::kAttentionQuery, y.data()}}, 1, x.data());
    for (int64_t t = 0; t < kTokens; ++t) {
      if (mix[t / 3] == 0) {
        add_readably(examples[0].a, examples[0].b, 4, 0.5f, x.data() + t * kEmbedding,
                     expected.data() + t * 54);
      }
      for (int64_t i = t * 54; i < (t + 1) * 54; ++i) {
        const bool is_spoilt = mix[t / 3] > 0;
        EXPECT_EQUAL(std::isfinite(y[i]), !is_spoilt);
        if (is_spoilt) y[i] = expected[i];
      }
    }
    testing::expect_same(y, expected, std::string(table->name) + ", rows beside spoilt ones");
  }
}

void test_nothing_without_adapters() {
  const HyperParameters parameters = make_parameters();
  const AdapterSet adapters(parameters);
  ThreadPool pool(1);
  AdapterPass pass(adapters, parameters, *kernel_table(InstructionSet::kReference), pool, 64);
  EXPECT_EQUAL(pass.byte_size(), 0);
  Step step;
  pass.plan_tokens(step.view({-1, -1}));
  std::vector<float> y(6 * 54, 1.0f);
  const std::vector<float> before = y;
  pass.add({{WeightRole::kAttentionQuery, y.data()}}, 0, y.data());
  testing::expect_same(y, before, "no adapters");
}

void expect_refused(const Words& words, const std::string& what) {
  const HyperParameters parameters = make_parameters();
  AdapterSet adapters(parameters);
  WordReader reader(words.bytes());
  bool refused = false;
  try {
    adapters.open(reader);
  } catch (const ModelFormatError&) {
    refused = true;
  } catch (const EngineError&) {
    refused = true;
  }
  testing::expect(refused, ("it is refused: " + what).c_str(), __FILE__, __LINE__);
  EXPECT(adapters.empty());
}

void test_refusals() {
  const Words good = Example(TensorType::kF16, 4, 1, 1).words();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  for (size_t word = 0; word < good.list.size(); ++word) {
    const bool is_scale = word == 18 || word == 23;
    for (int64_t value : is_scale ? std::vector<int64_t>{0x7ff8000000000000, 0x7ff0000000000000}
                                  : std::vector<int64_t>{-1, 99, kMost, -kMost, 1 << 23}) {
      Words bad = good;
      bad.list[word] = value;
      expect_refused(bad, "word " + std::to_string(word) + " = " + std::to_string(value));
    }
  }
  for (size_t length = 0; length < good.list.size(); ++length) {
    Words cut = good;
    cut.list.resize(length);
    expect_refused(cut, "cut to " + std::to_string(length));
  }
  Words longer = good;
  longer.integer(0);
  expect_refused(longer, "a word too many");
  Words quantized = good;
  quantized.list[1] = static_cast<int64_t>(TensorType::kQ8_0);
  expect_refused(quantized, "a matrix that is not of floats");
  Words norm = good;
  norm.list[14] = static_cast<int64_t>(WeightRole::kAttentionNorm);
  expect_refused(norm, "a weight that is no matrix");
  Words twice = good;
  for (int i = 0; i < 5; ++i) twice.list[19 + i] = good.list[14 + i];
  expect_refused(twice, "a weight that is changed twice");
  Words nothing = good;
  nothing.list[18] = static_cast<int64_t>(0);  // a scale of 0 is one
  const HyperParameters parameters = make_parameters();
  AdapterSet adapters(parameters);
  WordReader reader(nothing.bytes());
  EXPECT_EQUAL(adapters.open(reader), 0);
}

void test_filling() {
  const HyperParameters parameters = make_parameters();
  AdapterSet adapters(parameters);
  const Example example(TensorType::kF32, 4, 1, 1);
  const Words words = example.words();
  WordReader reader(words.bytes());
  adapters.open(reader);
  const std::vector<std::byte> b = example.stored(example.b);  // 54 rows of 16 bytes
  const std::span<const std::byte> rows(b);
  EXPECT_ERROR(EngineError, "not opened", adapters.fill(1, 0, rows));
  EXPECT_ERROR(EngineError, "not opened", adapters.fill(-1, 0, rows));
  EXPECT_ERROR(EngineError, "not opened", adapters.fill(0, 4, rows));
  EXPECT_ERROR(EngineError, "next", adapters.fill(0, 1, rows.first(0)));
  EXPECT_ERROR(EngineError, "next", adapters.fill(0, 1, rows.first(15 * 16)));
  EXPECT_ERROR(EngineError, "next", adapters.fill(0, 1, rows.first(16 * 16 + 1)));
  adapters.fill(0, 1, rows.first(48 * 16));
  EXPECT_ERROR(EngineError, "next", adapters.fill(0, 1, rows.first(16 * 16)));
  adapters.fill(0, 1, rows.subspan(48 * 16));
  EXPECT_ERROR(EngineError, "next", adapters.fill(0, 1, rows.first(16)));
  EXPECT(!adapters.is_ready(0));
  EXPECT(!adapters.is_ready(1));
}

}  // namespace

int main() {
  test_arithmetic();
  test_numbers_that_are_none();
  test_nothing_without_adapters();
  test_refusals();
  test_filling();
  return testing::result();
}
