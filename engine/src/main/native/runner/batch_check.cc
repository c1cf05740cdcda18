#include "runner/batch_check.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace sparkllama {
namespace {

using Section = BatchSection;

[[noreturn]] void refuse(const char* what, const char* where, int64_t index, int64_t value) {
  throw EngineError(std::string("The step is refused: ") + what + ": " + where + " " +
                    std::to_string(index) + ": " + std::to_string(value));
}

void require(bool holds, const char* what, const char* where, int64_t index, int64_t value) {
  if (!holds) {
    refuse(what, where, index, value);
  }
}

bool in(int64_t value, int64_t low, int64_t high) { return value >= low && value < high; }

}  // namespace

BatchCheck::BatchCheck(const HyperParameters& parameters, const KvCache& cache,
                       const AdapterSet& adapters, int64_t masks)
    : parameters_(parameters), cache_(cache), adapters_(adapters), masks_(masks) {
  for (const KvGroup& group : cache.groups()) {
    written_.emplace_back(static_cast<size_t>(group.block_count) * kKvBlockPositions, 0);
  }
}

void BatchCheck::check(const BatchView& batch, int64_t previous_rows) {
  check_counts(batch);
  check_copies(batch);
  check_sequences(batch);
  ++step_;
  if (step_ == 0) {  // the counter has gone round: old marks could be taken for new ones
    for (std::vector<uint32_t>& slots : written_) {
      std::fill(slots.begin(), slots.end(), 0);
    }
    step_ = 1;
  }
  for (int64_t s = 0; s < batch.header(HeaderWord::kSequences); ++s) {
    check_tokens(batch, s, previous_rows);
    check_sampling(batch, s);
  }
  check_logits(batch);
}

void BatchCheck::check_counts(const BatchView& batch) const {
  const BatchCapacity& c = batch.capacity();
  const int32_t version = batch.header(HeaderWord::kVersion);
  require(version == kBatchVersion, "its layout is of another version", "version", 0, version);
  const auto count = [&](HeaderWord word, int64_t most, const char* name) {
    const int32_t value = batch.header(word);
    require(in(value, 0, most + 1), "a count exceeds the buffer's capacity", name, 0, value);
  };
  count(HeaderWord::kTokens, c.tokens, "tokens");
  count(HeaderWord::kSequences, c.sequences, "sequences");
  count(HeaderWord::kLogitsRows, c.logits_rows, "logits rows");
  count(HeaderWord::kCandidates, c.candidates, "candidates");
  count(HeaderWord::kAdjustments, c.adjustments, "adjustments");
  count(HeaderWord::kCopies, c.copies, "copies");
}

void BatchCheck::check_copies(const BatchView& batch) const {
  const int32_t* copies = batch.integers(Section::kCopy);
  const auto groups = static_cast<int64_t>(cache_.groups().size());
  for (int64_t i = 0; i < batch.header(HeaderWord::kCopies); ++i) {
    const int32_t group = copies[3 * i];
    require(in(group, 0, groups), "a copy names a KV group that there is not", "copy", i, group);
    const int32_t blocks = cache_.groups()[group].block_count;
    require(in(copies[3 * i + 1], 0, blocks), "a copy's source is no block of the pool", "copy", i,
            copies[3 * i + 1]);
    require(in(copies[3 * i + 2], 0, blocks), "a copy's target is no block of the pool", "copy", i,
            copies[3 * i + 2]);
  }
}

void BatchCheck::check_sequences(const BatchView& batch) const {
  const int64_t tokens = batch.header(HeaderWord::kTokens);
  int64_t sum = 0;
  for (int64_t s = 0; s < batch.header(HeaderWord::kSequences); ++s) {
    const int64_t first = batch.integers(Section::kSequenceFirstToken)[s];
    const int64_t count = batch.integers(Section::kSequenceTokenCount)[s];
    const int64_t context = batch.integers(Section::kSequenceContextLength)[s];
    require(in(first, 0, tokens + 1), "a sequence's first token is outside the step", "sequence", s,
            first);
    require(in(count, 0, tokens - first + 1), "a sequence's tokens reach outside the step",
            "sequence", s, count);
    const int64_t most = std::min<int64_t>(
        parameters_.context_length, batch.capacity().blocks_per_sequence * kKvBlockPositions);
    require(in(context, count, most + 1),
            "a sequence's length does not fit its tokens or the context", "sequence", s, context);
    const int32_t adapter = batch.integers(Section::kSequenceAdapter)[s];
    require(adapter == -1 || adapters_.is_ready(adapter), "an adapter is not there", "sequence", s,
            adapter);
    const int32_t mask = batch.integers(Section::kSequenceMask)[s];
    require(in(mask, -1, masks_), "a token mask is none of the pool", "sequence", s, mask);
    sum += count;
  }
  require(sum == tokens, "the sequences' tokens are not the step's", "tokens", tokens, sum);
}

void BatchCheck::check_tokens(const BatchView& batch, int64_t sequence, int64_t previous_rows) {
  const int64_t first = batch.integers(Section::kSequenceFirstToken)[sequence];
  const int64_t count = batch.integers(Section::kSequenceTokenCount)[sequence];
  const int64_t context = batch.integers(Section::kSequenceContextLength)[sequence];
  for (int64_t t = first; t < first + count; ++t) {
    const int64_t id = batch.integers(Section::kTokenId)[t];
    require(in(id, -previous_rows, parameters_.vocabulary_size),
            "an id is neither in the vocabulary nor a row of the previous step", "token", t, id);
    const int64_t owner = batch.integers(Section::kTokenSequence)[t];
    require(owner == sequence, "a token is of another sequence than the one that it stands in",
            "token", t, owner);
    const int64_t position = batch.integers(Section::kTokenPosition)[t];
    require(position == context - count + (t - first),
            "a position does not follow from its sequence's length", "token", t, position);
  }
  for (size_t g = 0; g < cache_.groups().size() && count > 0; ++g) {
    const KvGroup& group = cache_.groups()[g];
    const int32_t* table = batch.block_table(static_cast<int64_t>(g), sequence);
    const int64_t reach =
        group.window == 0 ? 0 : std::max<int64_t>(0, context - count + 1 - group.window);
    for (int64_t b = reach / kKvBlockPositions; b * kKvBlockPositions < context; ++b) {
      require(in(table[b], 0, group.block_count), "a block table names no block of the pool",
              "sequence", sequence, table[b]);
    }
    for (int64_t t = first; t < first + count; ++t) {
      check_slot(batch, static_cast<int64_t>(g), sequence, t);
    }
  }
}

void BatchCheck::check_slot(const BatchView& batch, int64_t group, int64_t sequence,
                            int64_t token) {
  const int64_t size = kKvBlockPositions;
  const int64_t position = batch.integers(Section::kTokenPosition)[token];
  const int64_t slot = batch.kv_slot(group, token);
  const int64_t expected =
      batch.block_table(group, sequence)[position / size] * size + position % size;
  require(slot == expected, "a KV slot is not the one of the block table", "token", token, slot);
  uint32_t& last = written_[group][slot];
  require(last != step_, "two tokens write to one KV slot", "token", token, slot);
  last = step_;
}

void BatchCheck::check_sampling(const BatchView& batch, int64_t s) const {
  const float temperature = batch.floats(Section::kSequenceTemperature)[s];
  require(temperature >= 0, "a temperature is no number of at least 0", "sequence", s, 0);
  const int32_t top_k = batch.integers(Section::kSequenceTopK)[s];
  require(top_k >= 0, "top-k is below 0", "sequence", s, top_k);
  const float top_p = batch.floats(Section::kSequenceTopP)[s];
  require(top_p >= 0 && top_p <= 1, "top-p is not between 0 and 1", "sequence", s, 0);
  const float min_p = batch.floats(Section::kSequenceMinP)[s];
  require(min_p >= 0 && min_p <= 1, "min-p is not between 0 and 1", "sequence", s, 0);
  const float repetition = batch.floats(Section::kSequenceRepetitionPenalty)[s];
  require(std::isfinite(repetition) && repetition > 0, "a repetition penalty is no number above 0",
          "sequence", s, 0);
  require(std::isfinite(batch.floats(Section::kSequencePresencePenalty)[s]),
          "a presence penalty is no number", "sequence", s, 0);
  require(std::isfinite(batch.floats(Section::kSequenceFrequencyPenalty)[s]),
          "a frequency penalty is no number", "sequence", s, 0);
}

void BatchCheck::check_logits(const BatchView& batch) const {
  const int64_t tokens = batch.header(HeaderWord::kTokens);
  const int64_t candidates = batch.header(HeaderWord::kCandidates);
  for (int64_t row = 0; row < batch.header(HeaderWord::kLogitsRows); ++row) {
    const int64_t token = batch.integers(Section::kLogitsToken)[row];
    require(in(token, 0, tokens), "logits are wanted of a token outside the step", "logits row",
            row, token);
    const int64_t flags = batch.integers(Section::kLogitsFlags)[row];
    require(flags == 0 || flags == 1, "a logits flag is not known", "logits row", row, flags);
    const int64_t count = batch.integers(Section::kLogitsCandidateCount)[row];
    require(in(count, 0, candidates + 1), "candidates reach outside the step", "logits row", row,
            count);
    if (count > 0) {
      const int64_t first = batch.integers(Section::kLogitsFirstCandidate)[row];
      require(in(first, 0, candidates - count + 1), "candidates reach outside the step",
              "logits row", row, first);
    }
    const int64_t top = batch.integers(Section::kLogitsTopCount)[row];
    require(in(top, 0, batch.capacity().top_tokens + 1),
            "more top tokens are wanted than there is room for", "logits row", row, top);
    check_adjustments(batch, row);
  }
  for (int64_t i = 0; i < candidates; ++i) {
    const int64_t id = batch.integers(Section::kCandidateId)[i];
    require(in(id, 0, parameters_.vocabulary_size), "a candidate is not in the vocabulary",
            "candidate", i, id);
  }
}

void BatchCheck::check_adjustments(const BatchView& batch, int64_t row) const {
  const int64_t adjustments = batch.header(HeaderWord::kAdjustments);
  const int64_t count = batch.integers(Section::kLogitsAdjustmentCount)[row];
  require(in(count, 0, adjustments + 1), "adjustments reach outside the step", "logits row", row,
          count);
  const int64_t first = batch.integers(Section::kLogitsFirstAdjustment)[row];
  require(count == 0 || in(first, 0, adjustments - count + 1), "adjustments reach outside the step",
          "logits row", row, first);
  int64_t previous = -1;
  for (int64_t i = first; i < first + count; ++i) {
    const int64_t id = batch.integers(Section::kAdjustmentId)[i];
    require(in(id, 0, parameters_.vocabulary_size), "an adjusted id is not in the vocabulary",
            "adjustment", i, id);
    require(id > previous, "adjusted ids do not rise", "adjustment", i, id);
    previous = id;
    const int64_t occurrences = batch.integers(Section::kAdjustmentOccurrences)[i];
    require(in(occurrences, -1, int64_t{parameters_.context_length} + 1),
            "an id occurs more often than a context has tokens", "adjustment", i, occurrences);
    require(std::isfinite(batch.floats(Section::kAdjustmentBias)[i]), "a bias is no number",
            "adjustment", i, 0);
  }
}

}  // namespace sparkllama
