#include "sampling/logit_adjustment.h"

namespace sparkllama {

void adjust_logits(const Adjustments& adjustments, const Penalties& penalties, float* logits) {
  for (int64_t i = 0; i < adjustments.count; ++i) {
    float& logit = logits[adjustments.ids[i]];
    const int32_t occurrences = adjustments.occurrences[i];
    logit += adjustments.biases[i];
    if (occurrences < 0) {
      continue;
    }
    logit = logit > 0 ? logit / penalties.repetition : logit * penalties.repetition;
    if (occurrences > 0) {
      const float often = penalties.frequency * static_cast<float>(occurrences);
      logit = (logit - often) - penalties.presence;
    }
  }
}

}  // namespace sparkllama
