#include "runner/forward_pass.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/math.h"

namespace sparkllama {
namespace {

constexpr int64_t kRowGranule = 2 * kPanelRows;  // outputs that one thread takes at least: a tile's

// What an element costs, in integer multiply-adds, to decide whether work is worth sharing.
constexpr int64_t kFloatProductCost = 4;
constexpr int64_t kElementCost = 8;
constexpr int64_t kTranscendentalCost = 64;

int64_t whole_granules(int64_t rows) {
  return (rows + kRowGranule - 1) / kRowGranule * kRowGranule;
}

int64_t widest(const HyperParameters& p) {
  return std::max({int64_t{p.embedding_length}, p.query_width(), int64_t{p.feed_forward_length}});
}

}  // namespace

ForwardPass::ForwardPass(const Model& model, const KvCache& cache, const KernelTable& kernels,
                         ThreadPool& pool, const BatchCapacity& capacity)
    : model_(model),
      parameters_(model.parameters()),
      cache_(cache),
      kernels_(kernels),
      pool_(pool),
      output_formats_(FormatSet::of({&model.output()})),
      attention_plan_(parameters_.head_count, parameters_.kv_head_count),
      residual_(capacity.tokens * parameters_.embedding_length),
      normed_(std::max(capacity.tokens, kMaxLogitsRows) * parameters_.embedding_length),
      queries_(capacity.tokens * parameters_.query_width()),
      keys_(capacity.tokens * parameters_.kv_width()),
      values_(capacity.tokens * parameters_.kv_width()),
      attended_(capacity.tokens * parameters_.query_width()),
      projected_(capacity.tokens * parameters_.embedding_length),
      gate_(capacity.tokens * parameters_.feed_forward_length),
      up_(capacity.tokens * parameters_.feed_forward_length),
      rotations_(capacity.tokens * (parameters_.rope_dimension / 2)),
      scratch_floats_(std::max<int64_t>(
          attention_scratch_floats(attention_plan_.most_rows(), parameters_.head_dimension),
          kProductScratchBytes / sizeof(float))),
      scratch_(pool.size() * scratch_floats_),
      quantized_(std::max(capacity.tokens, kMaxLogitsRows), widest(parameters_)) {
  for (int l = 0; l < parameters_.layer_count; ++l) {
    const LayerWeights& w = model.layer(l);
    formats_.push_back({FormatSet::of({&w.query, &w.key, &w.value}),
                        FormatSet::of({&w.attention_output}), FormatSet::of({&w.gate, &w.up}),
                        FormatSet::of({&w.down})});
  }
}

int64_t ForwardPass::byte_size() const {
  return residual_.byte_size() + normed_.byte_size() + queries_.byte_size() + keys_.byte_size() +
         values_.byte_size() + attended_.byte_size() + projected_.byte_size() + gate_.byte_size() +
         up_.byte_size() + rotations_.byte_size() + scratch_.byte_size() + quantized_.byte_size();
}

void ForwardPass::run(const BatchView& batch, const int32_t* token_ids) {
  num_tokens_ = batch.header(HeaderWord::kTokens);
  embed(token_ids);
  compute_rotations(batch);
  normalize(model_.layer(0).attention_norm, formats_[0].attention_input);
  for (int layer = 0; layer < parameters_.layer_count; ++layer) {
    attend(batch, layer);
    add_and_normalize(model_.layer(layer).feed_forward_norm, formats_[layer].feed_forward_input);
    feed_forward(layer);
    const int next = layer + 1;
    if (next < parameters_.layer_count) {
      add_and_normalize(model_.layer(next).attention_norm, formats_[next].attention_input);
    } else {
      add_projected();  // only rows whose logits are wanted are normalized then
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
      } else {
        std::fill(row, row + width, std::numeric_limits<float>::quiet_NaN());
      }
    }
  });
}

void ForwardPass::compute_rotations(const BatchView& batch) {
  const int64_t pairs = parameters_.rope_dimension / 2;
  const int32_t* positions = batch.integers(BatchSection::kTokenPosition);
  pool_.run(num_tokens_ * pairs * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      for (int64_t i = 0; i < pairs; ++i) {
        const SineCosine angle = sine_cosine(positions[t] * parameters_.inverse_frequencies[i]);
        rotations_[t * pairs + i] = {static_cast<float>(angle.cosine),
                                     static_cast<float>(angle.sine)};
      }
    }
  });
}

void ForwardPass::attend(const BatchView& batch, int layer) {
  const LayerWeights& w = model_.layer(layer);
  multiply({{&w.query, queries_.data()}, {&w.key, keys_.data()}, {&w.value, values_.data()}},
           normed_.data(), num_tokens_);
  rotate_and_store(batch, layer);
  run_attention(batch, layer);
  quantize(formats_[layer].attention_output, attended_.data(), parameters_.query_width());
  multiply({{&w.attention_output, projected_.data()}}, attended_.data(), num_tokens_);
}

void ForwardPass::rotate_and_store(const BatchView& batch, int layer) {
  const HyperParameters& p = parameters_;
  const auto rope =
      p.rope_layout == RopeLayout::kHalves ? kernels_.rope_halves : kernels_.rope_adjacent;
  const KvLayer& kv = cache_.layer(layer);
  const int32_t group = cache_.group_of(layer);
  const int64_t width = p.query_width() + 2 * p.kv_width();
  pool_.run(num_tokens_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      const RopePair* pairs = rotations_.data() + t * (p.rope_dimension / 2);
      float* keys = keys_.data() + t * p.kv_width();
      rope(queries_.data() + t * p.query_width(), p.head_count, p.head_dimension, p.rope_dimension,
           pairs);
      rope(keys, p.kv_head_count, p.head_dimension, p.rope_dimension, pairs);
      kernels_.kv_write(kv, batch.kv_slot(group, t), keys, values_.data() + t * p.kv_width());
    }
  });
}

void ForwardPass::run_attention(const BatchView& batch, int layer) {
  const HyperParameters& p = parameters_;
  const int32_t group = cache_.group_of(layer);
  const int32_t window = cache_.groups()[group].window;
  const int32_t group_size = p.head_count / p.kv_head_count;
  // Correctly rounded in double first: the same bits on every machine.
  const float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(p.head_dimension)));
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
      task.scale = scale;
      task.scratch = scratch_.data() + thread * scratch_floats_;
      task.output = attended_.data() + first;
      kernels_.attention(task);
    });
  });
}

void ForwardPass::feed_forward(int layer) {
  const LayerWeights& w = model_.layer(layer);
  const int64_t width = parameters_.feed_forward_length;
  const FormatSet formats = formats_[layer].feed_forward_hidden;
  multiply({{&w.gate, gate_.data()}, {&w.up, up_.data()}}, normed_.data(), num_tokens_);
  pool_.run(num_tokens_ * width * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      float* gate = gate_.data() + t * width;
      kernels_.swiglu(gate, up_.data() + t * width, width);
      quantized_.quantize_row(kernels_, formats, gate, t, num_tokens_, width);
    }
  });
  multiply({{&w.down, projected_.data()}}, gate_.data(), num_tokens_);
}

void ForwardPass::add_projected() {
  const int64_t width = parameters_.embedding_length;
  pool_.run(num_tokens_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      kernels_.add(residual_.data() + t * width, projected_.data() + t * width, width);
    }
  });
}

void ForwardPass::normalize(const float* norm, FormatSet formats) {
  const int64_t width = parameters_.embedding_length;
  pool_.run(num_tokens_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) normalize_row(t, norm, formats);
  });
}

// In one pass, while a row is in the cache.
void ForwardPass::add_and_normalize(const float* norm, FormatSet formats) {
  const int64_t width = parameters_.embedding_length;
  pool_.run(num_tokens_ * width * 2 * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      kernels_.add(residual_.data() + t * width, projected_.data() + t * width, width);
      normalize_row(t, norm, formats);
    }
  });
}

void ForwardPass::normalize_row(int64_t token, const float* norm, FormatSet formats) {
  const int64_t width = parameters_.embedding_length;
  float* row = normed_.data() + token * width;
  kernels_.rms_norm(residual_.data() + token * width, norm, parameters_.norm_epsilon, width, row);
  quantized_.quantize_row(kernels_, formats, row, token, num_tokens_, width);
}

void ForwardPass::quantize(FormatSet formats, const float* rows, int64_t columns) {
  if (formats.empty()) {
    return;
  }
  pool_.run(num_tokens_ * columns * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      quantized_.quantize_row(kernels_, formats, rows + t * columns, t, num_tokens_, columns);
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
            quantized_.activations(kernels_, activation_format(weights.type), rows, num_rows,
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
      kernels_.rms_norm(residual_.data() + tokens[i] * width, model_.output_norm(),
                        parameters_.norm_epsilon, width, row);
      quantized_.quantize_row(kernels_, output_formats_, row, i, count, width);
    }
  });
  multiply({{&model_.output(), out}}, normed_.data(), count);
}

}  // namespace sparkllama
