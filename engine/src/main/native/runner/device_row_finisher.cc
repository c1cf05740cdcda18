#include "runner/device_row_finisher.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.h"
#include "runner/backend_failure.h"
#include "runner/row_parameters.h"

namespace sparkllama {
namespace {

using Section = BatchSection;

constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kLogitCost = 64;  // of measuring, per element, in integer multiply-adds

}  // namespace

DeviceRowFinisher::DeviceRowFinisher(Backend& backend, Host host,
                                     const RowSamplingCapacity& capacity)
    : backend_(backend),
      host_(host),
      capacity_(capacity),
      sampling_(backend.make_row_sampling(capacity)) {
  if (sampling_ == nullptr) {
    throw_if_failed(backend.finish());
    throw EngineError(std::string("The backend does not sample: ") + backend.name());
  }
  for (int thread = 0; thread < host.pool.size(); ++thread) {
    samplers_.emplace_back(host.kernels, capacity.vocabulary_size);
  }
}

int64_t DeviceRowFinisher::byte_size() const {
  int64_t bytes = sampling_->byte_size();
  for (const Sampler& sampler : samplers_) bytes += sampler.byte_size();
  return bytes;
}

void DeviceRowFinisher::put_mask(int64_t id, std::span<const uint64_t> words) {
  if (static_cast<int64_t>(words.size()) != mask_words(capacity_.vocabulary_size)) {
    throw EngineError("A token mask is of another vocabulary: " + std::to_string(words.size()) +
                      " words, expected " + std::to_string(mask_words(capacity_.vocabulary_size)));
  }
  if (id < 0 || id >= capacity_.masks) {
    throw EngineError("The pool has no such place for a token mask: " + std::to_string(id) +
                      " of " + std::to_string(capacity_.masks));
  }
  sampling_->put_mask(id, words.data());
}

LogitsRow DeviceRowFinisher::wanted(const BatchView& batch, int64_t row, int32_t first_top) const {
  const int32_t s = sequence_of_row(batch, row);
  const SamplingParameters parameters = sampling_parameters(batch, row);
  return {
      .random_key = {parameters.random_key[0], parameters.random_key[1]},
      .position = parameters.position,
      .sampled = is_sampled(batch, row) ? 1 : 0,
      .temperature = parameters.temperature,
      .top_k = parameters.top_k,
      .top_p = parameters.top_p,
      .min_p = parameters.min_p,
      .repetition = batch.floats(Section::kSequenceRepetitionPenalty)[s],
      .presence = batch.floats(Section::kSequencePresencePenalty)[s],
      .frequency = batch.floats(Section::kSequenceFrequencyPenalty)[s],
      .mask = batch.integers(Section::kSequenceMask)[s],
      .first_adjustment = batch.integers(Section::kLogitsFirstAdjustment)[row],
      .adjustment_count = batch.integers(Section::kLogitsAdjustmentCount)[row],
      .first_candidate = batch.integers(Section::kLogitsFirstCandidate)[row],
      .candidate_count = batch.integers(Section::kLogitsCandidateCount)[row],
      .first_top = first_top,
      .top_count = batch.integers(Section::kLogitsTopCount)[row],
  };
}

void DeviceRowFinisher::finish(const BatchView& batch, int64_t first, int64_t count, float* logits,
                               StepStatus& status) {
  rows_.clear();
  int32_t tops = 0;
  for (int64_t i = 0; i < count; ++i) {
    rows_.push_back(wanted(batch, first + i, tops));
    tops += rows_.back().top_count;
  }
  const SamplingInput input = {
      .rows = rows_.data(),
      .num_rows = count,
      .candidate_ids = batch.integers(Section::kCandidateId),
      .num_candidates = batch.header(HeaderWord::kCandidates),
      .adjustment_ids = batch.integers(Section::kAdjustmentId),
      .adjustment_occurrences = batch.integers(Section::kAdjustmentOccurrences),
      .adjustment_biases = batch.floats(Section::kAdjustmentBias),
      .num_adjustments = batch.header(HeaderWord::kAdjustments),
      .num_tops = tops,
  };
  sampling_->sample(input, logits);
  throw_if_failed(backend_.finish());
  const RowResult* results = sampling_->output().rows;
  bool prepared = false;
  for (int64_t i = 0; i < count; ++i) {
    write_measure(batch, first + i, rows_[i], results[i]);
    write_top(batch, first + i, rows_[i], results[i]);
    prepared = prepared || results[i].state == RowState::kPrepared;
  }
  if (prepared) draw_prepared(batch, first, logits, status);
}

void DeviceRowFinisher::write_measure(const BatchView& batch, int64_t row, const LogitsRow& wanted,
                                      const RowResult& result) const {
  batch.integers(Section::kResultArgmax)[row] = result.own.argmax;
  batch.floats(Section::kResultLogSumExp)[row] = static_cast<float>(result.own.log_sum_exp);
  std::copy_n(sampling_->output().candidate_log_probabilities + wanted.first_candidate,
              wanted.candidate_count,
              batch.floats(Section::kResultCandidateLogProbability) + wanted.first_candidate);
  batch.integers(Section::kResultToken)[row] = result.token;
  batch.floats(Section::kResultLogProbability)[row] = static_cast<float>(result.log_probability);
}

void DeviceRowFinisher::write_top(const BatchView& batch, int64_t row, const LogitsRow& wanted,
                                  const RowResult& result) const {
  const int64_t room = batch.capacity().top_tokens;
  int32_t* ids = batch.integers(Section::kResultTopId) + row * room;
  float* top_logits = batch.floats(Section::kResultTopLogit) + row * room;
  if (result.own.argmax >= 0) {
    std::copy_n(sampling_->output().top_ids + wanted.first_top, wanted.top_count, ids);
    std::copy_n(sampling_->output().top_logits + wanted.first_top, wanted.top_count, top_logits);
  } else {
    std::fill_n(ids, wanted.top_count, -1);
    std::fill_n(top_logits, wanted.top_count, kNotANumber);
  }
}

// All rows come over in one copy: the rows that are cut are usually all or none.
void DeviceRowFinisher::draw_prepared(const BatchView& batch, int64_t first, float* logits,
                                      StepStatus& status) {
  const int64_t vocabulary = capacity_.vocabulary_size;
  const auto count = static_cast<int64_t>(rows_.size());
  const auto* read = static_cast<const float*>(
      backend_.read(logits, count * vocabulary * static_cast<int64_t>(sizeof(float))));
  throw_if_failed(backend_.finish());
  const RowResult* results = sampling_->output().rows;
  host_.pool.run(count * vocabulary * kLogitCost, [&](int thread, int threads) {
    for (int64_t i = thread; i < count; i += threads) {
      if (results[i].state != RowState::kPrepared) continue;
      status.begin_row(thread, first + i);
      const float* row = read + i * vocabulary;
      Sampler& sampler = samplers_[thread];
      const RowMeasure measure = sampler.measure(row);
      const Sampled sampled = sampler.sample(row, measure, sampling_parameters(batch, first + i));
      batch.integers(Section::kResultToken)[first + i] = sampled.id;
      batch.floats(Section::kResultLogProbability)[first + i] =
          static_cast<float>(sampled.log_probability);
      status.end_row(thread);
    }
  });
}

}  // namespace sparkllama
