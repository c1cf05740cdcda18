#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/math.h"
#include "sampling/philox.h"

namespace sparkllama {
namespace {

// Most rows need few tokens in order; sorting all of them costs more than the rest.
constexpr int64_t kSortStep = 256;

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

}  // namespace

RowMeasure measure_row(const KernelTable& kernels, const float* logits, int64_t vocabulary_size) {
  int32_t argmax = -1;
  float maximum = -std::numeric_limits<float>::infinity();
  bool numbers = true;
  for (int64_t i = 0; i < vocabulary_size; ++i) {
    numbers = numbers && !std::isnan(logits[i]);
    if (logits[i] > maximum) {
      maximum = logits[i];
      argmax = static_cast<int32_t>(i);
    }
  }
  if (!numbers || argmax < 0 || std::isinf(maximum)) {
    return {-1, kNotANumber, kNotANumber};
  }
  const double sum = kernels.sum_exponentials(logits, maximum, vocabulary_size);
  return {argmax, maximum, maximum + logarithm(sum)};
}

void find_top(const float* logits, int64_t vocabulary_size, int64_t count, int32_t* ids,
              float* top_logits) {
  int64_t found = 0;
  for (int64_t i = 0; i < vocabulary_size && count > 0; ++i) {
    if (found == count && !(logits[i] > top_logits[count - 1])) {
      continue;
    }
    int64_t place = found < count ? found++ : count - 1;
    for (; place > 0 && logits[i] > top_logits[place - 1]; --place) {
      top_logits[place] = top_logits[place - 1];
      ids[place] = ids[place - 1];
    }
    top_logits[place] = logits[i];
    ids[place] = static_cast<int32_t>(i);
  }
  std::fill(ids + found, ids + count, -1);
  std::fill(top_logits + found, top_logits + count, std::numeric_limits<float>::quiet_NaN());
}

Sampler::Sampler(int64_t vocabulary_size) : tokens_(vocabulary_size) {}

bool Sampler::before(const Token& a, const Token& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

void Sampler::sort_until(int64_t count) {
  if (count <= sorted_) {
    return;
  }
  Token* begin = tokens_.data() + sorted_;
  Token* middle = tokens_.data() + count;
  Token* end = tokens_.data() + tokens_.size();
  if (middle != end) {
    std::nth_element(begin, middle, end, before);
  }
  std::sort(begin, middle, before);
  sorted_ = count;
}

Sampled Sampler::sample(const float* logits, const RowMeasure& measure,
                        const SamplingParameters& parameters) {
  if (parameters.temperature == 0) {
    return {measure.argmax, measure.maximum - measure.log_sum_exp};
  }
  for (int64_t i = 0; i < tokens_.size(); ++i) {
    tokens_[i] = {logits[i], static_cast<int32_t>(i)};
  }
  sorted_ = 0;
  const int64_t kept = cut(measure, parameters);
  return draw(kept, measure, parameters);
}

// Returns how many tokens are kept, from the best.
int64_t Sampler::cut(const RowMeasure& measure, const SamplingParameters& parameters) {
  int64_t kept = tokens_.size();
  if (parameters.top_k > 0 && parameters.top_k < kept) {
    kept = parameters.top_k;
    sort_until(kept);
  }
  if (parameters.top_p >= 1 && parameters.min_p == 0) {
    return kept;
  }
  double wanted = std::numeric_limits<double>::infinity();
  if (parameters.top_p < 1) {
    double total = 0;  // in order where tokens were cut, else in order of id
    for (int64_t i = 0; i < kept; ++i) {
      total += exponential(tokens_[i].logit - measure.maximum);
    }
    wanted = parameters.top_p * total;
  }
  double sum = 0;
  for (int64_t i = 0; i < kept; ++i) {
    if (i >= sorted_) {
      sort_until(std::min(kept, std::max(kSortStep, 4 * sorted_)));
    }
    const double weight = exponential(tokens_[i].logit - measure.maximum);
    if (i > 0 && weight < parameters.min_p) {
      return i;
    }
    sum += weight;
    if (sum >= wanted) {
      return i + 1;
    }
  }
  return kept;
}

Sampled Sampler::draw(int64_t kept, const RowMeasure& measure,
                      const SamplingParameters& parameters) {
  // Options may hold more than a float can: an infinite one would make -infinity / infinity.
  const double temperature = std::min(parameters.temperature, std::numeric_limits<float>::max());
  const auto weight = [&](int64_t i) {
    return exponential((tokens_[i].logit - measure.maximum) / temperature);
  };
  if (kept < tokens_.size() || sorted_ > 0) {
    sort_until(kept);
  }
  double total = 0;  // in order where the tokens are sorted, else all of them in order of id
  for (int64_t i = 0; i < kept; ++i) {
    total += weight(i);
  }
  const double wanted = uniform_draw(parameters.random_key, parameters.position) * total;
  double sum = 0;
  int64_t chosen = kept - 1;
  for (int64_t i = 0; i < kept; ++i) {
    if (i >= sorted_) {
      sort_until(std::min(kept, std::max(kSortStep, 4 * sorted_)));
    }
    sum += weight(i);
    if (sum > wanted) {
      chosen = i;
      break;
    }
  }
  return {tokens_[chosen].id,
          (tokens_[chosen].logit - measure.maximum) / temperature - logarithm(total)};
}

}  // namespace sparkllama
