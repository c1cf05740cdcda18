#include "model/description.h"

#include <cmath>
#include <limits>
#include <string>

namespace sparkllama {
namespace {

constexpr int64_t kMost = int64_t{1}
                          << 24;  // bounds every product of three of them below 2^63 / 64

int32_t positive(WordReader& words, const char* name) {
  return static_cast<int32_t>(words.integer(name, 1, kMost));
}

bool is_of_expert(WeightRole role) {
  return role == WeightRole::kExpertGate || role == WeightRole::kExpertUp ||
         role == WeightRole::kExpertDown;
}

TensorEntry read_tensor(WordReader& words, const HyperParameters& p) {
  TensorEntry tensor;
  tensor.role = static_cast<WeightRole>(
      words.integer("tensor role", 0, static_cast<int64_t>(WeightRole::kSharedExpertRouter)));
  tensor.layer = static_cast<int32_t>(words.integer("tensor layer", 0, p.layer_count - 1));
  const int32_t experts = is_of_expert(tensor.role) ? p.expert_count : 1;
  tensor.expert = static_cast<int32_t>(words.integer("tensor expert", 0, experts - 1));
  const auto type = static_cast<int32_t>(words.integer("tensor type", 0, 1000));
  if (!is_tensor_type(type)) {
    throw ModelFormatError("A tensor's type is none that this engine runs: " +
                           std::to_string(type));
  }
  tensor.type = static_cast<TensorType>(type);
  tensor.offset = words.integer("tensor offset", 0, std::numeric_limits<int64_t>::max());
  tensor.rows = words.integer("tensor rows", 1, kMost);
  tensor.columns = words.integer("tensor columns", 1, kMost);
  return tensor;
}

float positive_real(WordReader& words, const char* name) {
  const auto value = static_cast<float>(words.real());
  if (!(value > 0) || !std::isfinite(value)) {
    throw ModelFormatError(std::string("A number of the model must be positive: ") + name);
  }
  return value;
}

// 0 for none.
float soft_cap(WordReader& words, const char* name) {
  const auto value = static_cast<float>(words.real());
  if (!(value >= 0) || !std::isfinite(value)) {
    throw ModelFormatError(std::string("A soft cap must be at least 0: ") + name);
  }
  return value;
}

double finite(WordReader& words, const char* name) {
  const double value = words.real();
  if (!std::isfinite(value)) {
    throw ModelFormatError(std::string("A number of RoPE is not finite: ") + name);
  }
  return value;
}

void read_feed_forward(WordReader& words, HyperParameters& p) {
  const auto number = [&](const char* name, int64_t least, int64_t most) {
    return static_cast<int32_t>(words.integer(name, least, most));
  };
  p.feed_forward_length = number("feed-forward length", 0, kMost);
  p.expert_count = number("experts", p.feed_forward_length == 0 ? 1 : 0, 4096);
  const int64_t least = p.expert_count == 0 ? 0 : 1;
  p.experts_used = number("experts used", least, p.expert_count);
  p.expert_length = number("expert length", least, least * kMost);
  p.expert_weighting = static_cast<ExpertWeighting>(number("expert weighting", 0, least));
}

void read_rope(WordReader& words, HyperParameters& p) {
  p.rope_dimension = static_cast<int32_t>(words.integer("RoPE dimension", 0, p.head_dimension));
  if (p.rope_dimension % 2 != 0) {
    throw ModelFormatError("The model's RoPE dimension must be even: " +
                           std::to_string(p.rope_dimension));
  }
  p.rope_layout = static_cast<RopeLayout>(words.integer("RoPE layout", 0, 1));
  const int64_t table_count = words.integer("RoPE tables", 1, p.layer_count);
  for (int64_t table = 0; table < table_count; ++table) {
    p.rope_tables.push_back({finite(words, "magnitude"), {}});
    for (int i = 0; i < p.rope_dimension / 2; ++i) {
      p.rope_tables.back().inverse_frequencies.push_back(finite(words, "frequency"));
    }
  }
  for (int32_t layer = 0; layer < p.layer_count; ++layer) {
    p.layer_rope.push_back(static_cast<int32_t>(
        words.integer("RoPE table of a layer", HyperParameters::kWithoutRope, table_count - 1)));
  }
}

}  // namespace

ModelDescription read_model_description(WordReader& words) {
  ModelDescription description;
  HyperParameters& p = description.parameters;
  p.vocabulary_size = positive(words, "vocabulary size");
  p.context_length = positive(words, "context length");
  p.embedding_length = positive(words, "embedding length");
  p.layer_count = static_cast<int32_t>(words.integer("layer count", 1, 4096));
  read_feed_forward(words, p);
  p.head_count = static_cast<int32_t>(words.integer("head count", 1, 65536));
  p.kv_head_count = static_cast<int32_t>(words.integer("KV head count", 1, p.head_count));
  p.head_dimension = static_cast<int32_t>(words.integer("head dimension", 1, 65536));
  p.attention_scale = positive_real(words, "attention scale");
  p.attention_soft_cap = soft_cap(words, "of attention");
  p.norm_placement = static_cast<NormPlacement>(words.integer("norm placement", 0, 2));
  p.norm_kind = static_cast<NormKind>(words.integer("norm kind", 0, 1));
  p.norm_epsilon = static_cast<float>(words.real());
  p.activation = static_cast<Activation>(words.integer("activation", 0, 2));
  if (p.expert_count > 0 && p.activation != Activation::kSwiglu) {
    throw ModelFormatError("The model's experts have an activation that is not supported");
  }
  p.feed_forward_place =
      static_cast<FeedForwardPlace>(words.integer("feed-forward network's place", 0, 1));
  if (p.feed_forward_place == FeedForwardPlace::kBesideAttention && !p.norms_before()) {
    throw ModelFormatError(
        "A feed-forward network beside attention needs a norm before it: without one its input"
        " would be the residual stream itself, which attention changes");
  }
  p.embedding_scale = positive_real(words, "embedding scale");
  p.logit_soft_cap = soft_cap(words, "of logits");
  if (p.head_count % p.kv_head_count != 0 || p.query_width() > kMost) {
    throw ModelFormatError(
        "The model's heads do not fit each other: heads must be a multiple of KV heads: " +
        std::to_string(p.head_count) + " heads of " + std::to_string(p.head_dimension) + ", " +
        std::to_string(p.kv_head_count) + " KV heads");
  }
  if (!(p.norm_epsilon >= 0) || !std::isfinite(p.norm_epsilon)) {
    throw ModelFormatError("The model's norm epsilon is no number of at least 0");
  }
  read_rope(words, p);
  // Each expert has three matrices in each layer: no memory is taken for experts that have none.
  const int64_t least_tensors = int64_t{3} * p.expert_count * p.layer_count;
  const int64_t tensor_count =
      words.integer("tensor count", least_tensors, 1 + words.words_left() / 7);
  for (int64_t i = 0; i < tensor_count; ++i) {
    description.tensors.push_back(read_tensor(words, p));
  }
  return description;
}

}  // namespace sparkllama
