// Holds a model's weights, where they lie in the mapped packed file.
#pragma once

#include <string>
#include <vector>

#include "model/description.h"
#include "model/mapped_file.h"
#include "tensor/packed_layout.h"

namespace sparkllama {

struct LayerWeights {
  const float* attention_norm = nullptr;     // [embedding]
  PackedMatrix query = {};                   // [heads * head_dim, embedding]
  PackedMatrix key = {};                     // [kv_heads * head_dim, embedding]
  PackedMatrix value = {};                   // [kv_heads * head_dim, embedding]
  PackedMatrix attention_output = {};        // [embedding, heads * head_dim]
  const float* feed_forward_norm = nullptr;  // [embedding]
  PackedMatrix gate = {};                    // [feed_forward, embedding]
  PackedMatrix up = {};                      // [feed_forward, embedding]
  PackedMatrix down = {};                    // [embedding, feed_forward]
};

class Model {
 public:
  // Maps the packed file and locates every tensor in it: matrices as panels, vectors as float32.
  // Throws ModelFormatError where one is missing, has another shape than the hyper-parameters ask
  // for, or does not lie within the file.
  Model(ModelDescription description, const std::string& packed_file);

  const HyperParameters& parameters() const { return parameters_; }
  const PackedMatrix& token_embedding() const {
    return token_embedding_;
  }  // [vocabulary, embedding]
  const PackedMatrix& output() const {
    return output_;
  }  // [vocabulary, embedding]; may be the same
  const float* output_norm() const { return output_norm_; }  // [embedding]
  const LayerWeights& layer(int index) const { return layers_[index]; }

 private:
  void place(const TensorEntry& tensor);
  PackedMatrix matrix(const TensorEntry& tensor, int64_t rows, int64_t columns) const;
  const float* vector(const TensorEntry& tensor, int64_t columns) const;
  const std::byte* locate(const TensorEntry& tensor, int64_t bytes) const;
  void require_complete() const;

  HyperParameters parameters_;
  MappedFile file_;
  PackedMatrix token_embedding_ = {};
  PackedMatrix output_ = {};
  const float* output_norm_ = nullptr;
  std::vector<LayerWeights> layers_;
};

}  // namespace sparkllama
