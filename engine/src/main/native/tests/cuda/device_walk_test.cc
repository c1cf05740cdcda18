// Runs whole steps of small models on the device and on the processor: all that they say is the
// same bits, whatever the steps are made of.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cpu/kernel_dispatch.h"
#include "tests/cuda/tested_device.h"
#include "tests/expect.h"
#include "tests/random_model.h"
#include "tests/small_parameters.h"
#include "tests/step_script.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr int64_t kBlocksPerSequence = 5;
constexpr int32_t kNewTokens = 4;

struct Case {
  const char* name;
  HyperParameters parameters;
  RandomModelTypes types;
  RandomModel::Extras extras;
  KvType kv_type;
  int32_t window;  // of the second KV group, which has the odd layers; 0 for no such group
};

std::vector<Case> make_cases() {
  const RandomModelTypes q8 = {TensorType::kQ8_0, TensorType::kQ8_0, TensorType::kQ8_0,
                               TensorType::kQ8_0, TensorType::kQ8_0};
  std::vector<Case> cases;
  cases.push_back({"LLaMA, Q8_0", small_parameters(), q8, {}, KvType::kFloat16, 0});
  cases.push_back({"LLaMA, Q4_0, 8-bit KV",
                   small_parameters(),
                   {TensorType::kQ4_0, TensorType::kQ4_0, TensorType::kQ4_0, TensorType::kQ4_0,
                    TensorType::kQ6_K},
                   {},
                   KvType::kInt8,
                   0});
  Case mixed = {"mixed types, biases, norms of heads, halves",
                small_parameters(),
                {TensorType::kQ4_K, TensorType::kQ5_0, TensorType::kQ4_K, TensorType::kQ6_K,
                 TensorType::kF16},
                {true, true},
                KvType::kFloat32,
                0};
  mixed.parameters.rope_layout = RopeLayout::kHalves;
  mixed.parameters.rope_dimension = 32;
  mixed.parameters.rope_tables[0].inverse_frequencies.resize(16);
  cases.push_back(mixed);
  Case around = {"norms around, GELU gate, soft caps, window",
                 small_parameters(),
                 q8,
                 {},
                 KvType::kFloat16,
                 7};
  around.parameters.norm_placement = NormPlacement::kAround;
  around.parameters.activation = Activation::kGeglu;
  around.parameters.attention_soft_cap = 20;
  around.parameters.logit_soft_cap = 5;
  around.parameters.embedding_scale = 3;
  around.parameters.rope_tables.push_back(around.parameters.rope_tables[0]);
  around.parameters.rope_tables[1].magnitude = 1.25;
  around.parameters.layer_rope = {1, HyperParameters::kWithoutRope};
  cases.push_back(around);
  Case beside = {"LayerNorm, GELU, beside attention",
                 small_parameters(),
                 q8,
                 {true, false},
                 KvType::kFloat16,
                 0};
  beside.parameters.norm_kind = NormKind::kStandardDeviation;
  beside.parameters.activation = Activation::kGelu;
  beside.parameters.feed_forward_place = FeedForwardPlace::kBesideAttention;
  cases.push_back(beside);
  return cases;
}

std::vector<ScriptedSequence> make_sequences(int64_t vocabulary) {
  Random random(5);
  std::vector<ScriptedSequence> sequences(6);
  const int lengths[] = {1, 3, 17, 33, 40, 20};
  const int32_t chunks[] = {1, 3, 5, 33, 16, 20};
  for (size_t s = 0; s < sequences.size(); ++s) {
    for (int i = 0; i < lengths[s]; ++i) {
      sequences[s].prompt.push_back(
          static_cast<int32_t>(random.bits() % static_cast<uint64_t>(vocabulary)));
    }
    sequences[s].chunk = chunks[s];
  }
  sequences[1].temperature = 0.8f;
  sequences[2].temperature = 1.3f;
  sequences[2].top_k = 5;
  sequences[3].candidate = 7;
  return sequences;
}

std::unique_ptr<Runner> make_runner(const Case& c, const RandomModel& model, int64_t sequences,
                                    Device* device) {
  RunnerOptions options;
  options.threads = 1;
  options.kv_shape = {c.kv_type, c.parameters.kv_head_count, c.parameters.head_dimension};
  const auto blocks = static_cast<int32_t>(sequences * kBlocksPerSequence);
  options.kv_groups = {{0, blocks, {0, 1}}};
  if (c.window > 0) options.kv_groups = {{0, blocks, {0}}, {c.window, blocks, {1}}};
  BatchCapacity& capacity = options.capacity;
  capacity.tokens = 128;
  capacity.sequences = sequences;
  capacity.logits_rows = sequences;
  capacity.candidates = sequences;
  capacity.adjustments = 1;
  capacity.kv_groups = static_cast<int64_t>(options.kv_groups.size());
  capacity.blocks_per_sequence = kBlocksPerSequence;
  capacity.copies = 1;
  capacity.top_tokens = 2;
  return std::make_unique<Runner>(model.description(), options, model.path(),
                                  *kernel_table(InstructionSet::kReference), device);
}

void expect_same(const std::string& what, const std::vector<SequenceResults>& actual,
                 const std::vector<SequenceResults>& expected) {
  for (size_t s = 0; s < expected.size(); ++s) {
    if (actual[s] != expected[s]) {
      std::fprintf(stderr, "%s: sequence %zu differs\n", what.c_str(), s);
      ++failures;
    }
  }
}

void check(const Case& c, Device& device) {
  const RandomModel model(c.parameters, c.types, c.extras, 99);
  const std::vector<ScriptedSequence> sequences = make_sequences(c.parameters.vocabulary_size);
  const auto count = static_cast<int64_t>(sequences.size());
  const std::vector<SequenceResults> expected =
      StepScript(*make_runner(c, model, count, nullptr), sequences, kNewTokens).run();
  for (const SequenceResults& results : expected) {
    EXPECT(results.size() > 0 && results[0] >= 0);
  }
  const std::unique_ptr<Runner> runner = make_runner(c, model, count, &device);
  expect_same(c.name, StepScript(*runner, sequences, kNewTokens).run(), expected);
  // Once more: by then, steps of a token each are replayed from recordings.
  expect_same(std::string(c.name) + ", again", StepScript(*runner, sequences, kNewTokens).run(),
              expected);
  // One sequence after the other.
  std::vector<SequenceResults> alone;
  for (const ScriptedSequence& sequence : sequences) {
    StepScript script(*runner, {sequence}, kNewTokens);
    alone.push_back(script.run()[0]);
  }
  for (size_t s = 0; s < expected.size(); ++s) {
    // The random key is that of the place among the sequences.
    if (sequences[s].temperature == 0 && alone[s] != expected[s]) {
      std::fprintf(stderr, "%s: sequence %zu alone differs\n", c.name, s);
      ++failures;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::unique_ptr<Device> device = tested_device(count, arguments);
  for (const Case& c : make_cases()) check(c, *device);
  return result();
}
