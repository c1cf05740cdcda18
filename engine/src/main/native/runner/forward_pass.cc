#include "runner/forward_pass.h"

#include <algorithm>
#include <limits>

#include "base/math.h"
#include "runner/work_cost.h"

namespace sparkllama {
namespace {

int64_t whole_granules(int64_t rows) {
  return (rows + kRowGranule - 1) / kRowGranule * kRowGranule;
}

int64_t widest(const HyperParameters& p) {
  return std::max({int64_t{p.embedding_length}, p.query_width(), int64_t{p.feed_forward_length}});
}

}  // namespace

ForwardPass::ForwardPass(const Model& model, const KvCache& cache, const AdapterSet& adapters,
                         const KernelTable& kernels, ThreadPool& pool,
                         const BatchCapacity& capacity)
    : model_(model),
      parameters_(model.parameters()),
      cache_(cache),
      kernels_(kernels),
      pool_(pool),
      output_formats_(FormatSet::of({&model.output()})),
      attention_plan_(parameters_.head_count, parameters_.kv_head_count),
      adapter_pass_(adapters, parameters_, kernels, pool,
                    std::max(capacity.tokens, kMaxLogitsRows)),
      residual_(capacity.tokens * parameters_.embedding_length),
      normed_(std::max(capacity.tokens, kMaxLogitsRows) * parameters_.embedding_length),
      queries_(capacity.tokens * parameters_.query_width()),
      keys_(capacity.tokens * parameters_.kv_width()),
      values_(capacity.tokens * parameters_.kv_width()),
      attended_(capacity.tokens * parameters_.query_width()),
      projected_(capacity.tokens * parameters_.embedding_length),
      gate_(capacity.tokens * parameters_.feed_forward_length),
      up_(parameters_.is_gated() ? capacity.tokens * parameters_.feed_forward_length : 0),
      rotations_(static_cast<int64_t>(parameters_.rope_tables.size()) * capacity.tokens *
                 (parameters_.rope_dimension / 2)),
      scratch_floats_(std::max<int64_t>(
          attention_scratch_floats(attention_plan_.most_rows(), parameters_.head_dimension),
          kProductScratchBytes / sizeof(float))),
      scratch_(pool.size() * scratch_floats_),
      quantized_(std::max(capacity.tokens, kMaxLogitsRows), widest(parameters_)),
      shared_weights_(parameters_.expert_count == 0 ? 0 : capacity.tokens) {
  if (parameters_.expert_count > 0) {
    experts_.emplace(model, kernels, pool, capacity.tokens);
  }
  for (int l = 0; l < parameters_.layer_count; ++l) {
    const LayerWeights& w = model.layer(l);
    formats_.push_back(
        {FormatSet::of({&w.query, &w.key, &w.value}), FormatSet::of({&w.attention_output}),
         FormatSet::of({&w.gate, &w.up, &w.router, &w.shared_router}), FormatSet::of({&w.down})});
  }
}

int64_t ForwardPass::byte_size() const {
  return residual_.byte_size() + normed_.byte_size() + queries_.byte_size() + keys_.byte_size() +
         values_.byte_size() + attended_.byte_size() + projected_.byte_size() + gate_.byte_size() +
         up_.byte_size() + rotations_.byte_size() + scratch_.byte_size() + quantized_.byte_size() +
         adapter_pass_.byte_size() + shared_weights_.byte_size() +
         (experts_ ? experts_->byte_size() : 0);
}

void ForwardPass::run(const BatchView& batch, const int32_t* token_ids) {
  num_tokens_ = batch.header(HeaderWord::kTokens);
  adapter_pass_.plan_tokens(batch);
  embed(token_ids);
  compute_rotations(batch);
  prepare_input(model_.layer(0).attention_norm, formats_[0].attention_input);
  for (int layer = 0; layer < parameters_.layer_count; ++layer) {
    const LayerWeights& w = model_.layer(layer);
    attend(batch, layer);
    add_attended(layer);
    feed_forward(layer);
    const Addition addition = {nullptr, w.feed_forward_post_norm};
    const int next = layer + 1;
    if (next < parameters_.layer_count) {
      add_and_prepare(addition, model_.layer(next).attention_norm, formats_[next].attention_input);
    } else {
      add_projected(addition);  // only rows whose logits are wanted are normalized then
    }
  }
}

void ForwardPass::embed(const int32_t* token_ids) {
  const int64_t width = parameters_.embedding_length;
  pool_.run(num_tokens_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      float* row = residual_.data() + t * width;
      if (token_ids[t] >= 0) {
        kernels_.dequantize_row(model_.token_embedding(), token_ids[t], row);
        if (parameters_.embedding_scale != 1.0f) {
          kernels_.scale(row, parameters_.embedding_scale, width);
        }
      } else {
        std::fill(row, row + width, std::numeric_limits<float>::quiet_NaN());
      }
    }
  });
}

void ForwardPass::compute_rotations(const BatchView& batch) {
  const int64_t pairs = parameters_.rope_dimension / 2;
  const auto tables = static_cast<int64_t>(parameters_.rope_tables.size());
  const int32_t* positions = batch.integers(BatchSection::kTokenPosition);
  pool_.run(tables * num_tokens_ * pairs * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(tables * num_tokens_, 1, thread, threads);
    for (int64_t row = share.begin; row < share.end; ++row) {
      const RopeTable& table = parameters_.rope_tables[row / num_tokens_];
      for (int64_t i = 0; i < pairs; ++i) {
        const SineCosine angle =
            sine_cosine(positions[row % num_tokens_] * table.inverse_frequencies[i]);
        rotations_[row * pairs + i] = {static_cast<float>(angle.cosine * table.magnitude),
                                       static_cast<float>(angle.sine * table.magnitude)};
      }
    }
  });
}

const RopePair* ForwardPass::rotation(int layer, int64_t token) const {
  return rotations_.data() +
         (parameters_.layer_rope[layer] * num_tokens_ + token) * (parameters_.rope_dimension / 2);
}

// Returns what the products read whose input has this norm, or none.
const float* ForwardPass::input_rows(const Norm& norm) const {
  return norm.exists() ? normed_.data() : residual_.data();
}

void ForwardPass::attend(const BatchView& batch, int layer) {
  const LayerWeights& w = model_.layer(layer);
  multiply({{&w.query, queries_.data()}, {&w.key, keys_.data()}, {&w.value, values_.data()}},
           input_rows(w.attention_norm), num_tokens_);
  adapter_pass_.add({{WeightRole::kAttentionQuery, queries_.data()},
                     {WeightRole::kAttentionKey, keys_.data()},
                     {WeightRole::kAttentionValue, values_.data()}},
                    layer, input_rows(w.attention_norm));
  rotate_and_store(batch, layer);
  run_attention(batch, layer);
  quantize(formats_[layer].attention_output, attended_.data(), parameters_.query_width());
  multiply({{&w.attention_output, projected_.data()}}, attended_.data(), num_tokens_);
  adapter_pass_.add({{WeightRole::kAttentionOutput, projected_.data()}}, layer, attended_.data());
}

void ForwardPass::rotate_and_store(const BatchView& batch, int layer) {
  const HyperParameters& p = parameters_;
  const LayerWeights& w = model_.layer(layer);
  const auto rope =
      p.rope_layout == RopeLayout::kHalves ? kernels_.rope_halves : kernels_.rope_adjacent;
  const bool rotates = p.layer_rope[layer] != HyperParameters::kWithoutRope;
  const KvLayer& kv = cache_.layer(layer);
  const int32_t group = cache_.group_of(layer);
  const int64_t width = p.query_width() + 2 * p.kv_width();
  pool_.run(num_tokens_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      float* queries = queries_.data() + t * p.query_width();
      float* keys = keys_.data() + t * p.kv_width();
      float* values = values_.data() + t * p.kv_width();
      finish_heads(queries, p.query_width(), w.query_bias, w.query_norm, w.query_norm_width);
      finish_heads(keys, p.kv_width(), w.key_bias, w.key_norm, w.key_norm_width);
      finish_heads(values, p.kv_width(), w.value_bias, nullptr, 0);
      if (rotates) {
        const RopePair* pairs = rotation(layer, t);
        rope(queries, p.head_count, p.head_dimension, p.rope_dimension, pairs);
        rope(keys, p.kv_head_count, p.head_dimension, p.rope_dimension, pairs);
      }
      kernels_.kv_write(kv, batch.kv_slot(group, t), keys, values);
    }
  });
}

void ForwardPass::finish_heads(float* row, int64_t width, const float* bias, const float* norm,
                               int64_t norm_width) {
  if (bias != nullptr) {
    kernels_.add(row, bias, width);
  }
  if (norm != nullptr) {
    for (int64_t i = 0; i < width; i += norm_width) {
      kernels_.rms_norm(row + i, norm, parameters_.norm_epsilon, norm_width, row + i);
    }
  }
}

void ForwardPass::run_attention(const BatchView& batch, int layer) {
  const HyperParameters& p = parameters_;
  const int32_t group = cache_.group_of(layer);
  const int32_t window = cache_.groups()[group].window;
  const int32_t group_size = p.head_count / p.kv_head_count;
  const int64_t products = 2 * attention_plan_.work(batch, window) * p.head_dimension;
  pool_.run(products * kFloatProductCost, [&](int thread, int threads) {
    attention_plan_.for_share(batch, window, thread, threads, [&](const AttentionTile& tile) {
      const int64_t first =
          tile.first_token * p.query_width() + int64_t{tile.first_head} * p.head_dimension;
      AttentionTask task;
      task.kv = &cache_.layer(layer);
      task.block_table = batch.block_table(group, tile.sequence);
      task.kv_head = tile.first_head / group_size;
      task.position = batch.integers(BatchSection::kTokenPosition)[tile.first_token];
      task.num_tokens = tile.num_tokens;
      task.window = window;
      task.group_size = tile.num_heads;
      task.token_stride = p.query_width();
      task.queries = queries_.data() + first;
      task.scale = p.attention_scale;
      task.scratch = scratch_.data() + thread * scratch_floats_;
      task.output = attended_.data() + first;
      task.soft_cap = p.attention_soft_cap;
      kernels_.attention(task);
    });
  });
}

void ForwardPass::feed_forward(int layer) {
  if (!experts_) {
    run_dense(layer, projected_.data());
    return;
  }
  run_experts(layer);
  if (parameters_.feed_forward_length > 0) {
    add_shared_expert(layer);
  }
}

void ForwardPass::run_experts(int layer) {
  const LayerWeights& w = model_.layer(layer);
  const float* input = input_rows(w.feed_forward_norm);
  multiply({{&w.router, experts_->router_logits()}}, input, num_tokens_);
  experts_->run(layer, input, num_tokens_, projected_.data());
}

// The shared expert's output comes after those of the chosen ones, times the logistic function of
// its own router's logit.
void ForwardPass::add_shared_expert(int layer) {
  const LayerWeights& w = model_.layer(layer);
  const int64_t width = parameters_.embedding_length;
  float* shared = experts_->spare_rows();
  multiply({{&w.shared_router, shared_weights_.data()}}, input_rows(w.feed_forward_norm),
           num_tokens_);
  run_dense(layer, shared);
  pool_.run(num_tokens_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      const float weight = 1.0f / (1.0f + exponential(-shared_weights_[t]));
      kernels_.add_scaled(projected_.data() + t * width, shared + t * width, weight, width);
    }
  });
}

void ForwardPass::run_dense(int layer, float* out) {
  const LayerWeights& w = model_.layer(layer);
  const int64_t width = parameters_.feed_forward_length;
  const FormatSet formats = formats_[layer].feed_forward_hidden;
  const float* input = input_rows(w.feed_forward_norm);
  if (parameters_.is_gated()) {
    multiply({{&w.gate, gate_.data()}, {&w.up, up_.data()}}, input, num_tokens_);
    adapter_pass_.add(
        {{WeightRole::kFeedForwardGate, gate_.data()}, {WeightRole::kFeedForwardUp, up_.data()}},
        layer, input);
  } else {
    multiply({{&w.up, gate_.data()}}, input, num_tokens_);
    adapter_pass_.add({{WeightRole::kFeedForwardUp, gate_.data()}}, layer, input);
  }
  pool_.run(num_tokens_ * width * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      float* gate = gate_.data() + t * width;
      activate(gate, up_.data() + t * width);
      quantized_.quantize_row(kernels_, formats, gate, {0, num_tokens_}, t, width);
    }
  });
  multiply({{&w.down, out}}, gate_.data(), num_tokens_);
  adapter_pass_.add({{WeightRole::kFeedForwardDown, out}}, layer, gate_.data());
}

// One row of the feed-forward network's inside; up is read where there is a gate.
void ForwardPass::activate(float* gate, const float* up) {
  const int64_t width = parameters_.feed_forward_length;
  switch (parameters_.activation) {
    case Activation::kSwiglu:
      return kernels_.swiglu(gate, up, width);
    case Activation::kGeglu:
      return kernels_.geglu(gate, up, width);
    case Activation::kGelu:
      return kernels_.gelu(gate, width);
  }
}

// Adds attention's output to the residual stream, and prepares the feed-forward network's input:
// from the stream with that output, or without.
void ForwardPass::add_attended(int layer) {
  const LayerWeights& w = model_.layer(layer);
  const Addition addition = {w.attention_output_bias, w.attention_post_norm};
  const FormatSet formats = formats_[layer].feed_forward_input;
  if (parameters_.feed_forward_place == FeedForwardPlace::kAfterAttention) {
    add_and_prepare(addition, w.feed_forward_norm, formats);
  } else {
    prepare_input(w.feed_forward_norm, formats);
    add_projected(addition);
  }
}

void ForwardPass::add_projected(const Addition& addition) {
  const int64_t width = parameters_.embedding_length;
  pool_.run(num_tokens_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) add_row(t, addition);
  });
}

void ForwardPass::prepare_input(const Norm& norm, FormatSet formats) {
  const int64_t width = parameters_.embedding_length;
  pool_.run(num_tokens_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) prepare_row(t, norm, formats);
  });
}

// In one pass, while a row is in the cache.
void ForwardPass::add_and_prepare(const Addition& addition, const Norm& norm, FormatSet formats) {
  const int64_t width = parameters_.embedding_length;
  pool_.run(num_tokens_ * width * 2 * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      add_row(t, addition);
      prepare_row(t, norm, formats);
    }
  });
}

void ForwardPass::add_row(int64_t token, const Addition& addition) {
  const int64_t width = parameters_.embedding_length;
  float* row = projected_.data() + token * width;
  if (addition.bias != nullptr) {
    kernels_.add(row, addition.bias, width);
  }
  if (addition.norm.exists()) {
    normalize(row, addition.norm, row);
  }
  kernels_.add(residual_.data() + token * width, row, width);
}

void ForwardPass::prepare_row(int64_t token, const Norm& norm, FormatSet formats) {
  const int64_t width = parameters_.embedding_length;
  const float* row = residual_.data() + token * width;
  if (norm.exists()) {
    float* normed = normed_.data() + token * width;
    normalize(row, norm, normed);
    row = normed;
  }
  quantized_.quantize_row(kernels_, formats, row, {0, num_tokens_}, token, width);
}

// One row of the residual stream, or of what is added to it; out may be the row.
void ForwardPass::normalize(const float* row, const Norm& norm, float* out) {
  const int64_t width = parameters_.embedding_length;
  if (parameters_.norm_kind == NormKind::kStandardDeviation) {
    kernels_.layer_norm(row, norm.weight, norm.bias, parameters_.norm_epsilon, width, out);
  } else {
    kernels_.rms_norm(row, norm.weight, parameters_.norm_epsilon, width, out);
  }
}

void ForwardPass::quantize(FormatSet formats, const float* rows, int64_t columns) {
  if (formats.empty()) {
    return;
  }
  pool_.run(num_tokens_ * columns * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      quantized_.quantize_row(kernels_, formats, rows + t * columns, {0, num_tokens_}, t, columns);
    }
  });
}

void ForwardPass::multiply(std::initializer_list<Product> products, const float* rows,
                           int64_t num_rows) {
  int64_t work = 0;
  int64_t outputs = 0;  // of all products, each filled up to whole granules
  for (const Product& product : products) {
    const bool floats = activation_format(product.weights->type) == ActivationFormat::kFloat32;
    work += product.weights->rows * product.weights->columns * num_rows *
            (floats ? kFloatProductCost : 1);
    outputs += whole_granules(product.weights->rows);
  }
  // The outputs of all products are shared as one range: a narrow product of its own would leave
  // threads without work.
  pool_.run(work, [&](int thread, int threads) {
    const Share share = share_of(outputs, kRowGranule, thread, threads);
    int64_t first = 0;
    for (const Product& product : products) {
      const PackedMatrix& weights = *product.weights;
      const int64_t begin = std::max<int64_t>(share.begin - first, 0);
      const int64_t end = std::min(share.end - first, weights.rows);
      if (begin < end) {
        kernels_.matrix_product(
            weights, begin, end,
            quantized_.activations(kernels_, activation_format(weights.type), rows, {0, num_rows},
                                   weights.columns),
            reinterpret_cast<std::byte*>(scratch_.data() + thread * scratch_floats_), product.y,
            weights.rows);
      }
      first += whole_granules(weights.rows);
    }
  });
}

void ForwardPass::logits(const int32_t* tokens, int64_t count, float* out) {
  const int64_t width = parameters_.embedding_length;
  pool_.run(count * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(count, 1, thread, threads);
    for (int64_t i = share.begin; i < share.end; ++i) {
      float* row = normed_.data() + i * width;
      normalize(residual_.data() + tokens[i] * width, model_.output_norm(), row);
      quantized_.quantize_row(kernels_, output_formats_, row, {0, count}, i, width);
    }
  });
  multiply({{&model_.output(), out}}, normed_.data(), count);
  adapter_pass_.plan_rows(tokens, count);
  adapter_pass_.add({{WeightRole::kOutput, out}}, 0, normed_.data());
  if (parameters_.logit_soft_cap != 0.0f) {
    cap_logits(count, out);
  }
}

// logits is [count, vocabulary].
void ForwardPass::cap_logits(int64_t count, float* logits) {
  const int64_t elements = count * parameters_.vocabulary_size;
  pool_.run(elements * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(elements, kRowGranule, thread, threads);
    kernels_.soft_cap(logits + share.begin, parameters_.logit_soft_cap, share.end - share.begin);
  });
}

}  // namespace sparkllama
