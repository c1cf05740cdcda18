#include "model/model.h"

#include <utility>

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
  for (const TensorEntry& tensor : description.tensors) {
    place(tensor);
  }
  if (output_.data == nullptr) {
    output_ = token_embedding_;
  }
  require_complete();
}

void Model::place(const TensorEntry& tensor) {
  const HyperParameters& p = parameters_;
  const int64_t embedding = p.embedding_length;
  LayerWeights& layer = layers_[tensor.layer];
  switch (tensor.role) {
    case WeightRole::kTokenEmbedding:
      token_embedding_ = matrix(tensor, p.vocabulary_size, embedding);
      break;
    case WeightRole::kOutputNorm:
      output_norm_ = vector(tensor, embedding);
      break;
    case WeightRole::kOutput:
      output_ = matrix(tensor, p.vocabulary_size, embedding);
      break;
    case WeightRole::kRopeFactors:
      break;  // they are in the inverse frequencies already
    case WeightRole::kAttentionNorm:
      layer.attention_norm = vector(tensor, embedding);
      break;
    case WeightRole::kAttentionQuery:
      layer.query = matrix(tensor, p.query_width(), embedding);
      break;
    case WeightRole::kAttentionKey:
      layer.key = matrix(tensor, p.kv_width(), embedding);
      break;
    case WeightRole::kAttentionValue:
      layer.value = matrix(tensor, p.kv_width(), embedding);
      break;
    case WeightRole::kAttentionOutput:
      layer.attention_output = matrix(tensor, embedding, p.query_width());
      break;
    case WeightRole::kFeedForwardNorm:
      layer.feed_forward_norm = vector(tensor, embedding);
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

void Model::require_complete() const {
  bool complete = token_embedding_.data != nullptr && output_norm_ != nullptr;
  for (const LayerWeights& layer : layers_) {
    complete = complete && layer.attention_norm != nullptr && layer.query.data != nullptr &&
               layer.key.data != nullptr && layer.value.data != nullptr &&
               layer.attention_output.data != nullptr && layer.feed_forward_norm != nullptr &&
               layer.gate.data != nullptr && layer.up.data != nullptr && layer.down.data != nullptr;
  }
  if (!complete) {
    throw ModelFormatError("The model lacks a tensor that its layers need");
  }
}

}  // namespace sparkllama
