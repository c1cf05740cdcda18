// Takes from a row of logits the tokens that its sequence must not have.
#pragma once

#include <cstdint>

namespace sparkllama {

// Tokens of a mask's word: the lowest bit is that of the lowest id.
constexpr int64_t kMaskWordTokens = 64;

constexpr int64_t mask_words(int64_t vocabulary_size) {
  return (vocabulary_size + kMaskWordTokens - 1) / kMaskWordTokens;
}

// Sets the logits of the tokens whose bits are 0 to -infinity, whatever they were; the others keep
// their bits. Bits beyond the vocabulary count for nothing.
void mask_logits(const uint64_t* mask,  // [mask_words(vocabulary_size)]
                 int64_t vocabulary_size, float* logits);

}  // namespace sparkllama
