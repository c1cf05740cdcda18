// Changes the logits of the ids that a row names, before the row is sampled from.
#pragma once

#include <cstdint>

namespace sparkllama {

struct Penalties {
  float repetition;  // above 0; 1 changes nothing
  float presence;    // 0 changes nothing
  float frequency;   // 0 changes nothing
};

// The ids of one row, each once.
struct Adjustments {
  const int32_t* ids;          // [count]
  const int32_t* occurrences;  // [count]: in the answer; -1 where only the bias is due
  const float* biases;         // [count]
  int64_t count;
};

// Per id, in float32, every step rounded by itself:
//   x = x + bias
//   x = x > 0 ? x / repetition : x * repetition     unless occurrences are -1
//   x = (x - frequency * occurrences) - presence    where occurrences are above 0
// Repetition is that of CTRL (Keskar et al., 2019), as RepetitionPenaltyLogitsProcessor of Hugging
// Face computes it; presence and frequency are OpenAI's; the order is vLLM's.
void adjust_logits(const Adjustments& adjustments, const Penalties& penalties, float* logits);

}  // namespace sparkllama
