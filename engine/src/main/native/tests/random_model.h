// Writes the packed file of a model with random weights, for tests and benches of whole steps.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "model/description.h"
#include "tests/packed_weights.h"
#include "tests/random.h"
#include "tests/weights_file.h"

namespace sparkllama::testing {

// The types of its matrices; vectors are F32.
struct RandomModelTypes {
  TensorType embedding;
  TensorType attention;
  TensorType feed_forward;  // gate and up
  TensorType down;
  TensorType output;
};

// A model without experts, whose output is a matrix of its own. What the hyper-parameters ask for
// in norms is there; biases and norms of heads where asked.
class RandomModel {
 public:
  struct Extras {
    bool biases = false;
    bool head_norms = false;
  };

  RandomModel(HyperParameters parameters, RandomModelTypes types, Extras extras, uint64_t seed)
      : random_(seed) {
    description_.parameters = std::move(parameters);
    const HyperParameters& p = description_.parameters;
    add_matrix(WeightRole::kTokenEmbedding, 0, types.embedding, p.vocabulary_size,
               p.embedding_length);
    add_matrix(WeightRole::kOutput, 0, types.output, p.vocabulary_size, p.embedding_length);
    add_norm(WeightRole::kOutputNorm, WeightRole::kOutputNormBias, 0);
    for (int32_t layer = 0; layer < p.layer_count; ++layer) {
      add_attention(layer, types, extras);
      add_feed_forward(layer, types);
    }
  }
  RandomModel(const RandomModel&) = delete;
  RandomModel& operator=(const RandomModel&) = delete;

  const ModelDescription& description() const { return description_; }
  const std::string& path() const { return file_.path(); }

 private:
  void add_attention(int32_t layer, const RandomModelTypes& types, Extras extras) {
    const HyperParameters& p = description_.parameters;
    const int64_t embedding = p.embedding_length;
    if (p.norms_before()) {
      add_norm(WeightRole::kAttentionNorm, WeightRole::kAttentionNormBias, layer);
    }
    if (p.norms_after()) add_vector(WeightRole::kAttentionPostNorm, layer, embedding);
    add_matrix(WeightRole::kAttentionQuery, layer, types.attention, p.query_width(), embedding);
    add_matrix(WeightRole::kAttentionKey, layer, types.attention, p.kv_width(), embedding);
    add_matrix(WeightRole::kAttentionValue, layer, types.attention, p.kv_width(), embedding);
    add_matrix(WeightRole::kAttentionOutput, layer, types.attention, embedding, p.query_width());
    if (extras.biases) {
      add_vector(WeightRole::kAttentionQueryBias, layer, p.query_width());
      add_vector(WeightRole::kAttentionKeyBias, layer, p.kv_width());
      add_vector(WeightRole::kAttentionValueBias, layer, p.kv_width());
      add_vector(WeightRole::kAttentionOutputBias, layer, embedding);
    }
    if (extras.head_norms) {
      add_vector(WeightRole::kAttentionQueryNorm, layer, p.head_dimension);
      add_vector(WeightRole::kAttentionKeyNorm, layer, p.kv_width());  // of all heads together
    }
  }

  void add_feed_forward(int32_t layer, const RandomModelTypes& types) {
    const HyperParameters& p = description_.parameters;
    const int64_t embedding = p.embedding_length;
    if (p.norms_before()) {
      add_norm(WeightRole::kFeedForwardNorm, WeightRole::kFeedForwardNormBias, layer);
    }
    if (p.norms_after()) add_vector(WeightRole::kFeedForwardPostNorm, layer, embedding);
    if (p.is_gated()) {
      add_matrix(WeightRole::kFeedForwardGate, layer, types.feed_forward, p.feed_forward_length,
                 embedding);
    }
    add_matrix(WeightRole::kFeedForwardUp, layer, types.feed_forward, p.feed_forward_length,
               embedding);
    add_matrix(WeightRole::kFeedForwardDown, layer, types.down, embedding, p.feed_forward_length);
  }

  void add_norm(WeightRole weight, WeightRole bias, int32_t layer) {
    const HyperParameters& p = description_.parameters;
    add_vector(weight, layer, p.embedding_length);
    if (p.norm_kind == NormKind::kStandardDeviation) add_vector(bias, layer, p.embedding_length);
  }

  void add_vector(WeightRole role, int32_t layer, int64_t columns) {
    std::vector<float> values(static_cast<size_t>(columns));
    for (float& value : values) value = static_cast<float>(random_.between(0.5, 1.5));
    description_.tensors.push_back(
        {role, layer, 0, TensorType::kF32, file_.write(values.data(), columns * 4), 1, columns});
  }

  void add_matrix(WeightRole role, int32_t layer, TensorType type, int64_t rows, int64_t columns) {
    const std::vector<std::byte> weights = random_weights(type, rows * columns, true, random_);
    const PackedWeights packed(type, weights.data(), rows, columns);
    description_.tensors.push_back(
        {role, layer, 0, type,
         file_.write(packed.matrix().data, panel_count(rows) * panel_bytes(type, columns)), rows,
         columns});
  }

  Random random_;
  ModelDescription description_;
  WeightsFile file_;
};

}  // namespace sparkllama::testing
