// Takes from a row of logits the tokens that its sequence must not have.
#pragma once

#include <cstdint>

#include "ops/row_sampling.h"

namespace sparkllama {

// Sets the logits of the tokens whose bits are 0 to -infinity, whatever they were; the others keep
// their bits. Bits beyond the vocabulary count for nothing.
void mask_logits(const uint64_t* mask,  // [mask_words(vocabulary_size)]
                 int64_t vocabulary_size, float* logits);

}  // namespace sparkllama
