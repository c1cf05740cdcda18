#include "model/description.h"

#include <cmath>
#include <limits>

namespace sparkllama {
namespace {

constexpr int64_t kMost = int64_t{1}
                          << 24;  // bounds every product of three of them below 2^63 / 64

int32_t positive(WordReader& words, const char* name) {
  return static_cast<int32_t>(words.integer(name, 1, kMost));
}

TensorEntry read_tensor(WordReader& words, int32_t layer_count) {
  TensorEntry tensor;
  tensor.role = static_cast<WeightRole>(
      words.integer("tensor role", 0, static_cast<int64_t>(WeightRole::kFeedForwardDown)));
  tensor.layer = static_cast<int32_t>(words.integer("tensor layer", 0, layer_count - 1));
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

}  // namespace

ModelDescription read_model_description(WordReader& words) {
  ModelDescription description;
  HyperParameters& p = description.parameters;
  p.vocabulary_size = positive(words, "vocabulary size");
  p.context_length = positive(words, "context length");
  p.embedding_length = positive(words, "embedding length");
  p.layer_count = static_cast<int32_t>(words.integer("layer count", 1, 4096));
  p.feed_forward_length = positive(words, "feed-forward length");
  p.head_count = static_cast<int32_t>(words.integer("head count", 1, 65536));
  p.kv_head_count = static_cast<int32_t>(words.integer("KV head count", 1, p.head_count));
  p.head_dimension = static_cast<int32_t>(words.integer("head dimension", 1, 65536));
  p.rope_dimension = static_cast<int32_t>(words.integer("RoPE dimension", 0, p.head_dimension));
  p.rope_layout = static_cast<RopeLayout>(words.integer("RoPE layout", 0, 1));
  p.norm_epsilon = static_cast<float>(words.real());
  if (p.head_count % p.kv_head_count != 0 || p.rope_dimension % 2 != 0 || p.query_width() > kMost) {
    throw ModelFormatError(
        "The model's heads do not fit each other: heads must be a multiple of KV heads, the RoPE "
        "dimension even: " +
        std::to_string(p.head_count) + " heads of " + std::to_string(p.head_dimension) + ", " +
        std::to_string(p.kv_head_count) + " KV heads, RoPE dimension " +
        std::to_string(p.rope_dimension));
  }
  if (!(p.norm_epsilon >= 0) || !std::isfinite(p.norm_epsilon)) {
    throw ModelFormatError("The model's RMSNorm epsilon is no number of at least 0");
  }
  for (int i = 0; i < p.rope_dimension / 2; ++i) {
    const double frequency = words.real();
    if (!std::isfinite(frequency)) {
      throw ModelFormatError("A RoPE frequency is not finite: pair " + std::to_string(i));
    }
    p.inverse_frequencies.push_back(frequency);
  }
  const int64_t tensor_count = words.integer("tensor count", 0, 1 + words.words_left() / 6);
  for (int64_t i = 0; i < tensor_count; ++i) {
    description.tensors.push_back(read_tensor(words, p.layer_count));
  }
  return description;
}

}  // namespace sparkllama
