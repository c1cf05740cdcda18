// Points into a batch buffer: one typed pointer per section. Shapes are those of the buffer's
// capacity.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/step_input.h"
#include "runner/batch_layout.h"

namespace sparkllama {

class BatchView {
 public:
  // `base` holds layout.byte_size() bytes on a border of 8; both outlive the view.
  BatchView(const BatchLayout& layout, std::byte* base) : layout_(&layout), base_(base) {}

  const BatchCapacity& capacity() const { return layout_->capacity(); }
  int32_t header(HeaderWord word) const {
    return integers(BatchSection::kHeader)[static_cast<int>(word)];
  }
  int32_t* integers(BatchSection section) const { return at<int32_t>(section); }
  float* floats(BatchSection section) const { return at<float>(section); }
  int64_t* longs(BatchSection section) const { return at<int64_t>(section); }

  // [blocks_per_sequence]
  const int32_t* block_table(int64_t group, int64_t sequence) const {
    return integers(BatchSection::kSequenceBlockTable) +
           (group * capacity().sequences + sequence) * capacity().blocks_per_sequence;
  }
  int32_t kv_slot(int64_t group, int64_t token) const {
    return integers(BatchSection::kTokenKvSlot)[group * capacity().tokens + token];
  }

  // The step as operations take it, with its ids resolved: [tokens].
  StepInput step_input(const int32_t* token_ids) const {
    return {
        .num_tokens = header(HeaderWord::kTokens),
        .token_ids = token_ids,
        .positions = integers(BatchSection::kTokenPosition),
        .kv_slots = integers(BatchSection::kTokenKvSlot),
        .kv_slot_stride = capacity().tokens,
        .kv_groups = capacity().kv_groups,
        .num_sequences = header(HeaderWord::kSequences),
        .first_tokens = integers(BatchSection::kSequenceFirstToken),
        .token_counts = integers(BatchSection::kSequenceTokenCount),
        .context_lengths = integers(BatchSection::kSequenceContextLength),
        .block_tables = integers(BatchSection::kSequenceBlockTable),
        .table_sequences = capacity().sequences,
        .blocks_per_sequence = capacity().blocks_per_sequence,
    };
  }

 private:
  template <typename T>
  T* at(BatchSection section) const {
    return reinterpret_cast<T*>(base_ + layout_->offset(section));
  }

  const BatchLayout* layout_;
  std::byte* base_;
};

}  // namespace sparkllama
