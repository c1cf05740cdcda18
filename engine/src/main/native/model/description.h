// Describes a model as Java hands it over: hyper-parameters, and where each tensor lies in the
// packed file.
//
// The words and their order are those of io.sparkllama.engine.runner.ModelDescription. Java has
// checked everything once; nothing here relies on that.
#pragma once

#include <cstdint>
#include <vector>

#include "base/word_reader.h"
#include "ops/layer_choices.h"
#include "tensor/tensor_type.h"

namespace sparkllama {

// Which probabilities the outputs of a token's experts are weighted by: those among all experts, or
// those among the experts that were chosen, which come to one.
enum class ExpertWeighting : int32_t { kAmongAll = 0, kAmongChosen = 1 };

// Where the norms of a layer stand: before attention and before the feed-forward network, after
// them, before their outputs are added to the residual stream, or both.
enum class NormPlacement : int32_t { kBefore = 0, kAfter = 1, kAround = 2 };

// Whether the feed-forward network reads the residual stream with what attention added to it, or
// without: then both are computed from the same.
enum class FeedForwardPlace : int32_t { kAfterAttention = 0, kBesideAttention = 1 };

// How fast positions turn the pairs of a head's elements.
struct RopeTable {
  double magnitude;                         // that both elements are multiplied by
  std::vector<double> inverse_frequencies;  // [rope_dimension / 2], radians per position
};

struct HyperParameters {
  int32_t vocabulary_size;
  int32_t context_length;  // most positions of a sequence
  int32_t embedding_length;
  int32_t layer_count;
  int32_t feed_forward_length;  // of the network that all tokens pass; 0 where there is none
  int32_t expert_count;         // of each layer; 0 where there are none
  int32_t experts_used;         // by each token
  int32_t expert_length;        // the width inside of an expert
  ExpertWeighting expert_weighting;
  int32_t head_count;
  int32_t kv_head_count;
  int32_t head_dimension;
  float attention_scale;     // of the products of queries and keys
  float attention_soft_cap;  // of the scores; 0 for none
  NormPlacement norm_placement;
  NormKind norm_kind;  // of all norms but those of queries and keys, which are RMSNorm
  float norm_epsilon;
  Activation activation;
  FeedForwardPlace feed_forward_place;
  float embedding_scale;  // of the rows of the token embedding
  float logit_soft_cap;   // 0 for none
  int32_t rope_dimension;
  RopeLayout rope_layout;
  std::vector<RopeTable> rope_tables;
  std::vector<int32_t> layer_rope;  // [layer_count]: index of a table, or kWithoutRope

  static constexpr int32_t kWithoutRope = -1;

  int64_t query_width() const { return int64_t{head_count} * head_dimension; }
  int64_t kv_width() const { return int64_t{kv_head_count} * head_dimension; }
  bool norms_before() const { return norm_placement != NormPlacement::kAfter; }
  bool is_gated() const { return activation != Activation::kGelu; }
  bool norms_after() const { return norm_placement != NormPlacement::kBefore; }
};

// Names what a tensor does; numbers are the ordinals of io.sparkllama.engine.model.WeightRole.
enum class WeightRole : int32_t {
  kTokenEmbedding = 0,
  kOutputNorm,
  kOutput,
  kRopeFactors,
  kAttentionNorm,
  kAttentionQuery,
  kAttentionKey,
  kAttentionValue,
  kAttentionOutput,
  kFeedForwardNorm,
  kFeedForwardGate,
  kFeedForwardUp,
  kFeedForwardDown,
  kAttentionQueryBias,
  kAttentionKeyBias,
  kAttentionValueBias,
  kAttentionOutputBias,
  kAttentionQueryNorm,
  kAttentionKeyNorm,
  kAttentionPostNorm,
  kFeedForwardPostNorm,
  kRopeFactorsLong,
  kRopeFactorsShort,
  kOutputNormBias,
  kAttentionNormBias,
  kFeedForwardNormBias,
  kExpertRouter,
  kExpertGate,
  kExpertUp,
  kExpertDown,
  kSharedExpertRouter,
};

struct TensorEntry {
  WeightRole role;
  int32_t layer;   // 0 for tensors of the whole model
  int32_t expert;  // 0 for tensors of no expert
  TensorType type;
  int64_t offset;  // bytes from the beginning of the packed file
  int64_t rows;
  int64_t columns;
};

struct ModelDescription {
  HyperParameters parameters;
  std::vector<TensorEntry> tensors;
};

// Throws ModelFormatError where a number cannot be.
ModelDescription read_model_description(WordReader& words);

}  // namespace sparkllama
