#include "runner/batch_layout.h"

namespace sparkllama {

BatchCapacity read_batch_capacity(WordReader& words) {
  constexpr int64_t kMost = int64_t{1} << 20;
  BatchCapacity capacity;
  capacity.tokens = words.integer("batch tokens", 1, kMost);
  capacity.sequences = words.integer("batch sequences", 1, kMost);
  capacity.logits_rows = words.integer("batch logits rows", 1, kMost);
  capacity.candidates = words.integer("batch candidates", 0, kMost * 64);
  capacity.adjustments = words.integer("batch adjustments", 0, kMost * 64);
  capacity.kv_groups = words.integer("KV groups", 1, 64);
  capacity.blocks_per_sequence = words.integer("blocks per sequence", 1, kMost);
  capacity.copies = words.integer("batch copies", 0, kMost * 64);
  capacity.top_tokens = words.integer("top tokens", 0, 4096);
  return capacity;
}

BatchLayout::BatchLayout(const BatchCapacity& capacity) : capacity_(capacity) {
  const BatchCapacity& c = capacity;
  struct Size {
    int64_t element_bytes;
    int64_t length;
  };
  const Size sizes[kBatchSections] = {
      {4, 32},                                                 // header
      {4, c.tokens},                                           // token id
      {4, c.tokens},                                           // token position
      {4, c.tokens},                                           // token sequence
      {4, c.kv_groups * c.tokens},                             // token KV slot
      {4, c.sequences},                                        // sequence first token
      {4, c.sequences},                                        // sequence token count
      {4, c.sequences},                                        // sequence context length
      {4, c.kv_groups * c.sequences * c.blocks_per_sequence},  // sequence block table
      {4, c.sequences},                                        // sequence adapter
      {4, c.sequences},                                        // sequence mask
      {4, c.sequences},                                        // sequence temperature
      {4, c.sequences},                                        // sequence top-k
      {4, c.sequences},                                        // sequence top-p
      {4, c.sequences},                                        // sequence min-p
      {4, c.sequences},                                        // sequence repetition penalty
      {4, c.sequences},                                        // sequence presence penalty
      {4, c.sequences},                                        // sequence frequency penalty
      {8, 2 * c.sequences},                                    // sequence random key
      {4, c.logits_rows},                                      // logits token
      {4, c.logits_rows},                                      // logits flags
      {4, c.logits_rows},                                      // logits first candidate
      {4, c.logits_rows},                                      // logits candidate count
      {4, c.logits_rows},                                      // logits top count
      {4, c.logits_rows},                                      // logits first adjustment
      {4, c.logits_rows},                                      // logits adjustment count
      {4, c.candidates},                                       // candidate id
      {4, c.adjustments},                                      // adjustment id
      {4, c.adjustments},                                      // adjustment occurrences
      {4, c.adjustments},                                      // adjustment bias
      {4, 3 * c.copies},                                       // copy
      {4, c.logits_rows},                                      // result token
      {4, c.logits_rows},                                      // result log-probability
      {4, c.logits_rows},                                      // result argmax
      {4, c.candidates},                                       // result candidate log-probability
      {4, c.logits_rows * c.top_tokens},                       // result top id
      {4, c.logits_rows * c.top_tokens},                       // result top logit
      {4, c.logits_rows},                                      // result log-sum-exp
  };
  int64_t end = 0;
  for (int i = 0; i < kBatchSections; ++i) {
    offsets_[i] = end;
    const int64_t bytes = sizes[i].element_bytes * sizes[i].length;
    end += (bytes + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
  }
  offsets_[kBatchSections] = end;
}

}  // namespace sparkllama
