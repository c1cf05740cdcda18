// Points to what a step is: its tokens, their sequences, and where their keys and values stand.
#pragma once

#include <cstdint>

namespace sparkllama {

struct StepInput {
  int64_t num_tokens;
  const int32_t* token_ids;  // [num_tokens]; -1 for one that is not known, whose row is NaN
  const int32_t* positions;  // [num_tokens]
  const int32_t* kv_slots;   // [kv_groups, kv_slot_stride]: where a token's keys and values go
  int64_t kv_slot_stride;
  int64_t kv_groups;

  // Tokens of a sequence are neighbours, at neighbouring positions.
  int64_t num_sequences;
  const int32_t* first_tokens;     // [num_sequences]
  const int32_t* token_counts;     // [num_sequences]
  const int32_t* context_lengths;  // [num_sequences]: positions up to its last token's
  const int32_t* block_tables;     // [kv_groups, table_sequences, blocks_per_sequence]
  int64_t table_sequences;
  int64_t blocks_per_sequence;

  const int32_t* block_table(int64_t group, int64_t sequence) const {
    return block_tables + (group * table_sequences + sequence) * blocks_per_sequence;
  }
  int32_t kv_slot(int64_t group, int64_t token) const {
    return kv_slots[group * kv_slot_stride + token];
  }
};

}  // namespace sparkllama
