#include <algorithm>
#include <cstring>

#include "cuda/step_upload.h"

namespace sparkllama::cuda {
namespace {

// On borders of 256 bytes, as copies and vector loads like them.
int64_t whole_lines(int64_t words) { return (words + 63) / 64 * 64; }

}  // namespace

StepUpload::StepUpload(const BackendCapacity& capacity) : capacity_(capacity) {
  int64_t at = kHeaderWords;
  const auto take = [&at](int64_t words) {
    const int64_t first = at;
    at += whole_lines(words);
    return first;
  };
  token_ids_ = take(capacity.tokens);
  positions_ = take(capacity.tokens);
  kv_slots_ = take(capacity.kv_groups * capacity.tokens);
  first_tokens_ = take(capacity.sequences);
  token_counts_ = take(capacity.sequences);
  context_lengths_ = take(capacity.sequences);
  logits_tokens_ = take(capacity.rows);
  block_tables_ = take(capacity.kv_groups * capacity.sequences * capacity.blocks_per_sequence);
  end_ = at;
}

void StepUpload::use(void* host, void* device) {
  host_ = static_cast<int32_t*>(host);
  device_ = static_cast<int32_t*>(device);
  std::memset(host_, 0, static_cast<size_t>(byte_size()));
  step_ = {
      .num_tokens = device_ + kTokens,
      .num_sequences = device_ + kSequences,
      .token_ids = device_ + token_ids_,
      .positions = device_ + positions_,
      .kv_slots = device_ + kv_slots_,
      .kv_slot_stride = capacity_.tokens,
      .first_tokens = device_ + first_tokens_,
      .token_counts = device_ + token_counts_,
      .context_lengths = device_ + context_lengths_,
      .block_tables = device_ + block_tables_,
      .table_sequences = capacity_.sequences,
      .blocks_per_sequence = capacity_.blocks_per_sequence,
  };
}

cudaError_t StepUpload::copy(int64_t first, int64_t count, cudaStream_t stream) {
  return cudaMemcpyAsync(device_ + first, host_ + first,
                         static_cast<size_t>(count) * sizeof(int32_t), cudaMemcpyHostToDevice,
                         stream);
}

cudaError_t StepUpload::upload(const StepInput& input, cudaStream_t stream) {
  host_[kTokens] = static_cast<int32_t>(input.num_tokens);
  host_[kSequences] = static_cast<int32_t>(input.num_sequences);
  std::copy_n(input.token_ids, input.num_tokens, host_ + token_ids_);
  std::copy_n(input.positions, input.num_tokens, host_ + positions_);
  for (int64_t group = 0; group < input.kv_groups; ++group) {
    std::copy_n(input.kv_slots + group * input.kv_slot_stride, input.num_tokens,
                host_ + kv_slots_ + group * capacity_.tokens);
  }
  std::copy_n(input.first_tokens, input.num_sequences, host_ + first_tokens_);
  std::copy_n(input.token_counts, input.num_sequences, host_ + token_counts_);
  std::copy_n(input.context_lengths, input.num_sequences, host_ + context_lengths_);
  cudaError_t error = copy(0, logits_tokens_, stream);
  for (int64_t group = 0; group < input.kv_groups && error == cudaSuccess; ++group) {
    const int64_t first =
        block_tables_ + group * capacity_.sequences * capacity_.blocks_per_sequence;
    error = copy(first, upload_tables(input, group), stream);
  }
  return error;
}

// Writes the used part of each sequence's table and returns the words up to the last one's end.
int64_t StepUpload::upload_tables(const StepInput& input, int64_t group) {
  int64_t used = 0;
  for (int64_t s = 0; s < input.num_sequences; ++s) {
    const int64_t blocks = (input.context_lengths[s] + kKvBlockPositions - 1) / kKvBlockPositions;
    const int64_t at = s * capacity_.blocks_per_sequence;
    std::copy_n(
        input.block_table(group, s), blocks,
        host_ + block_tables_ + group * capacity_.sequences * capacity_.blocks_per_sequence + at);
    used = at + blocks;
  }
  return used;
}

cudaError_t StepUpload::upload_rows(const int32_t* tokens, int64_t count, cudaStream_t stream) {
  host_[kLogitsRows] = static_cast<int32_t>(count);
  std::copy_n(tokens, count, host_ + logits_tokens_);
  const cudaError_t error = copy(kLogitsRows, 1, stream);
  return error != cudaSuccess ? error : copy(logits_tokens_, count, stream);
}

}  // namespace sparkllama::cuda
