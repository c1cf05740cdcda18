#include "runner/mask_pool.h"

#include <string>

#include "base/error.h"
#include "sampling/token_mask.h"

namespace sparkllama {

MaskPool::MaskPool(int64_t masks, int64_t vocabulary_size)
    : masks_(masks),
      words_per_mask_(mask_words(vocabulary_size)),
      words_(masks * words_per_mask_) {}

uint64_t* MaskPool::place(int64_t id) {
  if (id < 0 || id >= masks_) {
    throw EngineError("A token mask is put where the pool has no place: " + std::to_string(id) +
                      ", room for " + std::to_string(masks_));
  }
  return words_.data() + id * words_per_mask_;
}

}  // namespace sparkllama
