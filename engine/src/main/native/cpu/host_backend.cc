#include "cpu/host_backend.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/math.h"
#include "cpu/work_cost.h"

namespace sparkllama {
namespace {

int64_t whole_granules(int64_t rows) {
  return (rows + kRowGranule - 1) / kRowGranule * kRowGranule;
}

}  // namespace

HostBackend::HostBackend(const KernelTable& kernels, ThreadPool& pool,
                         const BackendCapacity& capacity)
    : kernels_(kernels),
      pool_(pool),
      head_count_(capacity.head_count),
      kv_head_count_(capacity.kv_head_count),
      head_dimension_(capacity.head_dimension),
      attention_plan_(capacity.head_count, capacity.kv_head_count),
      scratch_floats_(std::max<int64_t>(
          attention_scratch_floats(attention_plan_.most_rows(), capacity.head_dimension),
          kProductScratchBytes / sizeof(float))),
      scratch_(pool.size() * scratch_floats_),
      quantized_(capacity.rows, capacity.columns) {}

void HostBackend::Free::operator()(void* memory) const { std::free(memory); }

void* HostBackend::allocate(int64_t bytes) {
  if (bytes < 0 || bytes > std::numeric_limits<int64_t>::max() - kHugePageBytes) return nullptr;
  void* memory = std::aligned_alloc(memory_border(bytes), static_cast<size_t>(whole_bytes(bytes)));
  if (memory == nullptr) return nullptr;
  memory_.emplace_back(memory);
  advise_huge_pages(memory, bytes);
  return memory;
}

void HostBackend::embed(const PackedMatrix& table, float factor, float* rows) {
  const int64_t width = table.columns;
  pool_.run(step_.num_tokens * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(step_.num_tokens, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      float* row = rows + t * width;
      if (step_.token_ids[t] >= 0) {
        kernels_.dequantize_row(table, step_.token_ids[t], row);
        if (factor != 1.0f) kernels_.scale(row, factor, width);
      } else {
        std::fill(row, row + width, std::numeric_limits<float>::quiet_NaN());
      }
    }
  });
}

void HostBackend::compute_rotations(const RotationTable* tables, int64_t num_tables,
                                    int32_t rope_dimension, RopePair* out) {
  const int64_t pairs = rope_dimension / 2;
  const int64_t rows = num_tables * step_.num_tokens;
  pool_.run(rows * pairs * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(rows, 1, thread, threads);
    for (int64_t row = share.begin; row < share.end; ++row) {
      const RotationTable& table = tables[row / step_.num_tokens];
      const int32_t position = step_.positions[row % step_.num_tokens];
      for (int64_t i = 0; i < pairs; ++i) {
        const SineCosine angle = sine_cosine(position * table.inverse_frequencies[i]);
        out[row * pairs + i] = {static_cast<float>(angle.cosine * table.magnitude),
                                static_cast<float>(angle.sine * table.magnitude)};
      }
    }
  });
}

void HostBackend::prepare(const float* residual, int64_t columns,
                          const RowPreparation& preparation) {
  pool_.run(step_.num_tokens * columns * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(step_.num_tokens, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      prepare_row(residual + t * columns, columns, preparation, {0, step_.num_tokens}, t);
    }
  });
}

void HostBackend::add(float* rows, int64_t columns, const RowAddition& addition, float* residual) {
  pool_.run(step_.num_tokens * columns * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(step_.num_tokens, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      add_row(rows + t * columns, columns, addition, residual + t * columns);
    }
  });
}

// In one pass, while a row is in the cache.
void HostBackend::add_and_prepare(float* rows, int64_t columns, const RowAddition& addition,
                                  float* residual, const RowPreparation& preparation) {
  pool_.run(step_.num_tokens * columns * 2 * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(step_.num_tokens, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      add_row(rows + t * columns, columns, addition, residual + t * columns);
      prepare_row(residual + t * columns, columns, preparation, {0, step_.num_tokens}, t);
    }
  });
}

void HostBackend::add_row(float* row, int64_t columns, const RowAddition& addition,
                          float* residual) {
  if (addition.bias != nullptr) kernels_.add(row, addition.bias, columns);
  if (addition.norm.exists()) normalize(row, columns, addition.norm, row);
  kernels_.add(residual, row, columns);
}

void HostBackend::prepare_row(const float* row, int64_t columns, const RowPreparation& preparation,
                              RowGroup group, int64_t index) {
  if (preparation.norm.exists()) {
    float* normed = preparation.normed + index * columns;
    normalize(row, columns, preparation.norm, normed);
    row = normed;
  }
  quantized_.quantize_row(kernels_, preparation.formats, row, group, index, columns);
}

// out may be the row.
void HostBackend::normalize(const float* row, int64_t columns, const RowNorm& norm, float* out) {
  if (norm.kind == NormKind::kStandardDeviation) {
    kernels_.layer_norm(row, norm.weight, norm.bias, norm.epsilon, columns, out);
  } else {
    kernels_.rms_norm(row, norm.weight, norm.epsilon, columns, out);
  }
}

void HostBackend::quantize(const float* rows, int64_t columns, FormatSet formats) {
  if (formats.empty()) return;
  pool_.run(step_.num_tokens * columns * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(step_.num_tokens, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      quantized_.quantize_row(kernels_, formats, rows + t * columns, {0, step_.num_tokens}, t,
                              columns);
    }
  });
}

void HostBackend::multiply(std::initializer_list<BackendProduct> products, const float* rows,
                           int64_t num_rows) {
  int64_t work = 0;
  int64_t outputs = 0;  // of all products, each filled up to whole granules
  for (const BackendProduct& product : products) {
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
    for (const BackendProduct& product : products) {
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

void HostBackend::finish_heads(const HeadFinish& heads) {
  const int64_t query_width = int64_t{head_count_} * head_dimension_;
  const int64_t kv_width = int64_t{kv_head_count_} * head_dimension_;
  const auto rope =
      heads.rope_layout == RopeLayout::kHalves ? kernels_.rope_halves : kernels_.rope_adjacent;
  const int64_t width = query_width + 2 * kv_width;
  pool_.run(step_.num_tokens * width * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(step_.num_tokens, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      finish_rows(heads.queries, t, query_width, heads.norm_epsilon);
      finish_rows(heads.keys, t, kv_width, heads.norm_epsilon);
      finish_rows(heads.values, t, kv_width, heads.norm_epsilon);
      float* keys = heads.keys.rows + t * kv_width;
      if (heads.rotation_table != HeadFinish::kWithoutRope) {
        const RopePair* pairs = heads.rotations + (heads.rotation_table * step_.num_tokens + t) *
                                                      (heads.rope_dimension / 2);
        rope(heads.queries.rows + t * query_width, head_count_, head_dimension_,
             heads.rope_dimension, pairs);
        rope(keys, kv_head_count_, head_dimension_, heads.rope_dimension, pairs);
      }
      kernels_.kv_write(heads.kv, step_.kv_slot(heads.kv_group, t), keys,
                        heads.values.rows + t * kv_width);
    }
  });
}

void HostBackend::finish_rows(const HeadRows& heads, int64_t token, int64_t width, float epsilon) {
  float* row = heads.rows + token * width;
  if (heads.bias != nullptr) kernels_.add(row, heads.bias, width);
  if (heads.norm != nullptr) {
    for (int64_t i = 0; i < width; i += heads.norm_width) {
      kernels_.rms_norm(row + i, heads.norm, epsilon, heads.norm_width, row + i);
    }
  }
}

void HostBackend::attend(const AttentionRows& rows) {
  const int32_t group_size = head_count_ / kv_head_count_;
  const int64_t query_width = int64_t{head_count_} * head_dimension_;
  const int64_t products = 2 * attention_plan_.work(step_, rows.window) * head_dimension_;
  pool_.run(products * kFloatProductCost, [&](int thread, int threads) {
    attention_plan_.for_share(step_, rows.window, thread, threads, [&](const AttentionTile& tile) {
      const int64_t first =
          tile.first_token * query_width + int64_t{tile.first_head} * head_dimension_;
      AttentionTask task;
      task.kv = &rows.kv;
      task.block_table = step_.block_table(rows.kv_group, tile.sequence);
      task.kv_head = tile.first_head / group_size;
      task.position = step_.positions[tile.first_token];
      task.num_tokens = tile.num_tokens;
      task.window = rows.window;
      task.group_size = tile.num_heads;
      task.token_stride = query_width;
      task.queries = rows.queries + first;
      task.scale = rows.scale;
      task.scratch = scratch_.data() + thread * scratch_floats_;
      task.output = rows.output + first;
      task.soft_cap = rows.soft_cap;
      kernels_.attention(task);
    });
  });
}

void HostBackend::activate(Activation activation, float* gate, const float* up, int64_t columns,
                           FormatSet formats) {
  pool_.run(step_.num_tokens * columns * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(step_.num_tokens, 1, thread, threads);
    for (int64_t t = share.begin; t < share.end; ++t) {
      float* row = gate + t * columns;
      switch (activation) {
        case Activation::kSwiglu:
          kernels_.swiglu(row, up + t * columns, columns);
          break;
        case Activation::kGeglu:
          kernels_.geglu(row, up + t * columns, columns);
          break;
        case Activation::kGelu:
          kernels_.gelu(row, columns);
          break;
      }
      quantized_.quantize_row(kernels_, formats, row, {0, step_.num_tokens}, t, columns);
    }
  });
}

void HostBackend::prepare_tokens(const int32_t* tokens, int64_t count, const float* residual,
                                 int64_t columns, const RowPreparation& preparation) {
  pool_.run(count * columns * kElementCost, [&](int thread, int threads) {
    const Share share = share_of(count, 1, thread, threads);
    for (int64_t i = share.begin; i < share.end; ++i) {
      prepare_row(residual + tokens[i] * columns, columns, preparation, {0, count}, i);
    }
  });
}

void HostBackend::soft_cap(float* values, float cap, int64_t count) {
  pool_.run(count * kTranscendentalCost, [&](int thread, int threads) {
    const Share share = share_of(count, kRowGranule, thread, threads);
    kernels_.soft_cap(values + share.begin, cap, share.end - share.begin);
  });
}

void HostBackend::copy_block(const KvLayer& kv, int32_t source, int32_t target) {
  const int64_t bytes = 2 * kv.kv_heads * kv.part_bytes;
  std::memmove(kv.data + target * bytes, kv.data + source * bytes, static_cast<size_t>(bytes));
}

}  // namespace sparkllama
