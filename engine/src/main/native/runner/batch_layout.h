// Places the sections of a batch buffer, as io.sparkllama.engine.runner.BatchLayout does.
//
// Java compares its offsets with these before the first step and refuses a library whose offsets
// differ.
#pragma once

#include <array>
#include <cstdint>

#include "base/word_reader.h"

namespace sparkllama {

constexpr int32_t kBatchVersion = 2;
constexpr int64_t kSectionAlignment = 64;

// The most of everything that one step may hold.
struct BatchCapacity {
  int64_t tokens;
  int64_t sequences;
  int64_t logits_rows;
  int64_t candidates;
  int64_t adjustments;
  int64_t kv_groups;
  int64_t blocks_per_sequence;
  int64_t copies;
  int64_t top_tokens;
};

// Reads the numbers in the order above; throws where one is out of bounds.
BatchCapacity read_batch_capacity(WordReader& words);

// Words of the header.
enum class HeaderWord : int {
  kVersion = 0,
  kTokens,
  kSequences,
  kLogitsRows,
  kCandidates,
  kAdjustments,
  kCopies,
  kStep
};

// Shapes and meanings stand in io.sparkllama.engine.runner.BatchSection.
enum class BatchSection : int {
  kHeader = 0,
  kTokenId,
  kTokenPosition,
  kTokenSequence,
  kTokenKvSlot,
  kSequenceFirstToken,
  kSequenceTokenCount,
  kSequenceContextLength,
  kSequenceBlockTable,
  kSequenceAdapter,
  kSequenceMask,
  kSequenceTemperature,
  kSequenceTopK,
  kSequenceTopP,
  kSequenceMinP,
  kSequenceRepetitionPenalty,
  kSequencePresencePenalty,
  kSequenceFrequencyPenalty,
  kSequenceRandomKey,
  kLogitsToken,
  kLogitsFlags,
  kLogitsFirstCandidate,
  kLogitsCandidateCount,
  kLogitsTopCount,
  kLogitsFirstAdjustment,
  kLogitsAdjustmentCount,
  kCandidateId,
  kAdjustmentId,
  kAdjustmentOccurrences,
  kAdjustmentBias,
  kCopy,
  kResultToken,
  kResultLogProbability,
  kResultArgmax,
  kResultCandidateLogProbability,
  kResultTopId,
  kResultTopLogit,
  kResultLogSumExp,
};
constexpr int kBatchSections = static_cast<int>(BatchSection::kResultLogSumExp) + 1;

class BatchLayout {
 public:
  explicit BatchLayout(const BatchCapacity& capacity);

  const BatchCapacity& capacity() const { return capacity_; }
  int64_t offset(BatchSection section) const { return offsets_[static_cast<int>(section)]; }
  int64_t byte_size() const { return offsets_[kBatchSections]; }
  // All offsets in order, and the size in bytes last.
  const std::array<int64_t, kBatchSections + 1>& offsets() const { return offsets_; }

 private:
  BatchCapacity capacity_;
  std::array<int64_t, kBatchSections + 1> offsets_;
};

}  // namespace sparkllama
