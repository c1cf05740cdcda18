#include "runner/runner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/float_environment.h"
#include "cpu/host_backend.h"
#include "ops/backend_failure.h"
#include "runner/device_row_finisher.h"
#include "runner/host_row_finisher.h"
#include "runner/mask_pool.h"

namespace sparkllama {
namespace {

using Section = BatchSection;

// Rows of logits that are computed at once: where they are many, few passes over the output's
// weights, at the price of memory.
constexpr int64_t kLogitsRows = 64;
constexpr int64_t kDeviceLogitsRows = 256;

Model& placed(Model& model, Backend& backend) {
  model.place_on(backend);
  return model;
}

}  // namespace

Runner::Runner(ModelDescription description, RunnerOptions options, const std::string& packed_file,
               const KernelTable& kernels, Device* device)
    : kernels_(kernels),
      layout_(options.capacity),
      pool_(options.threads),
      device_(device),
      most_logits_rows_(device == nullptr ? kLogitsRows : kDeviceLogitsRows),
      model_(std::move(description), packed_file),
      backend_(make_backend(options.capacity)),
      cache_(options.kv_shape, std::move(options.kv_groups), model_.parameters().layer_count,
             *backend_),
      adapters_(model_.parameters()),
      check_(model_.parameters(), cache_, adapters_, pooled_masks(options.capacity)),
      forward_(placed(model_, *backend_), cache_, adapters_, *backend_, {kernels, pool_},
               options.capacity, most_logits_rows_),
      token_ids_(options.capacity.tokens),
      sampled_(options.capacity.logits_rows),
      logits_(*backend_, std::min(options.capacity.logits_rows, most_logits_rows_) *
                             model_.parameters().vocabulary_size) {
  finisher_ = make_finisher(options.capacity);
  require_done();
}

std::unique_ptr<Backend> Runner::make_backend(const BatchCapacity& capacity) {
  const HyperParameters& parameters = model_.parameters();
  const BackendCapacity needed =
      ForwardPass::backend_capacity(parameters, capacity, most_logits_rows_);
  if (device_ == nullptr) {
    return std::make_unique<HostBackend>(kernels_, pool_, needed);
  }
  if (parameters.expert_count > 0) {
    throw ConfigurationError(
        "Models with experts run on the processor alone: set engine.device to cpu");
  }
  std::unique_ptr<Backend> backend(device_->make_backend(needed));
  if (backend == nullptr) throw_if_failed(device_->failure());
  return backend;
}

std::unique_ptr<RowFinisher> Runner::make_finisher(const BatchCapacity& capacity) {
  const int64_t vocabulary = model_.parameters().vocabulary_size;
  const int64_t masks = pooled_masks(capacity);
  if (device_ == nullptr) {
    return std::make_unique<HostRowFinisher>(kernels_, pool_, vocabulary, masks);
  }
  return std::make_unique<DeviceRowFinisher>(
      *backend_, DeviceRowFinisher::Host{kernels_, pool_},
      RowSamplingCapacity{vocabulary, masks, std::min(capacity.logits_rows, most_logits_rows_),
                          capacity.candidates, capacity.adjustments,
                          most_logits_rows_ * capacity.top_tokens, most_logits_rows_ * kMostKept});
}

// Throws where anything that was asked of the backend by now has failed.
void Runner::require_done() { throw_if_failed(backend_->finish()); }

int64_t Runner::buffer_bytes() const {
  return forward_.byte_size() + token_ids_.byte_size() + sampled_.byte_size() +
         logits_.byte_size() + finisher_->byte_size();
}

int32_t Runner::open_adapter(WordReader& words) {
  if (device_ != nullptr) {
    throw ConfigurationError("Adapters run on the processor alone: set engine.device to cpu");
  }
  const int32_t adapter = adapters_.open(words);
  try {
    forward_.reserve_adapters();
  } catch (...) {
    adapters_.close_last();  // steps go on without it
    throw;
  }
  return adapter;
}

void Runner::step(std::byte* buffer) {
  const FloatEnvironment float_environment;
  const BatchView batch(layout_, buffer);
  status_->begin(batch.header(HeaderWord::kStep));
  check_.check(batch, sampled_rows_);
  const int32_t* copies = batch.integers(Section::kCopy);
  for (int64_t i = 0; i < batch.header(HeaderWord::kCopies); ++i) {
    cache_.copy_block(copies[3 * i], copies[3 * i + 1], copies[3 * i + 2]);
  }
  resolve_ids(batch);
  status_->enter(StepStatus::Phase::kForward);
  forward_.run(batch, token_ids_.data());
  status_->enter(StepStatus::Phase::kSampling);
  const int64_t rows = batch.header(HeaderWord::kLogitsRows);
  for (int64_t first = 0; first < rows; first += most_logits_rows_) {
    const int64_t count = std::min(rows - first, most_logits_rows_);
    forward_.logits(batch.integers(Section::kLogitsToken) + first, count, logits_.data());
    finisher_->finish(batch, first, count, logits_.data(), *status_);
  }
  std::copy_n(batch.integers(Section::kResultToken), rows, sampled_.data());
  sampled_rows_ = rows;
  throw_if_step_failed(backend_->finish());
  status_->enter(StepStatus::Phase::kIdle);
}

void Runner::resolve_ids(const BatchView& batch) {
  const int32_t* ids = batch.integers(Section::kTokenId);
  for (int64_t t = 0; t < batch.header(HeaderWord::kTokens); ++t) {
    token_ids_[t] = ids[t] >= 0 ? ids[t] : sampled_[-1 - int64_t{ids[t]}];
  }
}

}  // namespace sparkllama
