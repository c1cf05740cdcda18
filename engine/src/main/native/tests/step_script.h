// Runs sequences through a runner in steps, as a scheduler does, and keeps all that it says.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/aligned_array.h"
#include "runner/runner.h"

namespace sparkllama::testing {

// A sequence: its prompt, how many of its tokens come in a step, and how it is sampled.
struct ScriptedSequence {
  std::vector<int32_t> prompt;
  int32_t chunk = 1;
  float temperature = 0;
  int32_t top_k = 0;
  float repetition_penalty = 1;
  int32_t candidate = -1;  // whose log-probability is asked for
  int32_t mask = -1;
};

// What a sequence's logits rows said, in order: results as bits.
using SequenceResults = std::vector<int32_t>;

class StepScript {
 public:
  // Each sequence gets `new_tokens` after its prompt. Blocks are dealt in a scattered order.
  StepScript(Runner& runner, std::vector<ScriptedSequence> sequences, int32_t new_tokens)
      : runner_(runner), sequences_(std::move(sequences)), new_tokens_(new_tokens) {
    done_.resize(sequences_.size());
    last_row_.assign(sequences_.size(), -1);
    results_.resize(sequences_.size());
    buffer_ = AlignedArray<std::byte>(runner.layout().byte_size());
  }

  std::vector<SequenceResults> run() {
    while (step()) {
    }
    return results_;
  }

  // Runs one step. Returns whether there was anything to do.
  bool step() {
    std::memset(buffer_.data(), 0, static_cast<size_t>(buffer_.size()));
    const BatchView batch(runner_.layout(), buffer_.data());
    std::vector<int32_t> rows;  // the sequence of each logits row
    int32_t tokens = 0;
    int32_t scheduled = 0;
    int32_t candidates = 0;
    std::vector<int32_t> last_rows(sequences_.size(), -1);
    for (size_t s = 0; s < sequences_.size(); ++s) {
      const ScriptedSequence& sequence = sequences_[s];
      const auto prompt = static_cast<int32_t>(sequence.prompt.size());
      if (done_[s] >= prompt + new_tokens_ - 1) continue;
      const int32_t count = done_[s] < prompt ? std::min(prompt - done_[s], sequence.chunk) : 1;
      place_sequence(batch, s, scheduled, tokens, count);
      for (int32_t i = 0; i < count; ++i) {
        const int32_t position = done_[s] + i;
        batch.integers(BatchSection::kTokenId)[tokens + i] =
            position < prompt ? sequence.prompt[position] : -1 - last_row_[s];
        batch.integers(BatchSection::kTokenPosition)[tokens + i] = position;
        batch.integers(BatchSection::kTokenSequence)[tokens + i] = scheduled;
        place_slots(batch, s, tokens + i, position);
      }
      tokens += count;
      done_[s] += count;
      if (done_[s] >= prompt) {
        const auto row = static_cast<int32_t>(rows.size());
        batch.integers(BatchSection::kLogitsToken)[row] = tokens - 1;
        batch.integers(BatchSection::kLogitsFlags)[row] = 1;
        batch.integers(BatchSection::kLogitsTopCount)[row] = 2;
        batch.integers(BatchSection::kLogitsFirstCandidate)[row] = candidates;
        if (sequence.candidate >= 0) {
          batch.integers(BatchSection::kLogitsCandidateCount)[row] = 1;
          batch.integers(BatchSection::kCandidateId)[candidates++] = sequence.candidate;
        }
        last_rows[s] = row;
        rows.push_back(static_cast<int32_t>(s));
      }
      ++scheduled;
    }
    if (scheduled == 0) return false;
    int32_t* header = batch.integers(BatchSection::kHeader);
    header[static_cast<int>(HeaderWord::kVersion)] = kBatchVersion;
    header[static_cast<int>(HeaderWord::kTokens)] = tokens;
    header[static_cast<int>(HeaderWord::kSequences)] = scheduled;
    header[static_cast<int>(HeaderWord::kLogitsRows)] = static_cast<int32_t>(rows.size());
    header[static_cast<int>(HeaderWord::kCandidates)] = candidates;
    header[static_cast<int>(HeaderWord::kStep)] = ++steps_;
    runner_.step(buffer_.data());
    last_row_ = last_rows;
    for (size_t row = 0; row < rows.size(); ++row)
      keep(batch, static_cast<int64_t>(row), rows[row]);
    return true;
  }

 private:
  // Blocks of a sequence in a group: every sequence has a share of the pool of its own,
  // and each group another order.
  int32_t block(int64_t group, int64_t s, int64_t index) const {
    const int64_t per_sequence = runner_.layout().capacity().blocks_per_sequence;
    const int64_t count = static_cast<int64_t>(sequences_.size()) * per_sequence;
    // 7 shares no divisor with the counts that scripts have.
    return static_cast<int32_t>(((s * per_sequence + index) * 7 + group) % count);
  }

  void place_sequence(const BatchView& batch, size_t s, int32_t slot, int32_t first,
                      int32_t count) {
    const ScriptedSequence& sequence = sequences_[s];
    const BatchCapacity& capacity = batch.capacity();
    batch.integers(BatchSection::kSequenceFirstToken)[slot] = first;
    batch.integers(BatchSection::kSequenceTokenCount)[slot] = count;
    batch.integers(BatchSection::kSequenceContextLength)[slot] = done_[s] + count;
    for (int64_t group = 0; group < capacity.kv_groups; ++group) {
      int32_t* table = batch.integers(BatchSection::kSequenceBlockTable) +
                       (group * capacity.sequences + slot) * capacity.blocks_per_sequence;
      for (int64_t i = 0; i * kKvBlockPositions < done_[s] + count; ++i) {
        table[i] = block(group, static_cast<int64_t>(s), i);
      }
    }
    batch.integers(BatchSection::kSequenceAdapter)[slot] = -1;
    batch.integers(BatchSection::kSequenceMask)[slot] = sequence.mask;
    batch.floats(BatchSection::kSequenceTemperature)[slot] = sequence.temperature;
    batch.integers(BatchSection::kSequenceTopK)[slot] = sequence.top_k;
    batch.floats(BatchSection::kSequenceTopP)[slot] = 1;
    batch.floats(BatchSection::kSequenceRepetitionPenalty)[slot] = sequence.repetition_penalty;
    batch.longs(BatchSection::kSequenceRandomKey)[2 * slot] = static_cast<int64_t>(s) + 11;
  }

  void place_slots(const BatchView& batch, size_t s, int32_t token, int32_t position) {
    for (int64_t group = 0; group < batch.capacity().kv_groups; ++group) {
      batch.integers(BatchSection::kTokenKvSlot)[group * batch.capacity().tokens + token] =
          block(group, static_cast<int64_t>(s), position / kKvBlockPositions) * kKvBlockPositions +
          position % kKvBlockPositions;
    }
  }

  void keep(const BatchView& batch, int64_t row, int32_t s) {
    SequenceResults& results = results_[static_cast<size_t>(s)];
    results.push_back(batch.integers(BatchSection::kResultToken)[row]);
    results.push_back(batch.integers(BatchSection::kResultLogProbability)[row]);  // its bits
    results.push_back(batch.integers(BatchSection::kResultArgmax)[row]);
    results.push_back(batch.integers(BatchSection::kResultLogSumExp)[row]);
    for (int64_t i = 0; i < 2; ++i) {
      const int64_t at = row * batch.capacity().top_tokens + i;
      results.push_back(batch.integers(BatchSection::kResultTopId)[at]);
      results.push_back(batch.integers(BatchSection::kResultTopLogit)[at]);
    }
    const int64_t first = batch.integers(BatchSection::kLogitsFirstCandidate)[row];
    if (batch.integers(BatchSection::kLogitsCandidateCount)[row] > 0) {
      results.push_back(batch.integers(BatchSection::kResultCandidateLogProbability)[first]);
    }
  }

  Runner& runner_;
  std::vector<ScriptedSequence> sequences_;
  int32_t new_tokens_;
  int32_t steps_ = 0;
  std::vector<int32_t> done_;      // tokens of each sequence that have been run
  std::vector<int32_t> last_row_;  // of the previous step; -1 for none
  std::vector<SequenceResults> results_;
  AlignedArray<std::byte> buffer_;
};

}  // namespace sparkllama::testing
