// Holds a model's weights: matrices where they lie in the mapped files, norms widened to float32.
#pragma once

#include <string>
#include <vector>

#include "base/aligned_array.h"
#include "model/description.h"
#include "model/mapped_file.h"
#include "ops/kernel_table.h"

namespace sparkllama {

struct LayerWeights {
  const float* attention_norm = nullptr;     // [embedding]
  WeightMatrix query = {};                   // [heads * head_dim, embedding]
  WeightMatrix key = {};                     // [kv_heads * head_dim, embedding]
  WeightMatrix value = {};                   // [kv_heads * head_dim, embedding]
  WeightMatrix attention_output = {};        // [embedding, heads * head_dim]
  const float* feed_forward_norm = nullptr;  // [embedding]
  WeightMatrix gate = {};                    // [feed_forward, embedding]
  WeightMatrix up = {};                      // [feed_forward, embedding]
  WeightMatrix down = {};                    // [embedding, feed_forward]
};

class Model {
 public:
  // Maps the files and locates every tensor in them. Throws ModelFormatError where one is missing,
  // has another shape than the hyper-parameters ask for, or does not lie within its file.
  Model(ModelDescription description, const std::vector<std::string>& files,
        const KernelTable& kernels);

  const HyperParameters& parameters() const { return parameters_; }
  const WeightMatrix& token_embedding() const {
    return token_embedding_;
  }  // [vocabulary, embedding]
  const WeightMatrix& output() const {
    return output_;
  }  // [vocabulary, embedding]; may be the same
  const float* output_norm() const { return output_norm_; }  // [embedding]
  const LayerWeights& layer(int index) const { return layers_[index]; }

 private:
  void place(const TensorEntry& tensor, const KernelTable& kernels);
  WeightMatrix locate(const TensorEntry& tensor, int64_t rows, int64_t columns) const;
  const float* widen(const WeightMatrix& vector, const KernelTable& kernels);
  void require_complete() const;

  HyperParameters parameters_;
  std::vector<MappedFile> files_;
  std::vector<AlignedArray<float>> vectors_;
  WeightMatrix token_embedding_ = {};
  WeightMatrix output_ = {};
  const float* output_norm_ = nullptr;
  std::vector<LayerWeights> layers_;
};

}  // namespace sparkllama
