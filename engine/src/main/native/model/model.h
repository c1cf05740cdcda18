// Holds a model's weights, where they lie in the mapped packed file.
#pragma once

#include <string>
#include <vector>

#include "model/description.h"
#include "model/mapped_file.h"
#include "ops/backend.h"
#include "tensor/packed_layout.h"

namespace sparkllama {

// One of the networks of which a token passes a few.
struct ExpertWeights {
  PackedMatrix gate = {};  // [expert_length, embedding]
  PackedMatrix up = {};    // [expert_length, embedding]
  PackedMatrix down = {};  // [embedding, expert_length]
};

// A norm of the residual stream; both null where the model has none there.
struct Norm {
  const float* weight = nullptr;  // [embedding]
  const float* bias = nullptr;    // [embedding], of LayerNorm

  bool exists() const { return weight != nullptr; }
};

// A vector that the model does not have is null, and so is a matrix's data.
struct LayerWeights {
  Norm attention_norm;
  PackedMatrix query = {};                       // [heads * head_dim, embedding]
  PackedMatrix key = {};                         // [kv_heads * head_dim, embedding]
  PackedMatrix value = {};                       // [kv_heads * head_dim, embedding]
  const float* query_bias = nullptr;             // [heads * head_dim]
  const float* key_bias = nullptr;               // [kv_heads * head_dim]
  const float* value_bias = nullptr;             // [kv_heads * head_dim]
  const float* query_norm = nullptr;             // [query_norm_width]
  const float* key_norm = nullptr;               // [key_norm_width]
  int64_t query_norm_width = 0;                  // of one head, or of all together
  int64_t key_norm_width = 0;                    // of one head, or of all together
  PackedMatrix attention_output = {};            // [embedding, heads * head_dim]
  const float* attention_output_bias = nullptr;  // [embedding]
  Norm attention_post_norm;
  Norm feed_forward_norm;
  PackedMatrix gate = {};  // [feed_forward, embedding], where it is gated
  PackedMatrix up = {};    // [feed_forward, embedding]
  PackedMatrix down = {};  // [embedding, feed_forward]
  Norm feed_forward_post_norm;
  PackedMatrix router = {};            // [experts, embedding]
  std::vector<ExpertWeights> experts;  // [experts]
  PackedMatrix shared_router = {};     // [1, embedding]
};

class Model {
 public:
  // Maps the packed file and locates every tensor in it: matrices as panels, vectors as float32.
  // Throws ModelFormatError where one is missing, has another shape than the hyper-parameters ask
  // for, or does not lie within the file.
  Model(ModelDescription description, const std::string& packed_file);

  // Puts all weights where the backend reads them. Throws MemoryError where it has no room.
  void place_on(Backend& backend);

  const HyperParameters& parameters() const { return parameters_; }
  const PackedMatrix& token_embedding() const {
    return token_embedding_;
  }  // [vocabulary, embedding]
  const PackedMatrix& output() const {
    return output_;
  }  // [vocabulary, embedding]; may be the same
  const Norm& output_norm() const { return output_norm_; }
  const LayerWeights& layer(int index) const { return layers_[index]; }

 private:
  void place(const TensorEntry& tensor);
  void place_in_layer(const TensorEntry& tensor, LayerWeights& layer);
  void place_norm(const TensorEntry& tensor, LayerWeights& layer);
  void place_in_experts(const TensorEntry& tensor, LayerWeights& layer);
  PackedMatrix matrix(const TensorEntry& tensor, int64_t rows, int64_t columns) const;
  const float* vector(const TensorEntry& tensor, int64_t columns) const;
  // Norm weights of queries or keys: of one head, or of all together; width says which.
  const float* head_norm(const TensorEntry& tensor, int64_t all_heads, int64_t& width) const;
  const std::byte* locate(const TensorEntry& tensor, int64_t bytes) const;
  void require_complete() const;
  bool is_complete(const LayerWeights& layer) const;
  bool is_complete(const Norm& norm) const;
  bool has_feed_forward(const LayerWeights& layer) const;

  HyperParameters parameters_;
  MappedFile file_;
  PackedMatrix token_embedding_ = {};
  PackedMatrix output_ = {};
  Norm output_norm_;
  std::vector<LayerWeights> layers_;
};

}  // namespace sparkllama
