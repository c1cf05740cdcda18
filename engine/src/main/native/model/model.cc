#include "model/model.h"

#include <algorithm>
#include <utility>

#include "model/placement.h"

namespace sparkllama {
namespace {

std::string describe(const TensorEntry& tensor) {
  return "role " + std::to_string(static_cast<int>(tensor.role)) + " of layer " +
         std::to_string(tensor.layer) + ", type " + tensor_type_name(tensor.type) + ", " +
         std::to_string(tensor.rows) + " rows of " + std::to_string(tensor.columns);
}

}  // namespace

Model::Model(ModelDescription description, const std::string& packed_file)
    : parameters_(std::move(description.parameters)),
      file_(packed_file),
      layers_(parameters_.layer_count) {
  for (LayerWeights& layer : layers_) layer.experts.resize(parameters_.expert_count);
  for (const TensorEntry& tensor : description.tensors) {
    place(tensor);
  }
  if (output_.data == nullptr) {
    output_ = token_embedding_;
  }
  for (LayerWeights& layer : layers_) {
    // Beside attention, both may read the same.
    const bool beside = parameters_.feed_forward_place == FeedForwardPlace::kBesideAttention;
    if (beside && !layer.attention_norm.exists()) layer.attention_norm = layer.feed_forward_norm;
  }
  require_complete();
}

void Model::place_on(Backend& backend) {
  Placement placement(backend);
  placement.place(token_embedding_);
  placement.place(output_);
  placement.place(output_norm_, parameters_.embedding_length);
  for (LayerWeights& layer : layers_) placement.place(layer, parameters_);
}

void Model::place(const TensorEntry& tensor) {
  const HyperParameters& p = parameters_;
  switch (tensor.role) {
    case WeightRole::kTokenEmbedding:
      token_embedding_ = matrix(tensor, p.vocabulary_size, p.embedding_length);
      break;
    case WeightRole::kOutputNorm:
      output_norm_.weight = vector(tensor, p.embedding_length);
      break;
    case WeightRole::kOutputNormBias:
      output_norm_.bias = vector(tensor, p.embedding_length);
      break;
    case WeightRole::kOutput:
      output_ = matrix(tensor, p.vocabulary_size, p.embedding_length);
      break;
    case WeightRole::kRopeFactors:
    case WeightRole::kRopeFactorsLong:
    case WeightRole::kRopeFactorsShort:
      break;  // they are in the inverse frequencies already
    default:
      place_in_layer(tensor, layers_[tensor.layer]);
      break;
  }
}

void Model::place_in_layer(const TensorEntry& tensor, LayerWeights& layer) {
  const HyperParameters& p = parameters_;
  const int64_t embedding = p.embedding_length;
  switch (tensor.role) {
    case WeightRole::kAttentionQuery:
      layer.query = matrix(tensor, p.query_width(), embedding);
      break;
    case WeightRole::kAttentionKey:
      layer.key = matrix(tensor, p.kv_width(), embedding);
      break;
    case WeightRole::kAttentionValue:
      layer.value = matrix(tensor, p.kv_width(), embedding);
      break;
    case WeightRole::kAttentionQueryBias:
      layer.query_bias = vector(tensor, p.query_width());
      break;
    case WeightRole::kAttentionKeyBias:
      layer.key_bias = vector(tensor, p.kv_width());
      break;
    case WeightRole::kAttentionValueBias:
      layer.value_bias = vector(tensor, p.kv_width());
      break;
    case WeightRole::kAttentionQueryNorm:
      layer.query_norm = head_norm(tensor, p.query_width(), layer.query_norm_width);
      break;
    case WeightRole::kAttentionKeyNorm:
      layer.key_norm = head_norm(tensor, p.kv_width(), layer.key_norm_width);
      break;
    case WeightRole::kAttentionOutput:
      layer.attention_output = matrix(tensor, embedding, p.query_width());
      break;
    case WeightRole::kAttentionOutputBias:
      layer.attention_output_bias = vector(tensor, embedding);
      break;
    case WeightRole::kFeedForwardGate:
      layer.gate = matrix(tensor, p.feed_forward_length, embedding);
      break;
    case WeightRole::kFeedForwardUp:
      layer.up = matrix(tensor, p.feed_forward_length, embedding);
      break;
    case WeightRole::kFeedForwardDown:
      layer.down = matrix(tensor, embedding, p.feed_forward_length);
      break;
    default:
      place_norm(tensor, layer);
      break;
  }
}

void Model::place_norm(const TensorEntry& tensor, LayerWeights& layer) {
  const int64_t embedding = parameters_.embedding_length;
  switch (tensor.role) {
    case WeightRole::kAttentionNorm:
      layer.attention_norm.weight = vector(tensor, embedding);
      break;
    case WeightRole::kAttentionNormBias:
      layer.attention_norm.bias = vector(tensor, embedding);
      break;
    case WeightRole::kAttentionPostNorm:
      layer.attention_post_norm.weight = vector(tensor, embedding);
      break;
    case WeightRole::kFeedForwardNorm:
      layer.feed_forward_norm.weight = vector(tensor, embedding);
      break;
    case WeightRole::kFeedForwardNormBias:
      layer.feed_forward_norm.bias = vector(tensor, embedding);
      break;
    case WeightRole::kFeedForwardPostNorm:
      layer.feed_forward_post_norm.weight = vector(tensor, embedding);
      break;
    default:
      place_in_experts(tensor, layer);
      break;
  }
}

void Model::place_in_experts(const TensorEntry& tensor, LayerWeights& layer) {
  const HyperParameters& p = parameters_;
  switch (tensor.role) {
    case WeightRole::kExpertRouter:
      layer.router = matrix(tensor, p.expert_count, p.embedding_length);
      break;
    case WeightRole::kExpertGate:
      layer.experts[tensor.expert].gate = matrix(tensor, p.expert_length, p.embedding_length);
      break;
    case WeightRole::kExpertUp:
      layer.experts[tensor.expert].up = matrix(tensor, p.expert_length, p.embedding_length);
      break;
    case WeightRole::kExpertDown:
      layer.experts[tensor.expert].down = matrix(tensor, p.embedding_length, p.expert_length);
      break;
    case WeightRole::kSharedExpertRouter:
      layer.shared_router = matrix(tensor, 1, p.embedding_length);
      break;
    default:
      throw ModelFormatError("A tensor of the whole model stands in a layer: " + describe(tensor));
  }
}

PackedMatrix Model::matrix(const TensorEntry& tensor, int64_t rows, int64_t columns) const {
  if (row_bytes(tensor.type, columns) < 0 || tensor.rows != rows || tensor.columns != columns) {
    throw ModelFormatError(
        "A tensor has another shape or type than the model asks for: " + describe(tensor) +
        "; expected " + std::to_string(rows) + " rows of " + std::to_string(columns));
  }
  const std::byte* data = locate(tensor, panel_count(rows) * panel_bytes(tensor.type, columns));
  return PackedMatrix{tensor.type, data, rows, columns};
}

const float* Model::vector(const TensorEntry& tensor, int64_t columns) const {
  if (tensor.type != TensorType::kF32 || tensor.rows != 1 || tensor.columns != columns) {
    throw ModelFormatError(
        "A vector has another shape or type than the model asks for: " + describe(tensor) +
        "; expected F32, 1 row of " + std::to_string(columns));
  }
  return reinterpret_cast<const float*>(
      locate(tensor, columns * static_cast<int64_t>(sizeof(float))));
}

const std::byte* Model::locate(const TensorEntry& tensor, int64_t bytes) const {
  if (tensor.offset > file_.size() || bytes > file_.size() - tensor.offset) {
    throw ModelFormatError("A tensor does not lie within the packed file, which is cut off: " +
                           file_.path() + ": " + describe(tensor) + " at byte " +
                           std::to_string(tensor.offset) + " of " + std::to_string(file_.size()));
  }
  constexpr int64_t kBorder = 64;
  if (tensor.offset % kBorder != 0) {
    throw ModelFormatError("A tensor does not begin on a border of 64 bytes: " + file_.path() +
                           ": " + describe(tensor) + " at byte " + std::to_string(tensor.offset));
  }
  return file_.data() + tensor.offset;
}

const float* Model::head_norm(const TensorEntry& tensor, int64_t all_heads, int64_t& width) const {
  width = tensor.columns == all_heads ? all_heads : parameters_.head_dimension;
  return vector(tensor, width);
}

void Model::require_complete() const {
  bool complete = token_embedding_.data != nullptr && is_complete(output_norm_);
  for (const LayerWeights& layer : layers_) {
    complete = complete && is_complete(layer);
  }
  if (!complete) {
    throw ModelFormatError("The model lacks a tensor that its layers need");
  }
}

bool Model::is_complete(const LayerWeights& layer) const {
  // A norm of another placement would be applied all the same.
  const auto fits = [this](const Norm& norm, bool wanted) {
    return wanted ? is_complete(norm) : norm.weight == nullptr && norm.bias == nullptr;
  };
  const bool before = parameters_.norms_before();
  const bool after = parameters_.norms_after();
  return fits(layer.attention_norm, before) && fits(layer.feed_forward_norm, before) &&
         fits(layer.attention_post_norm, after) && fits(layer.feed_forward_post_norm, after) &&
         layer.query.data != nullptr && layer.key.data != nullptr && layer.value.data != nullptr &&
         layer.attention_output.data != nullptr && has_feed_forward(layer);
}

bool Model::is_complete(const Norm& norm) const {
  const bool biased = parameters_.norm_kind == NormKind::kStandardDeviation;
  return norm.weight != nullptr && (norm.bias != nullptr) == biased;
}

bool Model::has_feed_forward(const LayerWeights& layer) const {
  const auto whole = [](const ExpertWeights& expert) {
    return expert.gate.data != nullptr && expert.up.data != nullptr && expert.down.data != nullptr;
  };
  const bool all_pass = parameters_.feed_forward_length > 0;
  const bool gated = all_pass && parameters_.is_gated();
  const bool routes = parameters_.expert_count > 0;
  return (layer.gate.data != nullptr) == gated && (layer.up.data != nullptr) == all_pass &&
         (layer.down.data != nullptr) == all_pass && (layer.router.data != nullptr) == routes &&
         (layer.shared_router.data != nullptr) == (routes && all_pass) &&
         std::all_of(layer.experts.begin(), layer.experts.end(), whole);
}

}  // namespace sparkllama
