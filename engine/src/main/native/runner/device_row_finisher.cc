#include "runner/device_row_finisher.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "base/error.h"
#include "ops/backend_failure.h"
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

// Without the places of what the row is answered with.
LogitsRow DeviceRowFinisher::wanted(const BatchView& batch, int64_t row) const {
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
      .first_top = 0,
      .top_count = batch.integers(Section::kLogitsTopCount)[row],
      .first_kept = 0,
      .kept_room = 0,
  };
}

void DeviceRowFinisher::finish(const BatchView& batch, int64_t first, int64_t count, float* logits,
                               StepStatus& status) {
  rows_.clear();
  int32_t tops = 0;
  int32_t kept = 0;
  for (int64_t i = 0; i < count; ++i) {
    LogitsRow row = wanted(batch, first + i);
    row.first_top = tops;
    tops += row.top_count;
    if (row.sampled != 0 && is_cut(row, capacity_.vocabulary_size)) {
      row.first_kept = kept;
      row.kept_room = kMostKept;
      kept += kMostKept;
    }
    rows_.push_back(row);
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
      .num_kept = kept,
  };
  sampling_->sample(input, logits);
  throw_if_step_failed(backend_.finish());
  const RowResult* results = sampling_->output().rows;
  for (int64_t i = 0; i < count; ++i) {
    write_measure(batch, first + i, rows_[i], results[i]);
    write_top(batch, first + i, rows_[i], results[i]);
  }
  if (kept > 0 && draw_collected(batch, first, status)) {
    draw_prepared(batch, first, logits, status);
  }
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

void DeviceRowFinisher::write_sampled(const BatchView& batch, int64_t row,
                                      const Sampled& sampled) const {
  batch.integers(Section::kResultToken)[row] = sampled.id;
  batch.floats(Section::kResultLogProbability)[row] = static_cast<float>(sampled.log_probability);
}

// Draws the rows whose best tokens are enough. Returns whether others are left.
bool DeviceRowFinisher::draw_collected(const BatchView& batch, int64_t first, StepStatus& status) {
  const auto count = static_cast<int64_t>(rows_.size());
  left_.assign(rows_.size(), 0);
  const SamplingOutput output = sampling_->output();
  host_.pool.run(count * kMostKept * kLogitCost, [&](int thread, int threads) {
    for (int64_t i = thread; i < count; i += threads) {
      const RowResult& result = output.rows[i];
      left_[i] = result.state == RowState::kPrepared ? 1 : 0;
      if (result.state != RowState::kCollected) continue;
      status.begin_row(thread, first + i);
      const KeptTokens kept = {output.kept + rows_[i].first_kept, result.kept_count,
                               result.kept_all != 0};
      const std::optional<Sampled> sampled = samplers_[thread].sample_kept(
          kept, result.sampled_from, sampling_parameters(batch, first + i));
      left_[i] = sampled ? 0 : 1;
      if (sampled) write_sampled(batch, first + i, *sampled);
      status.end_row(thread);
    }
  });
  return std::find(left_.begin(), left_.end(), 1) != left_.end();
}

// Draws the rows that are left, which are few, or all of a kind: what lies between the first and
// the last of them comes over in one copy.
void DeviceRowFinisher::draw_prepared(const BatchView& batch, int64_t first, float* logits,
                                      StepStatus& status) {
  const int64_t vocabulary = capacity_.vocabulary_size;
  const int64_t begin = std::find(left_.begin(), left_.end(), 1) - left_.begin();
  const int64_t end = left_.rend() - std::find(left_.rbegin(), left_.rend(), 1);
  const auto* read = static_cast<const float*>(
      backend_.read(logits + begin * vocabulary,
                    (end - begin) * vocabulary * static_cast<int64_t>(sizeof(float))));
  throw_if_step_failed(backend_.finish());
  host_.pool.run((end - begin) * vocabulary * kLogitCost, [&](int thread, int threads) {
    for (int64_t i = begin + thread; i < end; i += threads) {
      if (left_[i] == 0) continue;
      status.begin_row(thread, first + i);
      const float* row = read + (i - begin) * vocabulary;
      Sampler& sampler = samplers_[thread];
      const RowMeasure measure = sampler.measure(row);
      write_sampled(batch, first + i,
                    sampler.sample(row, measure, sampling_parameters(batch, first + i)));
      status.end_row(thread);
    }
  });
}

}  // namespace sparkllama
