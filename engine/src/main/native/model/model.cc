#include "model/model.h"

#include "tensor/tensor_type.h"

namespace sparkllama {
namespace {

std::string describe(const TensorEntry& tensor) {
  return "role " + std::to_string(static_cast<int>(tensor.role)) + " of layer " +
         std::to_string(tensor.layer) + ", type " + tensor_type_name(tensor.type) + ", " +
         std::to_string(tensor.rows) + " rows of " + std::to_string(tensor.columns);
}

}  // namespace

Model::Model(ModelDescription description, const std::vector<std::string>& files,
             const KernelTable& kernels)
    : parameters_(std::move(description.parameters)), layers_(parameters_.layer_count) {
  files_.reserve(files.size());
  for (const std::string& file : files) {
    files_.emplace_back(file);
  }
  for (const TensorEntry& tensor : description.tensors) {
    place(tensor, kernels);
  }
  if (output_.data == nullptr) {
    output_ = token_embedding_;
  }
  require_complete();
}

void Model::place(const TensorEntry& tensor, const KernelTable& kernels) {
  const HyperParameters& p = parameters_;
  const int64_t embedding = p.embedding_length;
  LayerWeights& layer = layers_[tensor.layer];
  switch (tensor.role) {
    case WeightRole::kTokenEmbedding:
      token_embedding_ = locate(tensor, p.vocabulary_size, embedding);
      break;
    case WeightRole::kOutputNorm:
      output_norm_ = widen(locate(tensor, 1, embedding), kernels);
      break;
    case WeightRole::kOutput:
      output_ = locate(tensor, p.vocabulary_size, embedding);
      break;
    case WeightRole::kRopeFactors:
      break;  // they are in the inverse frequencies already
    case WeightRole::kAttentionNorm:
      layer.attention_norm = widen(locate(tensor, 1, embedding), kernels);
      break;
    case WeightRole::kAttentionQuery:
      layer.query = locate(tensor, p.query_width(), embedding);
      break;
    case WeightRole::kAttentionKey:
      layer.key = locate(tensor, p.kv_width(), embedding);
      break;
    case WeightRole::kAttentionValue:
      layer.value = locate(tensor, p.kv_width(), embedding);
      break;
    case WeightRole::kAttentionOutput:
      layer.attention_output = locate(tensor, embedding, p.query_width());
      break;
    case WeightRole::kFeedForwardNorm:
      layer.feed_forward_norm = widen(locate(tensor, 1, embedding), kernels);
      break;
    case WeightRole::kFeedForwardGate:
      layer.gate = locate(tensor, p.feed_forward_length, embedding);
      break;
    case WeightRole::kFeedForwardUp:
      layer.up = locate(tensor, p.feed_forward_length, embedding);
      break;
    case WeightRole::kFeedForwardDown:
      layer.down = locate(tensor, embedding, p.feed_forward_length);
      break;
  }
}

WeightMatrix Model::locate(const TensorEntry& tensor, int64_t rows, int64_t columns) const {
  const int64_t bytes = row_bytes(tensor.type, columns);
  if (bytes < 0 || tensor.rows != rows || tensor.columns != columns) {
    throw ModelFormatError(
        "A tensor has another shape or type than the model asks for: " + describe(tensor) +
        "; expected " + std::to_string(rows) + " rows of " + std::to_string(columns));
  }
  if (tensor.part >= static_cast<int64_t>(files_.size())) {
    throw ModelFormatError("A tensor lies in a file that was not given: " + describe(tensor));
  }
  const MappedFile& file = files_[tensor.part];
  if (tensor.offset > file.size() || rows * bytes > file.size() - tensor.offset) {
    throw ModelFormatError("A tensor does not lie within its file, which is cut off or damaged: " +
                           file.path() + ": " + describe(tensor) + " at byte " +
                           std::to_string(tensor.offset) + " of " + std::to_string(file.size()));
  }
  if (tensor.offset % 4 != 0) {
    throw ModelFormatError("A tensor does not begin on a border of 4 bytes: " + file.path() + ": " +
                           describe(tensor) + " at byte " + std::to_string(tensor.offset));
  }
  return WeightMatrix{tensor.type, file.data() + tensor.offset, rows, columns, bytes};
}

const float* Model::widen(const WeightMatrix& vector, const KernelTable& kernels) {
  AlignedArray<float>& widened = vectors_.emplace_back(vector.columns);
  kernels.dequantize_row(vector, 0, widened.data());
  return widened.data();
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
