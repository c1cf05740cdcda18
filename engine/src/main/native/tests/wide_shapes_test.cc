// Runs two layers of the widths of large models, LLaMA 65B, Llama 2 70B and Mixtral 8x7B: every
// instruction set gives the reference's bits.
//
// Matrices share their weights: each begins at another panel of the one region that has its
// columns, so that two layers of 70B take a quarter of a gigabyte.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "runner/runner.h"
#include "tests/expect.h"
#include "tests/instruction_sets.h"
#include "tests/packed_weights.h"
#include "tests/random.h"
#include "tests/weights_file.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr int64_t kVocabulary = 320;
constexpr int32_t kLayers = 2;
constexpr int32_t kHeadDimension = 128;
constexpr int kTokens = 2;
constexpr int kTopTokens = 8;
constexpr int64_t kSparePanels = 48;  // more than there are matrices of the same columns

struct Shape {
  const char* name;
  int32_t embedding;
  int32_t feed_forward;
  int32_t heads;
  int32_t kv_heads;
  int32_t experts;
};

constexpr Shape kShapes[] = {{"LLaMA 65B", 8192, 22016, 64, 64, 0},
                             {"Llama 2 70B", 8192, 28672, 64, 8, 0},
                             {"Mixtral 8x7B", 4096, 14336, 32, 8, 8}};

// Weights that all matrices of these columns are taken from.
struct Region {
  TensorType type;
  int64_t columns;
  int64_t offset;          // in the file
  int64_t next_panel = 0;  // where the next matrix begins
};

class WideModel {
 public:
  explicit WideModel(const Shape& shape) : shape_(shape) {
    set_parameters();
    // All norms: the weights are large, and keys and values of 16 bits are to be numbers.
    write(std::vector<float>(static_cast<size_t>(shape.embedding), 1.0f / 256));
    write_router();
    Region wide = write_region(TensorType::kQ4_K, shape.embedding,
                               std::max(shape.feed_forward, shape.embedding));
    Region deep = write_region(TensorType::kQ6_K, shape.feed_forward, shape.embedding);
    add_vector(WeightRole::kOutputNorm, 0);
    add(wide, WeightRole::kTokenEmbedding, 0, 0, kVocabulary);
    for (int32_t layer = 0; layer < kLayers; ++layer) add_layer(layer, wide, deep);
  }

  // Returns the numbers of a step of all tokens: of each row the sum of its exponentials, and ids
  // and logits of its best.
  std::vector<int32_t> run(const KernelTable& kernels) const {
    RunnerOptions options;
    options.threads = 2;
    options.kv_shape = {KvType::kFloat16, shape_.kv_heads, kHeadDimension};
    options.kv_groups = {{0, 1, {0, 1}}};
    options.capacity = capacity();
    Runner runner(description_, options, file_.path(), kernels);
    AlignedArray<std::byte> buffer(runner.layout().byte_size());
    std::memset(buffer.data(), 0, buffer.size());
    const BatchView batch(runner.layout(), buffer.data());
    fill(batch);
    runner.step(buffer.data());
    std::vector<int32_t> results;
    for (int row = 0; row < kTokens; ++row) {
      EXPECT(std::isfinite(batch.floats(BatchSection::kResultLogSumExp)[row]));
      results.push_back(batch.integers(BatchSection::kResultLogSumExp)[row]);
      for (int i = row * kTopTokens; i < (row + 1) * kTopTokens; ++i) {
        results.push_back(batch.integers(BatchSection::kResultTopId)[i]);
        results.push_back(batch.integers(BatchSection::kResultTopLogit)[i]);
      }
    }
    return results;
  }

 private:
  static BatchCapacity capacity() {
    BatchCapacity capacity = {};
    capacity.tokens = kTokens;
    capacity.sequences = 1;
    capacity.logits_rows = kTokens;
    capacity.candidates = 1;
    capacity.adjustments = 1;
    capacity.kv_groups = 1;
    capacity.blocks_per_sequence = 1;
    capacity.copies = 1;
    capacity.top_tokens = kTopTokens;
    return capacity;
  }

  static void fill(const BatchView& batch) {
    int32_t* header = batch.integers(BatchSection::kHeader);
    header[static_cast<int>(HeaderWord::kVersion)] = kBatchVersion;
    header[static_cast<int>(HeaderWord::kTokens)] = kTokens;
    header[static_cast<int>(HeaderWord::kSequences)] = 1;
    header[static_cast<int>(HeaderWord::kLogitsRows)] = kTokens;
    for (int t = 0; t < kTokens; ++t) {
      batch.integers(BatchSection::kTokenId)[t] = 7 + 150 * t;
      batch.integers(BatchSection::kTokenPosition)[t] = t;
      batch.integers(BatchSection::kTokenKvSlot)[t] = t;
      batch.integers(BatchSection::kLogitsToken)[t] = t;
      batch.integers(BatchSection::kLogitsTopCount)[t] = kTopTokens;
    }
    batch.integers(BatchSection::kSequenceTokenCount)[0] = kTokens;
    batch.integers(BatchSection::kSequenceContextLength)[0] = kTokens;
    batch.integers(BatchSection::kSequenceAdapter)[0] = -1;
    batch.integers(BatchSection::kSequenceMask)[0] = -1;
    batch.floats(BatchSection::kSequenceRepetitionPenalty)[0] = 1;
  }

  void set_parameters() {
    HyperParameters& p = description_.parameters;
    p = {};
    p.vocabulary_size = kVocabulary;
    p.context_length = kKvBlockPositions;
    p.embedding_length = shape_.embedding;
    p.layer_count = kLayers;
    p.head_count = shape_.heads;
    p.kv_head_count = shape_.kv_heads;
    p.head_dimension = kHeadDimension;
    p.attention_scale = 0.088388346f;
    p.norm_epsilon = 1e-5f;
    p.embedding_scale = 1;
    p.rope_dimension = kHeadDimension;
    p.rope_tables = {{1.0, {}}};
    for (int i = 0; i < kHeadDimension / 2; ++i) {
      p.rope_tables[0].inverse_frequencies.push_back(std::pow(1e4, -2.0 * i / kHeadDimension));
    }
    p.layer_rope.assign(kLayers, 0);
    if (shape_.experts == 0) {
      p.feed_forward_length = shape_.feed_forward;
    } else {
      p.expert_count = shape_.experts;
      p.experts_used = 2;
      p.expert_length = shape_.feed_forward;
      p.expert_weighting = ExpertWeighting::kAmongChosen;
    }
  }

  template <typename T>
  int64_t write(const std::vector<T>& values) {
    return file_.write(values.data(), static_cast<int64_t>(values.size() * sizeof(T)));
  }

  Region write_region(TensorType type, int64_t columns, int64_t rows) {
    const int64_t bytes = panel_bytes(type, columns);
    const std::vector<std::byte> some =
        random_weights(type, 16 * kPanelRows * columns, true, random_);
    const int64_t panels = panel_count(rows) + kSparePanels;
    int64_t offset = 0;
    // A few panels after one another in changing order: what matters is the width.
    const PackedWeights packed(type, some.data(), 16 * kPanelRows, columns);
    for (int64_t panel = 0; panel < panels; ++panel) {
      const std::byte* from = packed.matrix().data + random_.bits() % 16 * bytes;
      // Panels follow one another: each is whole lines.
      const int64_t at = file_.write(from, bytes);
      if (panel == 0) offset = at;
    }
    return {type, columns, offset};
  }

  void write_router() {
    if (shape_.experts == 0) return;
    const PackedWeights packed(
        TensorType::kF32,
        random_weights(TensorType::kF32, int64_t{shape_.experts} * shape_.embedding, true, random_)
            .data(),
        shape_.experts, shape_.embedding);
    const std::byte* from = packed.matrix().data;
    router_ = write(std::vector<std::byte>(
        from,
        from + panel_count(shape_.experts) * panel_bytes(TensorType::kF32, shape_.embedding)));
  }

  void add(Region& region, WeightRole role, int32_t layer, int32_t expert, int64_t rows) {
    const int64_t offset =
        region.offset + region.next_panel * panel_bytes(region.type, region.columns);
    description_.tensors.push_back(
        {role, layer, expert, region.type, offset, rows, region.columns});
    region.next_panel = (region.next_panel + 1) % kSparePanels;
  }

  void add_vector(WeightRole role, int32_t layer) {
    description_.tensors.push_back({role, layer, 0, TensorType::kF32, 0, 1, shape_.embedding});
  }

  void add_layer(int32_t layer, Region& wide, Region& deep) {
    const HyperParameters& p = description_.parameters;
    add_vector(WeightRole::kAttentionNorm, layer);
    add_vector(WeightRole::kFeedForwardNorm, layer);
    add(wide, WeightRole::kAttentionQuery, layer, 0, p.query_width());
    add(wide, WeightRole::kAttentionKey, layer, 0, p.kv_width());
    add(wide, WeightRole::kAttentionValue, layer, 0, p.kv_width());
    add(wide, WeightRole::kAttentionOutput, layer, 0, shape_.embedding);
    if (shape_.experts == 0) {
      add(wide, WeightRole::kFeedForwardGate, layer, 0, shape_.feed_forward);
      add(wide, WeightRole::kFeedForwardUp, layer, 0, shape_.feed_forward);
      add(deep, WeightRole::kFeedForwardDown, layer, 0, shape_.embedding);
      return;
    }
    description_.tensors.push_back({WeightRole::kExpertRouter, layer, 0, TensorType::kF32, router_,
                                    shape_.experts, shape_.embedding});
    for (int32_t expert = 0; expert < shape_.experts; ++expert) {
      add(wide, WeightRole::kExpertGate, layer, expert, shape_.feed_forward);
      add(wide, WeightRole::kExpertUp, layer, expert, shape_.feed_forward);
      add(deep, WeightRole::kExpertDown, layer, expert, shape_.embedding);
    }
  }

  Shape shape_;
  Random random_{77};
  ModelDescription description_;
  WeightsFile file_;
  int64_t router_ = 0;
};

}  // namespace

int main() {
  for (const Shape& shape : kShapes) {
    const WideModel model(shape);
    const std::vector<int32_t> expected = model.run(*kernel_table(InstructionSet::kReference));
    EXPECT(expected[0] != expected[1 + 2 * kTopTokens]);
    for (const NamedInstructionSet& named : kInstructionSets) {
      const KernelTable* table = table_or_skip(named);
      if (table == nullptr || named.set == InstructionSet::kReference) continue;
      if (model.run(*table) != expected) {
        std::fprintf(stderr, "%s by %s differs from the reference\n", shape.name, named.name);
        ++failures;
      }
    }
  }
  return result();
}
