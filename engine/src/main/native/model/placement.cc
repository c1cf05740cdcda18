#include "model/placement.h"

#include "base/error.h"
#include "ops/backend_failure.h"

namespace sparkllama {
namespace {

[[noreturn]] void throw_no_room(Backend& backend) {
  throw_if_failed(backend.finish());  // where it was no lack of memory
  throw MemoryError(
      "The model's weights do not fit into the memory of the device beside what it holds already: "
      "take a smaller model or quantization, or set engine.device to cpu");
}

}  // namespace

const void* Placement::known(const void* source) const {
  const auto found = placed_.find(source);
  return found == placed_.end() ? nullptr : found->second;
}

void Placement::place(PackedMatrix& matrix) {
  if (matrix.data == nullptr) return;
  const void* data = known(matrix.data);
  if (data == nullptr) {
    data = backend_.place(matrix).data;
    if (data == nullptr) throw_no_room(backend_);
    placed_[matrix.data] = data;
  }
  matrix.data = static_cast<const std::byte*>(data);
}

void Placement::place(const float*& vector, int64_t columns) {
  if (vector == nullptr) return;
  const void* data = known(vector);
  if (data == nullptr) {
    data = backend_.place_bytes(vector, columns * static_cast<int64_t>(sizeof(float)));
    if (data == nullptr) throw_no_room(backend_);
    placed_[vector] = data;
  }
  vector = static_cast<const float*>(data);
}

void Placement::place(Norm& norm, int64_t columns) {
  place(norm.weight, columns);
  place(norm.bias, columns);
}

void Placement::place(LayerWeights& layer, const HyperParameters& parameters) {
  const int64_t embedding = parameters.embedding_length;
  for (Norm* norm : {&layer.attention_norm, &layer.attention_post_norm, &layer.feed_forward_norm,
                     &layer.feed_forward_post_norm}) {
    place(*norm, embedding);
  }
  for (PackedMatrix* matrix :
       {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.gate, &layer.up,
        &layer.down, &layer.router, &layer.shared_router}) {
    place(*matrix);
  }
  place(layer.query_bias, parameters.query_width());
  place(layer.key_bias, parameters.kv_width());
  place(layer.value_bias, parameters.kv_width());
  place(layer.query_norm, layer.query_norm_width);
  place(layer.key_norm, layer.key_norm_width);
  place(layer.attention_output_bias, embedding);
  for (ExpertWeights& expert : layer.experts) {
    for (PackedMatrix* matrix : {&expert.gate, &expert.up, &expert.down}) place(*matrix);
  }
}

}  // namespace sparkllama
