// Chooses the experts of a token by the logits of its router.
#pragma once

#include <cstdint>

#include "model/description.h"

namespace sparkllama {

struct ExpertChoice {
  int32_t expert;
  float weight;  // of its output
};

// Writes the `used` experts of the highest logits in the order of their indices; of equal logits
// the lower index is chosen. logits is [count], out is [used], 1 <= used <= count.
//
// With e[i] = exponential(logits[i] - maximum), a weight is e[i] / sum, the sum being a chain of
// additions from 0 in the order of indices, over all experts or over the chosen ones. Where a logit
// is a NaN or positive infinity, or all are negative infinity, the weights are NaN: so are the
// token's logits then.
void choose_experts(const float* logits, int32_t count, int32_t used, ExpertWeighting weighting,
                    ExpertChoice* out);

}  // namespace sparkllama
