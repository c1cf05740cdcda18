// Holds the token masks that steps name, in memory that is taken once.
#pragma once

#include <cstdint>

#include "base/aligned_array.h"
#include "runner/batch_layout.h"

namespace sparkllama {

// Masks that a pool has room for, as io.sparkllama.engine.runner.BatchCapacity counts them: with
// several for each sequence none that a step needs is ever crowded out by others of the same step.
constexpr int64_t pooled_masks(const BatchCapacity& capacity) {
  return capacity.sequences * 4 > 2048 ? capacity.sequences * 4 : 2048;
}

// Which masks are there, and which may be replaced, is the caller's to know.
class MaskPool {
 public:
  // Memory that no mask was put to is never touched, and so costs no page.
  MaskPool(int64_t masks, int64_t vocabulary_size);

  int64_t masks() const { return masks_; }
  int64_t byte_size() const { return words_.byte_size(); }

  // Returns where the words of a mask go, [words_per_mask()]. Not while a step runs.
  // Throws EngineError where the pool has no such place.
  uint64_t* place(int64_t id);

  // Returns a mask that was put there; `id` is in the pool.
  const uint64_t* mask(int64_t id) const { return words_.data() + id * words_per_mask_; }
  int64_t words_per_mask() const { return words_per_mask_; }

 private:
  int64_t masks_;
  int64_t words_per_mask_;
  AlignedArray<uint64_t> words_;  // [masks, words_per_mask]
};

}  // namespace sparkllama
