// The hyper-parameters of a model so small that the emulated device runs it in no time.
#pragma once

#include <cmath>

#include "model/description.h"

namespace sparkllama::testing {

inline HyperParameters small_parameters() {
  HyperParameters p = {};
  p.vocabulary_size = 203;
  p.context_length = 80;
  p.embedding_length = 256;
  p.layer_count = 2;
  p.feed_forward_length = 512;
  p.head_count = 4;
  p.kv_head_count = 2;
  p.head_dimension = 64;
  p.attention_scale = 0.125f;
  p.norm_epsilon = 1e-5f;
  p.embedding_scale = 1;
  p.rope_dimension = 64;
  p.rope_tables = {{1.0, {}}};
  for (int i = 0; i < p.rope_dimension / 2; ++i) {
    p.rope_tables[0].inverse_frequencies.push_back(std::pow(1e4, -2.0 * i / p.rope_dimension));
  }
  p.layer_rope = {0, 0};
  return p;
}

}  // namespace sparkllama::testing
