#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "cuda/cuda_backend.h"
#include "cuda/kernels/activate_rows.h"
#include "cuda/kernels/attention.h"
#include "cuda/kernels/embed.h"
#include "cuda/kernels/finish_heads.h"
#include "cuda/kernels/prepare_rows.h"
#include "cuda/kernels/products.h"
#include "cuda/kernels/quantize_rows.h"
#include "cuda/kernels/rotations.h"
#include "cuda/placed_layout.h"
#include "cuda/row_sampler.h"

namespace sparkllama::cuda {
namespace {

// Steps are launched kernel by kernel where it is set: it tells whether a fault is of recordings.
constexpr char kRecordingOff[] = "SPARKLLAMA_CUDA_NO_GRAPHS";

}  // namespace

CudaBackend::CudaBackend(int32_t device, int32_t multiprocessors, const BackendCapacity& capacity)
    : device_(device),
      capacity_(capacity),
      step_(capacity),
      records_(std::getenv(kRecordingOff) == nullptr) {
  tokens_launch_.multiprocessors = rows_launch_.multiprocessors = multiprocessors;
}

CudaBackend::~CudaBackend() {
  if (stream_ != nullptr) {
    cudaStreamSynchronize(stream_);
    cudaStreamDestroy(stream_);
  }
}

BackendFailure CudaBackend::start() {
  // The type that needs most; devices with less shared memory were not opened.
  if (!is_attention_head(capacity_.head_dimension, KvType::kFloat32, kSm80SharedBytes)) {
    return {BackendFailure::Kind::kConfiguration,
            "The model's heads have a size that the GPU's attention is not made for, which is "
            "multiples of 8 up to 256: set engine.device to cpu"};
  }
  note(cudaSetDevice(device_));
  note(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  if (failure_ != cudaSuccess) return {BackendFailure::Kind::kDevice, cudaGetErrorString(failure_)};
  const AttentionShape most = {
      static_cast<int32_t>(capacity_.sequences), static_cast<int32_t>(capacity_.tokens),
      static_cast<int32_t>(capacity_.blocks_per_sequence) * kKvBlockPositions,
      static_cast<int32_t>(capacity_.tokens)};
  void* quantized = take_buffer(quantized_rows_bytes(capacity_.rows, capacity_.columns));
  attention_scratch_ = take_buffer(attention_scratch_bytes(
      most, tokens_launch_.multiprocessors, capacity_.head_count, capacity_.head_dimension));
  void* step = take_buffer(step_.byte_size());
  void* pinned_step = memory_.take_pinned(step_.byte_size());
  pinned_read_ = memory_.take_pinned(capacity_.read_bytes);
  if (quantized == nullptr || attention_scratch_ == nullptr || step == nullptr) {
    return refused("The device has no memory for the buffers of a step: lower the batch limits");
  }
  if (pinned_step == nullptr || pinned_read_ == nullptr || !upload_.start(device_, memory_)) {
    return refused(
        "The device or the processor has no memory for what is copied between them: give the "
        "worker "
        "process's container more, or lower the batch limits");
  }
  quantized_ = quantized_rows(quantized, capacity_.rows, capacity_.columns);
  step_.use(pinned_step, step);
  tokens_launch_.stream = rows_launch_.stream = stream_;
  tokens_launch_.num_rows = step_.step().num_tokens;
  return {};
}

// What was refused for lack of memory, or for a failure of the device that came before.
BackendFailure CudaBackend::refused(const char* lack) {
  note(memory_.failure());
  if (failure_ == cudaSuccess) return {BackendFailure::Kind::kMemory, lack};
  return {BackendFailure::Kind::kDevice, cudaGetErrorString(failure_)};
}

void* CudaBackend::take_buffer(int64_t bytes) {
  buffer_bytes_ += bytes;
  return memory_.take(bytes);
}

void CudaBackend::note(cudaError_t error) {
  if (failure_ == cudaSuccess) failure_ = error;
}

void CudaBackend::wait() {
  note(memory_.failure());
  note(cudaGetLastError());  // of launches that could not be made
  note(cudaStreamSynchronize(stream_));
  pinned_rows_in_use_ = false;
}

PackedMatrix CudaBackend::place(const PackedMatrix& weights) {
  PackedMatrix placed = weights;
  placed.data = static_cast<const std::byte*>(
      memory_.take(placed_bytes(weights.type, weights.rows, weights.columns)));
  if (placed.data != nullptr) {
    upload_.place(weights, placed);
    note(upload_.wait());
  }
  if (failure_ != cudaSuccess) placed.data = nullptr;  // nothing more is to be tried
  return placed;
}

const void* CudaBackend::place_bytes(const void* source, int64_t bytes) {
  void* placed = memory_.take(bytes);
  if (placed != nullptr) {
    upload_.copy(source, bytes, placed);
    note(upload_.wait());
  }
  return failure_ == cudaSuccess ? placed : nullptr;
}

void* CudaBackend::read(void* source, int64_t bytes) {
  note(cudaMemcpyAsync(pinned_read_, source, static_cast<size_t>(bytes), cudaMemcpyDeviceToHost,
                       stream_));
  wait();
  return pinned_read_;
}

BackendFailure CudaBackend::finish() {
  wait();
  if (failure_ == cudaSuccess) return std::exchange(refusal_, {});
  const bool memory = failure_ == cudaErrorMemoryAllocation;
  return {memory ? BackendFailure::Kind::kMemory : BackendFailure::Kind::kDevice,
          cudaGetErrorString(failure_)};
}

void CudaBackend::begin_step(const StepInput& input) {
  note(step_.upload(input, stream_));
  const ClassifiedStep step = classify(input, capacity_);
  walk_ = step.walk;
  recurs_ = step.recurs && records_;
  tokens_launch_.max_rows = walk_.tokens;
  rows_launch_ = tokens_launch_;
}

bool CudaBackend::replay_walk() { return recurs_ && graphs_.replay(walk_, stream_); }

bool CudaBackend::end_walk() { return !recurs_ || graphs_.end(stream_); }

void CudaBackend::embed(const PackedMatrix& table, float factor, float* rows) {
  launch_embed(tokens_launch_, step_.step(), table, factor, rows);
}

void CudaBackend::compute_rotations(const RotationTable* tables, int64_t num_tables,
                                    int32_t rope_dimension, RopePair* out) {
  launch_rotations(tokens_launch_, step_.step(), tables, num_tables,
                   {out, capacity_.tokens, rope_dimension});
}

void CudaBackend::prepare(const float* residual, int64_t columns,
                          const RowPreparation& preparation) {
  launch_prepare(tokens_launch_, residual, columns, preparation, quantized_);
}

void CudaBackend::add(float* rows, int64_t columns, const RowAddition& addition, float* residual) {
  launch_add(tokens_launch_, {rows, columns, addition, residual});
}

void CudaBackend::add_and_prepare(float* rows, int64_t columns, const RowAddition& addition,
                                  float* residual, const RowPreparation& preparation) {
  launch_add_and_prepare(tokens_launch_, {rows, columns, addition, residual}, preparation,
                         quantized_);
}

void CudaBackend::quantize(const float* rows, int64_t columns, FormatSet formats) {
  if (!formats.empty()) launch_quantize_rows(tokens_launch_, rows, columns, formats, quantized_);
}

void CudaBackend::multiply(std::initializer_list<BackendProduct> products, const float* rows,
                           int64_t) {
  launch_products(rows_launch_, products, quantized_, rows);
}

void CudaBackend::finish_heads(const HeadFinish& heads) {
  launch_finish_heads(tokens_launch_, step_.step(), heads, capacity_.head_count, capacity_.tokens);
}

void CudaBackend::attend(const AttentionRows& rows) {
  launch_attention({stream_,
                    tokens_launch_.multiprocessors,
                    {walk_.sequences, walk_.tokens, walk_.context, walk_.longest},
                    static_cast<std::byte*>(attention_scratch_)},
                   step_.step(), rows, capacity_.head_count);
}

void CudaBackend::activate(Activation activation, float* gate, const float* up, int64_t columns,
                           FormatSet formats) {
  launch_activation(tokens_launch_, {activation, gate, up, columns}, formats, quantized_);
}

void CudaBackend::prepare_tokens(const int32_t* tokens, int64_t count, const float* residual,
                                 int64_t columns, const RowPreparation& preparation) {
  if (pinned_rows_in_use_) wait();
  note(step_.upload_rows(tokens, count, stream_));
  pinned_rows_in_use_ = true;
  rows_launch_.num_rows = step_.num_logits_rows();
  rows_launch_.max_rows = static_cast<int32_t>(count);
  launch_prepare_tokens(rows_launch_, step_.logits_tokens(), residual, columns, preparation,
                        quantized_);
}

void CudaBackend::soft_cap(float* values, float cap, int64_t count) {
  launch_soft_cap(stream_, values, cap, count);
}

RowSampling* CudaBackend::make_row_sampling(const RowSamplingCapacity& capacity) {
  auto* sampler = new (std::nothrow) RowSampler(capacity, stream_);
  if (sampler == nullptr) {
    refusal_ = {BackendFailure::Kind::kMemory, "The processor has no memory for sampling"};
    return nullptr;
  }
  refusal_ = sampler->start();
  if (refusal_.kind == BackendFailure::Kind::kNone) return sampler;
  delete sampler;
  return nullptr;
}

void CudaBackend::copy_block(const KvLayer& kv, int32_t source, int32_t target) {
  launch_copy_block(stream_, kv, source, target);
}

}  // namespace sparkllama::cuda
