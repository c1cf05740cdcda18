#include "runner/runner.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/float_environment.h"
#include "cpu/host_backend.h"
#include "sampling/logit_adjustment.h"
#include "sampling/token_mask.h"

namespace sparkllama {
namespace {

using Section = BatchSection;

constexpr int32_t kSampleFlag = 1;
constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kLogitCost = 64;  // of measuring, per element, in integer multiply-adds

[[noreturn]] void throw_failure(const BackendFailure& failure) {
  if (failure.kind == BackendFailure::Kind::kMemory) throw MemoryError(failure.message);
  throw DeviceError(std::string("The device failed: ") + failure.message);
}

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
      model_(std::move(description), packed_file),
      backend_(make_backend(options.capacity)),
      cache_(options.kv_shape, std::move(options.kv_groups), model_.parameters().layer_count,
             *backend_),
      adapters_(model_.parameters()),
      masks_(pooled_masks(options.capacity), model_.parameters().vocabulary_size),
      check_(model_.parameters(), cache_, adapters_, masks_.masks()),
      forward_(placed(model_, *backend_), cache_, adapters_, *backend_, {kernels, pool_},
               options.capacity),
      token_ids_(options.capacity.tokens),
      sampled_(options.capacity.logits_rows),
      logits_(*backend_, std::min(options.capacity.logits_rows, ForwardPass::kMaxLogitsRows) *
                             model_.parameters().vocabulary_size) {
  samplers_.reserve(pool_.size());
  for (int thread = 0; thread < pool_.size(); ++thread) {
    samplers_.emplace_back(kernels_, model_.parameters().vocabulary_size);
  }
  require_done();
}

std::unique_ptr<Backend> Runner::make_backend(const BatchCapacity& capacity) {
  const HyperParameters& parameters = model_.parameters();
  const BackendCapacity needed = ForwardPass::backend_capacity(parameters, capacity);
  if (device_ == nullptr) {
    return std::make_unique<HostBackend>(kernels_, pool_, needed);
  }
  if (parameters.expert_count > 0) {
    throw ConfigurationError(
        "Models with experts run on the processor alone: set engine.device to cpu");
  }
  std::unique_ptr<Backend> backend(device_->make_backend(needed));
  if (backend == nullptr) throw_failure(device_->failure());
  return backend;
}

// Throws where anything that was asked of the backend by now has failed.
void Runner::require_done() {
  const BackendFailure failure = backend_->finish();
  if (failure.kind != BackendFailure::Kind::kNone) throw_failure(failure);
}

int64_t Runner::buffer_bytes() const {
  int64_t bytes = forward_.byte_size() + token_ids_.byte_size() + sampled_.byte_size() +
                  logits_.byte_size() + masks_.byte_size();
  for (const Sampler& sampler : samplers_) bytes += sampler.byte_size();
  return bytes;
}

void Runner::put_mask(int64_t id, std::span<const uint64_t> words) {
  if (static_cast<int64_t>(words.size()) != masks_.words_per_mask()) {
    throw EngineError("A token mask is of another vocabulary: " + std::to_string(words.size()) +
                      " words, expected " + std::to_string(masks_.words_per_mask()));
  }
  std::copy(words.begin(), words.end(), masks_.place(id));
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
  for (int64_t first = 0; first < rows; first += ForwardPass::kMaxLogitsRows) {
    finish_rows(batch, first, std::min(rows - first, ForwardPass::kMaxLogitsRows));
  }
  std::copy_n(batch.integers(Section::kResultToken), rows, sampled_.data());
  sampled_rows_ = rows;
  require_done();
  status_->enter(StepStatus::Phase::kIdle);
}

void Runner::resolve_ids(const BatchView& batch) {
  const int32_t* ids = batch.integers(Section::kTokenId);
  for (int64_t t = 0; t < batch.header(HeaderWord::kTokens); ++t) {
    token_ids_[t] = ids[t] >= 0 ? ids[t] : sampled_[-1 - int64_t{ids[t]}];
  }
}

void Runner::finish_rows(const BatchView& batch, int64_t first, int64_t count) {
  const int64_t vocabulary = model_.parameters().vocabulary_size;
  forward_.logits(batch.integers(Section::kLogitsToken) + first, count, logits_.data());
  auto* logits = static_cast<float*>(
      backend_->read(logits_.data(), count * vocabulary * static_cast<int64_t>(sizeof(float))));
  require_done();
  pool_.run(count * vocabulary * kLogitCost, [&](int thread, int threads) {
    for (int64_t i = thread; i < count; i += threads) {
      status_->begin_row(thread, first + i);
      finish_row(batch, first + i, logits + i * vocabulary, samplers_[thread]);
      status_->end_row(thread);
    }
  });
}

void Runner::finish_row(const BatchView& batch, int64_t row, float* logits, Sampler& sampler) {
  const RowMeasure measure = sampler.measure(logits);
  const bool numbers = measure.argmax >= 0;
  batch.integers(Section::kResultArgmax)[row] = measure.argmax;
  batch.floats(Section::kResultLogSumExp)[row] = static_cast<float>(measure.log_sum_exp);

  const int64_t first = batch.integers(Section::kLogitsFirstCandidate)[row];
  for (int64_t i = 0; i < batch.integers(Section::kLogitsCandidateCount)[row]; ++i) {
    const int32_t id = batch.integers(Section::kCandidateId)[first + i];
    // Not a number where the row is none: the measure is not then.
    batch.floats(Section::kResultCandidateLogProbability)[first + i] =
        static_cast<float>(logits[id] - measure.log_sum_exp);
  }
  write_top(batch, row, logits, numbers);

  Sampled sampled = {-1, kNotANumber};
  if (numbers && (batch.integers(Section::kLogitsFlags)[row] & kSampleFlag) != 0) {
    sampled = sample_row(batch, row, measure, logits, sampler);
  }
  batch.integers(Section::kResultToken)[row] = sampled.id;
  batch.floats(Section::kResultLogProbability)[row] = static_cast<float>(sampled.log_probability);
}

// Adjusts and masks the logits in place: nothing reads the model's own after this.
Sampled Runner::sample_row(const BatchView& batch, int64_t row, RowMeasure measure, float* logits,
                           Sampler& sampler) {
  const int32_t token = batch.integers(Section::kLogitsToken)[row];
  const int32_t s = batch.integers(Section::kTokenSequence)[token];
  const int64_t first = batch.integers(Section::kLogitsFirstAdjustment)[row];
  const int64_t count = batch.integers(Section::kLogitsAdjustmentCount)[row];
  if (count > 0) {
    const Adjustments adjustments = {batch.integers(Section::kAdjustmentId) + first,
                                     batch.integers(Section::kAdjustmentOccurrences) + first,
                                     batch.floats(Section::kAdjustmentBias) + first, count};
    const Penalties penalties = {batch.floats(Section::kSequenceRepetitionPenalty)[s],
                                 batch.floats(Section::kSequencePresencePenalty)[s],
                                 batch.floats(Section::kSequenceFrequencyPenalty)[s]};
    adjust_logits(adjustments, penalties, logits);
  }
  const int32_t mask = batch.integers(Section::kSequenceMask)[s];
  if (mask >= 0) {
    mask_logits(masks_.mask(mask), model_.parameters().vocabulary_size, logits);
  }
  if (count > 0 || mask >= 0) {
    measure = sampler.measure(logits);
    if (measure.argmax < 0) {
      return {-1, kNotANumber};
    }
  }
  const SamplingParameters parameters = {batch.floats(Section::kSequenceTemperature)[s],
                                         batch.integers(Section::kSequenceTopK)[s],
                                         batch.floats(Section::kSequenceTopP)[s],
                                         batch.floats(Section::kSequenceMinP)[s],
                                         batch.longs(Section::kSequenceRandomKey) + 2 * s,
                                         batch.integers(Section::kTokenPosition)[token] + 1};
  return sampler.sample(logits, measure, parameters);
}

void Runner::write_top(const BatchView& batch, int64_t row, const float* logits, bool numbers) {
  const int64_t room = batch.capacity().top_tokens;
  const int64_t count = batch.integers(Section::kLogitsTopCount)[row];
  int32_t* ids = batch.integers(Section::kResultTopId) + row * room;
  float* top_logits = batch.floats(Section::kResultTopLogit) + row * room;
  if (numbers) {
    find_top(logits, model_.parameters().vocabulary_size, count, ids, top_logits);
  } else {
    std::fill(ids, ids + count, -1);
    std::fill(top_logits, top_logits + count, kNotANumber);
  }
}

}  // namespace sparkllama
