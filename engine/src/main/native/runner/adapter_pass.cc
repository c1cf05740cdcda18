#include "runner/adapter_pass.h"

#include <algorithm>
#include <cstring>

#include "cpu/work_cost.h"

namespace sparkllama {
namespace {

// Rows that a thread multiplies at once: their sums stay in the first caches, and the matrices,
// which are small, are read from the second one for the next rows.
constexpr int64_t kChunkRows = 16;

// Outputs of B that are summed before they are added: whole panels.
constexpr int64_t kBlockOutputs = 32 * kPanelRows;

// Floats in whole lines, so that every part of a thread's scratch begins on a border of 64 bytes.
int64_t whole_lines(int64_t floats) { return (floats + 15) / 16 * 16; }

// Rows of floats as a product reads them.
Activations float_rows(const KernelTable& kernels, const float* values, int64_t count,
                       int64_t columns) {
  return {values, nullptr, nullptr, nullptr, nullptr, nullptr, columns, {count, kernels.tile_rows}};
}

// The panels of some rows as a matrix of their own; `first` is a multiple of kPanelRows.
PackedMatrix some_rows(const PackedMatrix& matrix, int64_t first, int64_t count) {
  return {matrix.type, matrix.data + first / kPanelRows * panel_bytes(matrix.type, matrix.columns),
          count, matrix.columns};
}

// Where the parts of a thread's scratch begin, in floats.
struct Scratch {
  int64_t product = 0;
  int64_t low;   // [kChunkRows, most rank]
  int64_t sums;  // [kChunkRows, kBlockOutputs]
  int64_t rows;  // [kChunkRows, most columns]
  int64_t size;

  Scratch(int64_t most_rank, int64_t most_columns) {
    low = kProductScratchBytes / static_cast<int64_t>(sizeof(float));
    sums = low + whole_lines(kChunkRows * most_rank);
    rows = sums + kChunkRows * kBlockOutputs;
    size = rows + whole_lines(kChunkRows * most_columns);
  }
};

}  // namespace

AdapterPass::AdapterPass(const AdapterSet& adapters, const HyperParameters& parameters,
                         const KernelTable& kernels, ThreadPool& pool, int64_t most_rows)
    : adapters_(adapters),
      kernels_(kernels),
      pool_(pool),
      most_rows_(most_rows),
      most_columns_(std::max({int64_t{parameters.embedding_length}, parameters.query_width(),
                              int64_t{parameters.feed_forward_length}})) {}

void AdapterPass::reserve() {
  if (token_adapters_.size() == 0) {
    token_adapters_ = AlignedArray<int32_t>(most_rows_);
    order_ = AlignedArray<int32_t>(most_rows_);
  }
  const int64_t floats = Scratch(adapters_.most_rank(), most_columns_).size;
  if (floats > scratch_floats_) {
    scratch_ = AlignedArray<float>(pool_.size() * floats);
    scratch_floats_ = floats;
  }
  next_.resize(adapters_.size());
  groups_.reserve(adapters_.size());
}

void AdapterPass::plan_tokens(const BatchView& batch) {
  num_rows_ = 0;
  if (adapters_.empty()) {
    return;
  }
  const int32_t* sequence_of = batch.integers(BatchSection::kTokenSequence);
  const int32_t* adapter_of = batch.integers(BatchSection::kSequenceAdapter);
  const int64_t tokens = batch.header(HeaderWord::kTokens);
  for (int64_t t = 0; t < tokens; ++t) token_adapters_[t] = adapter_of[sequence_of[t]];
  plan(tokens, [&](int64_t row) { return token_adapters_[row]; });
}

void AdapterPass::plan_rows(const int32_t* tokens, int64_t count) {
  num_rows_ = 0;
  if (adapters_.change_output()) {
    plan(count, [&](int64_t row) { return token_adapters_[tokens[row]]; });
  }
}

template <typename AdapterOf>
void AdapterPass::plan(int64_t count, const AdapterOf& adapter_of) {
  groups_.clear();
  std::fill(next_.begin(), next_.end(), 0);
  for (int64_t row = 0; row < count; ++row) {
    if (adapter_of(row) >= 0) ++next_[adapter_of(row)];
  }
  for (int32_t adapter = 0; adapter < adapters_.size(); ++adapter) {
    const int64_t rows = next_[adapter];
    if (rows > 0) groups_.push_back({adapter, num_rows_, num_rows_ + rows});
    next_[adapter] = num_rows_;
    num_rows_ += rows;
  }
  for (int64_t row = 0; row < count; ++row) {
    if (adapter_of(row) >= 0) order_[next_[adapter_of(row)]++] = static_cast<int32_t>(row);
  }
}

int64_t AdapterPass::work(std::initializer_list<Product> products, int32_t layer) const {
  int64_t work = 0;
  for (const Group& group : groups_) {
    for (const Product& product : products) {
      const WeightChange& part = change(group.adapter, product.role, layer);
      work += (group.end - group.begin) * part.a.rows * (part.a.columns + part.b.rows);
    }
  }
  return work * kFloatProductCost;
}

void AdapterPass::add(std::initializer_list<Product> products, int32_t layer, const float* x) {
  const int64_t cost = num_rows_ == 0 ? 0 : work(products, layer);
  if (cost == 0) {
    return;
  }
  pool_.run(cost, [&](int thread, int threads) {
    const Share share = share_of(num_rows_, 1, thread, threads);
    for (const Group& group : groups_) {
      const int64_t end = std::min(group.end, share.end);
      for (int64_t i = std::max(group.begin, share.begin); i < end; i += kChunkRows) {
        const Chunk chunk = {group.adapter, order_.data() + i, std::min(kChunkRows, end - i),
                             scratch_.data() + thread * scratch_floats_};
        const float* rows = nullptr;
        for (const Product& product : products) {
          const WeightChange& part = change(group.adapter, product.role, layer);
          if (part.a.data != nullptr) {
            if (rows == nullptr) rows = gather(chunk, x, part.a.columns);
            add_chunk(chunk, part, rows, product.y);
          }
        }
      }
    }
  });
}

// Returns the chunk's rows side by side: where they stand, or in the thread's scratch.
const float* AdapterPass::gather(const Chunk& chunk, const float* x, int64_t columns) const {
  const int64_t first = chunk.rows[0];
  if (chunk.rows[chunk.count - 1] - first == chunk.count - 1) {
    return x + first * columns;
  }
  float* rows = chunk.scratch + Scratch(adapters_.most_rank(), most_columns_).rows;
  for (int64_t i = 0; i < chunk.count; ++i) {
    std::memcpy(rows + i * columns, x + chunk.rows[i] * columns, columns * sizeof(float));
  }
  return rows;
}

// x is [count, inputs], the chunk's rows; y is [rows of the plan, outputs].
void AdapterPass::add_chunk(const Chunk& chunk, const WeightChange& change, const float* x,
                            float* y) const {
  const Scratch at(adapters_.most_rank(), most_columns_);
  auto* product_scratch = reinterpret_cast<std::byte*>(chunk.scratch + at.product);
  float* low = chunk.scratch + at.low;    // [count, rank]
  float* sums = chunk.scratch + at.sums;  // [count, outputs of a block]
  const int64_t rank = change.a.rows;
  kernels_.matrix_product(change.a, 0, rank, float_rows(kernels_, x, chunk.count, change.a.columns),
                          product_scratch, low, rank);
  for (int64_t i = 0; i < chunk.count * rank; ++i) low[i] *= change.scale;
  for (int64_t first = 0; first < change.b.rows; first += kBlockOutputs) {
    const int64_t outputs = std::min(kBlockOutputs, change.b.rows - first);
    kernels_.matrix_product(some_rows(change.b, first, outputs), 0, outputs,
                            float_rows(kernels_, low, chunk.count, rank), product_scratch, sums,
                            outputs);
    for (int64_t i = 0; i < chunk.count; ++i) {
      kernels_.add(y + chunk.rows[i] * change.b.rows + first, sums + i * outputs, outputs);
    }
  }
}

}  // namespace sparkllama
