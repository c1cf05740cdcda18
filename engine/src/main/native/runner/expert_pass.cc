#include "runner/expert_pass.h"

#include <algorithm>

#include "cpu/work_cost.h"

namespace sparkllama {
namespace {

// What reading a weight from memory costs, in products of it with an activation.
constexpr int64_t kReadCost = 4;

bool reads_floats(const PackedMatrix& matrix) {
  return activation_format(matrix.type) == ActivationFormat::kFloat32;
}

int64_t granules_of(const PackedMatrix& weights) {
  return (weights.rows + kRowGranule - 1) / kRowGranule;
}

int64_t granule_cost(RowGroup group) { return kReadCost + group.count; }

FormatSet joined(FormatSet a, FormatSet b) {
  return {a.block32 || b.block32, a.block256 || b.block256};
}

}  // namespace

ExpertPass::ExpertPass(const Model& model, const KernelTable& kernels, ThreadPool& pool,
                       int64_t max_tokens)
    : model_(model),
      parameters_(model.parameters()),
      kernels_(kernels),
      pool_(pool),
      max_rows_(max_tokens * parameters_.experts_used),
      router_logits_(max_tokens * parameters_.expert_count),
      choices_(max_rows_),
      places_(max_rows_),
      gathered_(max_rows_),
      groups_(parameters_.expert_count),
      rows_(max_rows_ * parameters_.embedding_length),
      gate_(max_rows_ * parameters_.expert_length),
      up_(max_rows_ * parameters_.expert_length),
      quantized_(max_rows_, std::max(parameters_.embedding_length, parameters_.expert_length)),
      scratch_(pool.size() * kProductScratchBytes) {
  for (int layer = 0; layer < parameters_.layer_count; ++layer) {
    LayerFormats formats = {};
    // Old files have a tensor for each expert, and may have them of different types.
    for (const ExpertWeights& expert : model.layer(layer).experts) {
      formats.input = joined(formats.input, FormatSet::of({&expert.gate, &expert.up}));
      formats.hidden = joined(formats.hidden, FormatSet::of({&expert.down}));
      formats.reads_floats =
          formats.reads_floats || reads_floats(expert.gate) || reads_floats(expert.up);
    }
    formats_.push_back(formats);
  }
}

int64_t ExpertPass::byte_size() const {
  return router_logits_.byte_size() + choices_.byte_size() + places_.byte_size() +
         gathered_.byte_size() + groups_.byte_size() + rows_.byte_size() + gate_.byte_size() +
         up_.byte_size() + quantized_.byte_size() + scratch_.byte_size();
}

void ExpertPass::run(int layer, const float* input, int64_t num_tokens, float* out) {
  choose(num_tokens);
  group(num_tokens);
  gather(layer, input);
  multiply(layer, {{&ExpertWeights::gate, rows_.data(), gate_.data()},
                   {&ExpertWeights::up, rows_.data(), up_.data()}});
  activate(layer);
  multiply(layer, {{&ExpertWeights::down, gate_.data(), rows_.data()}});
  add_outputs(num_tokens, out);
}

void ExpertPass::choose(int64_t num_tokens) {
  const int32_t count = parameters_.expert_count;
  const int32_t used = parameters_.experts_used;
  pool_.run(num_tokens * count * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      choose_experts(router_logits_.data() + t * count, count, used, parameters_.expert_weighting,
                     choices_.data() + t * used);
    }
  });
}

// Gives every choice its row: those of expert 0 first, each expert's in the order of tokens.
void ExpertPass::group(int64_t num_tokens) {
  const int64_t used = parameters_.experts_used;
  num_rows_ = num_tokens * used;
  std::fill(groups_.data(), groups_.data() + parameters_.expert_count, RowGroup{0, 0});
  for (int64_t i = 0; i < num_rows_; ++i) ++groups_[choices_[i].expert].count;
  int64_t first = 0;
  for (int32_t e = 0; e < parameters_.expert_count; ++e) {
    groups_[e].first = first;
    first += groups_[e].count;
    groups_[e].count = 0;
  }
  for (int64_t i = 0; i < num_rows_; ++i) {
    const int32_t expert = choices_[i].expert;
    const int64_t row = groups_[expert].first + groups_[expert].count++;
    places_[i] = static_cast<int32_t>(row);
    gathered_[row] = {static_cast<int32_t>(i / used), expert};
  }
}

// Quantizes a token's row once for each of its experts, right into the tiles of that expert's rows:
// to copy what was quantized once would read and write as much.
void ExpertPass::gather(int layer, const float* input) {
  const int64_t width = parameters_.embedding_length;
  const LayerFormats& formats = formats_[layer];
  pool_.run(num_rows_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_rows_, 1, thread, threads);
    for (int64_t row = share.begin; row < share.end; ++row) {
      const RowGroup group = groups_[gathered_[row].expert];
      const float* values = input + gathered_[row].token * width;
      quantized_.quantize_row(kernels_, formats.input, values, group, row - group.first, width);
      if (formats.reads_floats) {
        std::copy_n(values, width, rows_.data() + row * width);
      }
    }
  });
}

void ExpertPass::activate(int layer) {
  const int64_t width = parameters_.expert_length;
  const FormatSet formats = formats_[layer].hidden;
  pool_.run(num_rows_ * width * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(num_rows_, 1, thread, threads);
    for (int64_t row = share.begin; row < share.end; ++row) {
      const RowGroup group = groups_[gathered_[row].expert];
      float* gate = gate_.data() + row * width;
      kernels_.swiglu(gate, up_.data() + row * width, width);
      quantized_.quantize_row(kernels_, formats, gate, group, row - group.first, width);
    }
  });
}

void ExpertPass::add_outputs(int64_t num_tokens, float* out) {
  const int64_t width = parameters_.embedding_length;
  const int64_t used = parameters_.experts_used;
  pool_.run(num_rows_ * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(num_tokens, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      float* sum = out + t * width;
      std::fill(sum, sum + width, 0.0f);
      for (int64_t i = t * used; i < (t + 1) * used; ++i) {
        kernels_.add_scaled(sum, rows_.data() + places_[i] * width, choices_[i].weight, width);
      }
    }
  });
}

// The outputs of all products are one range, shared by what they cost: an expert's rows are few or
// many.
void ExpertPass::multiply(int layer, std::initializer_list<Product> products) {
  const std::vector<ExpertWeights>& experts = model_.layer(layer).experts;
  int64_t cost = 0;
  int64_t work = 0;
  for (int32_t e = 0; e < parameters_.expert_count; ++e) {
    if (groups_[e].count == 0) continue;
    for (const Product& product : products) {
      const PackedMatrix& weights = experts[e].*product.weights;
      cost += granules_of(weights) * granule_cost(groups_[e]);
      work += weights.rows * weights.columns * groups_[e].count *
              (reads_floats(weights) ? kFloatProductCost : 1);
    }
  }
  pool_.run(work, [&](int thread, int threads) {
    const Share costs = {cost * thread / threads, cost * (thread + 1) / threads};
    multiply_share(layer, products, costs, thread);
  });
}

// Takes the granules that begin within the share: each is in one.
void ExpertPass::multiply_share(int layer, std::initializer_list<Product> products, Share costs,
                                int thread) {
  const std::vector<ExpertWeights>& experts = model_.layer(layer).experts;
  int64_t before = 0;  // cost of all products so far
  for (int32_t e = 0; e < parameters_.expert_count && before < costs.end; ++e) {
    if (groups_[e].count == 0) continue;
    const int64_t each = granule_cost(groups_[e]);
    for (const Product& product : products) {
      const PackedMatrix& weights = experts[e].*product.weights;
      const int64_t granules = granules_of(weights);
      const auto granule_from = [&](int64_t at) {
        return std::clamp<int64_t>((at - before + each - 1) / each, 0, granules);
      };
      const int64_t begin = granule_from(costs.begin) * kRowGranule;
      const int64_t end = std::min(granule_from(costs.end) * kRowGranule, weights.rows);
      if (begin < end) {
        multiply_outputs(weights, product, groups_[e], {begin, end}, thread);
      }
      before += granules * each;
    }
  }
}

void ExpertPass::multiply_outputs(const PackedMatrix& weights, const Product& product,
                                  RowGroup group, Share outputs, int thread) {
  const float* rows = product.rows + group.first * weights.columns;
  kernels_.matrix_product(weights, outputs.begin, outputs.end,
                          quantized_.activations(kernels_, activation_format(weights.type), rows,
                                                 group, weights.columns),
                          scratch_.data() + thread * kProductScratchBytes,
                          product.y + group.first * weights.rows, weights.rows);
}

}  // namespace sparkllama
