#include <algorithm>
#include <cstring>

#include "cuda/row_sampler.h"

namespace sparkllama::cuda {
namespace {

constexpr int64_t kStagedMasks = 64;

// That a block may have on every device that the backend runs on: what sm_80 has, less what the
// system takes.
constexpr int64_t kMostSharedBytes = 160 * 1024;

SamplingCounts most(const RowSamplingCapacity& capacity) {
  return {static_cast<int32_t>(capacity.rows), static_cast<int32_t>(capacity.candidates),
          static_cast<int32_t>(capacity.adjustments), static_cast<int32_t>(capacity.tops),
          static_cast<int32_t>(capacity.kept)};
}

template <typename T>
void put(std::byte* target, int64_t offset, const T* values, int64_t count) {
  if (count > 0) std::memcpy(target + offset, values, static_cast<size_t>(count) * sizeof(T));
}

}  // namespace

RowSampler::RowSampler(const RowSamplingCapacity& capacity, cudaStream_t stream)
    : capacity_(capacity),
      stream_(stream),
      words_per_mask_(mask_words(capacity.vocabulary_size)),
      most_staged_(std::min(kStagedMasks, capacity.masks)) {}

BackendFailure RowSampler::start() {
  if (sampling_shared_bytes(capacity_.vocabulary_size) > kMostSharedBytes) {
    return {BackendFailure::Kind::kConfiguration,
            "The vocabulary is too large to be sampled from on a GPU: set engine.device to cpu"};
  }
  const int64_t input_bytes = SamplingInputLayout(most(capacity_)).byte_size;
  const int64_t output_bytes = SamplingOutputLayout(most(capacity_)).byte_size;
  input_ = take<std::byte>(input_bytes);
  output_ = take<std::byte>(output_bytes);
  masks_ = take<uint64_t>(capacity_.masks * words_per_mask_);
  sent_ = take_pinned<std::byte>(input_bytes);
  received_ = take_pinned<std::byte>(output_bytes);
  staging_ = take_pinned<uint64_t>(most_staged_ * words_per_mask_);
  if (input_ == nullptr || output_ == nullptr || masks_ == nullptr || sent_ == nullptr ||
      received_ == nullptr || staging_ == nullptr) {
    return {BackendFailure::Kind::kMemory,
            "Buffers for sampling on a GPU could not be allocated: lower the batch limits or the "
            "KV cache's memory"};
  }
  return {};
}

template <typename T>
T* RowSampler::take(int64_t size) {
  const int64_t bytes = size * static_cast<int64_t>(sizeof(T));
  bytes_ += bytes;
  return static_cast<T*>(memory_.take(bytes));
}

template <typename T>
T* RowSampler::take_pinned(int64_t size) {
  const int64_t bytes = size * static_cast<int64_t>(sizeof(T));
  bytes_ += bytes;
  return static_cast<T*>(memory_.take_pinned(bytes));
}

void RowSampler::put_mask(int64_t id, const uint64_t* words) {
  if (staged_ == most_staged_) {
    cudaStreamSynchronize(stream_);  // a failure stays with the device: the backend tells of it
    staged_ = 0;
  }
  uint64_t* staged = staging_ + staged_++ * words_per_mask_;
  std::copy_n(words, words_per_mask_, staged);
  cudaMemcpyAsync(masks_ + id * words_per_mask_, staged,
                  static_cast<size_t>(words_per_mask_) * sizeof(uint64_t), cudaMemcpyHostToDevice,
                  stream_);
}

void RowSampler::sample(const SamplingInput& input, float* logits) {
  counts_ = {static_cast<int32_t>(input.num_rows), static_cast<int32_t>(input.num_candidates),
             static_cast<int32_t>(input.num_adjustments), static_cast<int32_t>(input.num_tops),
             static_cast<int32_t>(input.num_kept)};
  const SamplingInputLayout in(counts_);
  const SamplingOutputLayout out(counts_);
  std::byte* sent = sent_;
  put(sent, 0, &counts_, 1);
  put(sent, SamplingInputLayout::kRows, input.rows, input.num_rows);
  put(sent, in.candidate_ids, input.candidate_ids, input.num_candidates);
  put(sent, in.adjustment_ids, input.adjustment_ids, input.num_adjustments);
  put(sent, in.adjustment_occurrences, input.adjustment_occurrences, input.num_adjustments);
  put(sent, in.adjustment_biases, input.adjustment_biases, input.num_adjustments);
  cudaMemcpyAsync(input_, sent, static_cast<size_t>(in.byte_size), cudaMemcpyHostToDevice, stream_);
  const SamplingTask task = {input_, output_, logits, masks_,
                             static_cast<int32_t>(capacity_.vocabulary_size)};
  sample_rows(task, counts_.rows, stream_);
  cudaMemcpyAsync(received_, output_, static_cast<size_t>(out.byte_size), cudaMemcpyDeviceToHost,
                  stream_);
}

SamplingOutput RowSampler::output() const {
  const SamplingOutputLayout out(counts_);
  const std::byte* received = received_;
  return {reinterpret_cast<const RowResult*>(received),
          reinterpret_cast<const float*>(received + out.candidate_log_probabilities),
          reinterpret_cast<const int32_t*>(received + out.top_ids),
          reinterpret_cast<const float*>(received + out.top_logits),
          reinterpret_cast<const KeptToken*>(received + out.kept)};
}

}  // namespace sparkllama::cuda
