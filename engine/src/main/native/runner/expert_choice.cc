#include "runner/expert_choice.h"

#include <algorithm>
#include <limits>

#include "base/math.h"

namespace sparkllama {
namespace {

constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();

// Writes the indices of the highest logits, the highest first. No logit is a NaN.
void choose(const float* logits, int32_t count, int32_t used, ExpertChoice* out) {
  float last_logit = std::numeric_limits<float>::infinity();
  int32_t last = -1;
  for (int32_t k = 0; k < used; ++k) {
    int32_t best = -1;
    for (int32_t i = 0; i < count; ++i) {
      const bool left = logits[i] < last_logit || (logits[i] == last_logit && i > last);
      if (left && (best < 0 || logits[i] > logits[best])) {
        best = i;
      }
    }
    out[k].expert = best;
    last = best;
    last_logit = logits[best];
  }
}

}  // namespace

void choose_experts(const float* logits, int32_t count, int32_t used, ExpertWeighting weighting,
                    ExpertChoice* out) {
  const float maximum = *std::max_element(logits, logits + count);
  float sum = 0;
  for (int32_t i = 0; i < count; ++i) sum += exponential(logits[i] - maximum);
  if (sum != sum) {
    for (int32_t k = 0; k < used; ++k) out[k] = {k, kNotANumber};
    return;
  }
  choose(logits, count, used, out);
  std::sort(out, out + used,
            [](const ExpertChoice& a, const ExpertChoice& b) { return a.expert < b.expert; });
  for (int32_t k = 0; k < used; ++k) out[k].weight = exponential(logits[out[k].expert] - maximum);
  if (weighting == ExpertWeighting::kAmongChosen) {
    sum = 0;
    for (int32_t k = 0; k < used; ++k) sum += out[k].weight;
  }
  for (int32_t k = 0; k < used; ++k) out[k].weight /= sum;
}

}  // namespace sparkllama
