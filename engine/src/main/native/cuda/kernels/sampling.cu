#include <limits>

#include "cuda/intrinsics.h"
#include "cuda/kernels/row_block.h"
#include "cuda/kernels/row_collect.h"
#include "cuda/kernels/row_draw.h"
#include "cuda/kernels/row_measure.h"
#include "cuda/kernels/row_top.h"
#include "cuda/kernels/sampling.h"

namespace sparkllama::cuda {
namespace {

constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();

template <typename T>
__device__ const T* part(const std::byte* input, int64_t offset) {
  return reinterpret_cast<const T*>(input + offset);
}

template <typename T>
__device__ T* part(std::byte* output, int64_t offset) {
  return reinterpret_cast<T*>(output + offset);
}

// As adjust_logits; an id stands once in a row, so each has a thread to itself.
__device__ void adjust(const SamplingTask& task, const SamplingInputLayout& layout,
                       const LogitsRow& row, float* logits) {
  const int32_t* ids = part<int32_t>(task.input, layout.adjustment_ids);
  const int32_t* occurrences = part<int32_t>(task.input, layout.adjustment_occurrences);
  const float* biases = part<float>(task.input, layout.adjustment_biases);
  const int32_t end = row.first_adjustment + row.adjustment_count;
  for (int32_t i = row.first_adjustment + row_thread(); i < end; i += kRowThreads) {
    float logit = logits[ids[i]] + biases[i];
    if (occurrences[i] >= 0) {
      logit = logit > 0 ? logit / row.repetition : logit * row.repetition;
      if (occurrences[i] > 0) {
        const float often = row.frequency * static_cast<float>(occurrences[i]);
        logit = (logit - often) - row.presence;
      }
    }
    logits[ids[i]] = logit;
  }
}

// What is asked of the model's own logits beside the measure.
__device__ void report(const SamplingTask& task, const SamplingInputLayout& in,
                       const SamplingOutputLayout& out, const LogitsRow& row,
                       const RowMeasure& measure, const float* logits) {
  const int32_t* ids = part<int32_t>(task.input, in.candidate_ids);
  auto* log_probabilities = part<float>(task.output, out.candidate_log_probabilities);
  const int32_t end = row.first_candidate + row.candidate_count;
  for (int32_t i = row.first_candidate + row_thread(); i < end; i += kRowThreads) {
    // Not a number where the row is none: the measure is not then.
    log_probabilities[i] = static_cast<float>(logits[ids[i]] - measure.log_sum_exp);
  }
  auto* top_ids = part<int32_t>(task.output, out.top_ids) + row.first_top;
  auto* top_logits = part<float>(task.output, out.top_logits) + row.first_top;
  if (measure.argmax >= 0) {
    if (row.top_count > 0) {
      find_top(logits, task.vocabulary_size, row.top_count, top_ids, top_logits);
    }
    return;
  }
  for (int32_t i = row_thread(); i < row.top_count; i += kRowThreads) {
    top_ids[i] = -1;
    top_logits[i] = kNotANumber;
  }
}

// The processor cuts and draws: hands out the best tokens where they are wanted and have room.
__device__ void collect(const SamplingTask& task, const SamplingOutputLayout& layout,
                        const LogitsRow& row, const float* logits, RowResult& result) {
  result.state = RowState::kPrepared;
  int32_t count = kKeptChunks;
  if (row.top_k > 0 && row.top_k < task.vocabulary_size) {
    count = row.top_k;
  } else if (rank_chunks(task.vocabulary_size) < count) {
    count = rank_chunks(task.vocabulary_size);
  }
  if (count > row.kept_room) return;
  KeptToken* kept = part<KeptToken>(task.output, layout.kept) + row.first_kept;
  const CollectedTokens collected =
      collect_best(logits, task.vocabulary_size, count, row.kept_room, kept);
  if (collected.count > row.kept_room) return;
  result.state = RowState::kCollected;
  result.kept_count = collected.count;
  result.kept_all = collected.all;
}

// Adjusts and masks the logits in place: nothing reads the model's own after this.
__device__ void sample_row(const SamplingTask& task, const SamplingInputLayout& in,
                           const SamplingOutputLayout& out, const LogitsRow& row, float* logits,
                           RowResult& result) {
  sync_block();  // all have read the model's own
  if (row.adjustment_count > 0) {
    adjust(task, in, row, logits);
    sync_block();
  }
  const uint64_t* mask =
      row.mask < 0 ? nullptr : task.masks + row.mask * mask_words(task.vocabulary_size);
  if (row.adjustment_count > 0 || mask != nullptr) {
    result.sampled_from = measure_row(logits, task.vocabulary_size, mask);
    if (result.sampled_from.argmax < 0) return;
  }
  const RowMeasure& measure = result.sampled_from;
  if (row.temperature == 0) {
    result.state = RowState::kSampled;
    result.token = measure.argmax;
    result.log_probability = measure.maximum - measure.log_sum_exp;
  } else if (is_cut(row, task.vocabulary_size)) {
    collect(task, out, row, logits, result);
  } else {
    const DrawnToken drawn = draw_any(logits, task.vocabulary_size, measure, row);
    result.state = RowState::kSampled;
    result.token = drawn.id;
    result.log_probability = drawn.log_probability;
  }
}

// A block does a row.
__global__ void __launch_bounds__(kRowThreads, 2) finish_rows(SamplingTask task) {
  const SamplingCounts& counts = *part<SamplingCounts>(task.input, 0);
  const auto index = static_cast<int32_t>(blockIdx.x);
  if (index >= counts.rows) return;
  const SamplingInputLayout in(counts);
  const SamplingOutputLayout out(counts);
  const LogitsRow& row = part<LogitsRow>(task.input, SamplingInputLayout::kRows)[index];
  float* logits = task.logits + int64_t{index} * task.vocabulary_size;

  const RowMeasure own = measure_row(logits, task.vocabulary_size, nullptr);
  report(task, in, out, row, own, logits);
  RowResult result = {own, own, portable::kNan, -1, RowState::kMeasured, 0, 0};
  if (own.argmax >= 0 && row.sampled != 0) sample_row(task, in, out, row, logits, result);
  if (row_thread() == 0) part<RowResult>(task.output, 0)[index] = result;
}

}  // namespace

int64_t sampling_shared_bytes(int64_t vocabulary_size) {
  const auto size = static_cast<int32_t>(vocabulary_size);
  int64_t work = kMeasureBytes;
  const int64_t ranks = static_cast<int64_t>(sizeof(uint64_t)) * rank_chunks(size);
  if (work < ranks) work = ranks;
  if (work < draw_bytes(size)) work = draw_bytes(size);
  return kRowScratchBytes + work;
}

void sample_rows(const SamplingTask& task, int32_t max_rows, cudaStream_t stream) {
  const auto bytes = static_cast<size_t>(sampling_shared_bytes(task.vocabulary_size));
  launch(finish_rows, {dim3(static_cast<unsigned>(max_rows)), dim3(kRowThreads), bytes}, stream,
         task);
}

}  // namespace sparkllama::cuda
