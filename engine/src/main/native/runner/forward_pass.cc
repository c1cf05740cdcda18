#include "runner/forward_pass.h"

#include <algorithm>

#include "base/error.h"
#include "base/math.h"
#include "cpu/work_cost.h"

namespace sparkllama {

BackendCapacity ForwardPass::backend_capacity(const HyperParameters& p,
                                              const BatchCapacity& capacity,
                                              int64_t most_logits_rows) {
  return {
      .rows = std::max(capacity.tokens, most_logits_rows),
      .columns =
          std::max({int64_t{p.embedding_length}, p.query_width(), int64_t{p.feed_forward_length}}),
      .tokens = capacity.tokens,
      .sequences = capacity.sequences,
      .kv_groups = capacity.kv_groups,
      .blocks_per_sequence = capacity.blocks_per_sequence,
      .read_bytes = std::min(capacity.logits_rows, most_logits_rows) * p.vocabulary_size *
                    static_cast<int64_t>(sizeof(float)),
      .head_count = p.head_count,
      .kv_head_count = p.kv_head_count,
      .head_dimension = p.head_dimension,
  };
}

ForwardPass::ForwardPass(const Model& model, const KvCache& cache, const AdapterSet& adapters,
                         Backend& backend, Host host, const BatchCapacity& capacity,
                         int64_t most_logits_rows)
    : model_(model),
      parameters_(model.parameters()),
      cache_(cache),
      backend_(backend),
      host_(host),
      output_formats_(FormatSet::of({&model.output()})),
      adapter_pass_(adapters, parameters_, host.kernels, host.pool,
                    std::max(capacity.tokens, most_logits_rows)),
      residual_(backend, capacity.tokens * parameters_.embedding_length),
      normed_(backend, std::max(capacity.tokens, most_logits_rows) * parameters_.embedding_length),
      queries_(backend, capacity.tokens * parameters_.query_width()),
      keys_(backend, capacity.tokens * parameters_.kv_width()),
      values_(backend, capacity.tokens * parameters_.kv_width()),
      attended_(backend, capacity.tokens * parameters_.query_width()),
      projected_(backend, capacity.tokens * parameters_.embedding_length),
      gate_(backend, capacity.tokens * parameters_.feed_forward_length),
      up_(backend, parameters_.is_gated() ? capacity.tokens * parameters_.feed_forward_length : 0),
      rotations_(backend, static_cast<int64_t>(parameters_.rope_tables.size()) * capacity.tokens *
                              (parameters_.rope_dimension / 2)),
      shared_weights_(parameters_.expert_count == 0 ? 0 : capacity.tokens) {
  if (parameters_.expert_count > 0) {
    experts_.emplace(model, host.kernels, host.pool, capacity.tokens);
  }
  for (int l = 0; l < parameters_.layer_count; ++l) {
    const LayerWeights& w = model.layer(l);
    formats_.push_back(
        {FormatSet::of({&w.query, &w.key, &w.value}), FormatSet::of({&w.attention_output}),
         FormatSet::of({&w.gate, &w.up, &w.router, &w.shared_router}), FormatSet::of({&w.down})});
  }
  place_rotation_tables();
}

void ForwardPass::place_rotation_tables() {
  for (const RopeTable& table : parameters_.rope_tables) {
    const std::vector<double>& frequencies = table.inverse_frequencies;
    const void* placed = backend_.place_bytes(
        frequencies.data(), static_cast<int64_t>(frequencies.size() * sizeof(double)));
    if (placed == nullptr) {
      throw MemoryError("A table of rotations could not be placed: lower engine.kv-cache-memory");
    }
    rotation_tables_.push_back({table.magnitude, static_cast<const double*>(placed)});
  }
}

int64_t ForwardPass::byte_size() const {
  return residual_.byte_size() + normed_.byte_size() + queries_.byte_size() + keys_.byte_size() +
         values_.byte_size() + attended_.byte_size() + projected_.byte_size() + gate_.byte_size() +
         up_.byte_size() + rotations_.byte_size() + backend_.buffer_bytes() +
         adapter_pass_.byte_size() + shared_weights_.byte_size() +
         (experts_ ? experts_->byte_size() : 0);
}

void ForwardPass::run(const BatchView& batch, const int32_t* token_ids) {
  num_tokens_ = batch.header(HeaderWord::kTokens);
  if (num_tokens_ == 0) return;  // a step may only copy blocks
  adapter_pass_.plan_tokens(batch);
  backend_.begin_step(batch.step_input(token_ids));
  if (backend_.replay_walk()) return;
  walk();
  if (!backend_.end_walk()) walk();
}

void ForwardPass::walk() {
  backend_.embed(model_.token_embedding(), parameters_.embedding_scale, residual_.data());
  backend_.compute_rotations(rotation_tables_.data(), static_cast<int64_t>(rotation_tables_.size()),
                             parameters_.rope_dimension, rotations_.data());
  const int64_t width = parameters_.embedding_length;
  backend_.prepare(residual_.data(), width,
                   preparation(model_.layer(0).attention_norm, formats_[0].attention_input));
  for (int layer = 0; layer < parameters_.layer_count; ++layer) {
    attend(layer);
    add_attended(layer);
    feed_forward(layer);
    const RowAddition addition = {nullptr, row_norm(model_.layer(layer).feed_forward_post_norm)};
    const int next = layer + 1;
    if (next < parameters_.layer_count) {
      backend_.add_and_prepare(
          projected_.data(), width, addition, residual_.data(),
          preparation(model_.layer(next).attention_norm, formats_[next].attention_input));
    } else {
      // Only rows whose logits are wanted are normalized then.
      backend_.add(projected_.data(), width, addition, residual_.data());
    }
  }
}

RowNorm ForwardPass::row_norm(const Norm& norm) const {
  return {parameters_.norm_kind, parameters_.norm_epsilon, norm.weight, norm.bias};
}

RowPreparation ForwardPass::preparation(const Norm& norm, FormatSet formats) const {
  return {row_norm(norm), normed_.data(), formats};
}

// Returns what the products read whose input has this norm, or none.
const float* ForwardPass::input_rows(const Norm& norm) const {
  return norm.exists() ? normed_.data() : residual_.data();
}

void ForwardPass::attend(int layer) {
  const LayerWeights& w = model_.layer(layer);
  const float* input = input_rows(w.attention_norm);
  backend_.multiply(
      {{&w.query, queries_.data()}, {&w.key, keys_.data()}, {&w.value, values_.data()}}, input,
      num_tokens_);
  adapter_pass_.add({{WeightRole::kAttentionQuery, queries_.data()},
                     {WeightRole::kAttentionKey, keys_.data()},
                     {WeightRole::kAttentionValue, values_.data()}},
                    layer, input);
  finish_heads(layer);
  const int32_t group = cache_.group_of(layer);
  backend_.attend({cache_.layer(layer), group, cache_.groups()[group].window, queries_.data(),
                   attended_.data(), parameters_.attention_scale, parameters_.attention_soft_cap});
  backend_.quantize(attended_.data(), parameters_.query_width(), formats_[layer].attention_output);
  backend_.multiply({{&w.attention_output, projected_.data()}}, attended_.data(), num_tokens_);
  adapter_pass_.add({{WeightRole::kAttentionOutput, projected_.data()}}, layer, attended_.data());
}

void ForwardPass::finish_heads(int layer) {
  const HyperParameters& p = parameters_;
  const LayerWeights& w = model_.layer(layer);
  const int32_t table = p.layer_rope[layer];
  HeadFinish heads;
  heads.queries = {queries_.data(), w.query_bias, w.query_norm, w.query_norm_width};
  heads.keys = {keys_.data(), w.key_bias, w.key_norm, w.key_norm_width};
  heads.values = {values_.data(), w.value_bias};
  heads.norm_epsilon = p.norm_epsilon;
  heads.rope_layout = p.rope_layout;
  heads.rope_dimension = p.rope_dimension;
  heads.rotations = rotations_.data();
  heads.rotation_table = table == HyperParameters::kWithoutRope ? HeadFinish::kWithoutRope : table;
  heads.kv = cache_.layer(layer);
  heads.kv_group = cache_.group_of(layer);
  backend_.finish_heads(heads);
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
  backend_.multiply({{&w.router, experts_->router_logits()}}, input, num_tokens_);
  experts_->run(layer, input, num_tokens_, projected_.data());
}

// The shared expert's output comes after those of the chosen ones, times the logistic function of
// its own router's logit.
void ForwardPass::add_shared_expert(int layer) {
  const LayerWeights& w = model_.layer(layer);
  const int64_t width = parameters_.embedding_length;
  float* shared = experts_->spare_rows();
  backend_.multiply({{&w.shared_router, shared_weights_.data()}}, input_rows(w.feed_forward_norm),
                    num_tokens_);
  run_dense(layer, shared);
  host_.pool.run(num_tokens_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens_, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      const float weight = 1.0f / (1.0f + exponential(-shared_weights_[t]));
      host_.kernels.add_scaled(projected_.data() + t * width, shared + t * width, weight, width);
    }
  });
}

void ForwardPass::run_dense(int layer, float* out) {
  const LayerWeights& w = model_.layer(layer);
  const float* input = input_rows(w.feed_forward_norm);
  if (parameters_.is_gated()) {
    backend_.multiply({{&w.gate, gate_.data()}, {&w.up, up_.data()}}, input, num_tokens_);
    adapter_pass_.add(
        {{WeightRole::kFeedForwardGate, gate_.data()}, {WeightRole::kFeedForwardUp, up_.data()}},
        layer, input);
  } else {
    backend_.multiply({{&w.up, gate_.data()}}, input, num_tokens_);
    adapter_pass_.add({{WeightRole::kFeedForwardUp, gate_.data()}}, layer, input);
  }
  backend_.activate(parameters_.activation, gate_.data(), up_.data(),
                    parameters_.feed_forward_length, formats_[layer].feed_forward_hidden);
  backend_.multiply({{&w.down, out}}, gate_.data(), num_tokens_);
  adapter_pass_.add({{WeightRole::kFeedForwardDown, out}}, layer, gate_.data());
}

// Adds attention's output to the residual stream, and prepares the feed-forward network's input:
// from the stream with that output, or without.
void ForwardPass::add_attended(int layer) {
  const LayerWeights& w = model_.layer(layer);
  const int64_t width = parameters_.embedding_length;
  const RowAddition addition = {w.attention_output_bias, row_norm(w.attention_post_norm)};
  const RowPreparation input = preparation(w.feed_forward_norm, formats_[layer].feed_forward_input);
  if (parameters_.feed_forward_place == FeedForwardPlace::kAfterAttention) {
    backend_.add_and_prepare(projected_.data(), width, addition, residual_.data(), input);
  } else {
    backend_.prepare(residual_.data(), width, input);
    backend_.add(projected_.data(), width, addition, residual_.data());
  }
}

void ForwardPass::logits(const int32_t* tokens, int64_t count, float* out) {
  backend_.prepare_tokens(tokens, count, residual_.data(), parameters_.embedding_length,
                          preparation(model_.output_norm(), output_formats_));
  backend_.multiply({{&model_.output(), out}}, normed_.data(), count);
  adapter_pass_.plan_rows(tokens, count);
  adapter_pass_.add({{WeightRole::kOutput, out}}, 0, normed_.data());
  if (parameters_.logit_soft_cap != 0.0f) {
    backend_.soft_cap(out, parameters_.logit_soft_cap, count * parameters_.vocabulary_size);
  }
}

}  // namespace sparkllama
