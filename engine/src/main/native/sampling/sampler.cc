#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/math.h"
#include "sampling/chunk_maxima.h"
#include "sampling/philox.h"

namespace sparkllama {
namespace {

// Most rows need few tokens in order; sorting all of them costs more than the rest.
constexpr int64_t kSortStep = 256;

// More than logarithms and exponentials are rounded by.
constexpr double kMargin = 1e-3;

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

// Returns the highest float that is not above x.
float at_most(double x) {
  const float nearest = static_cast<float>(x);
  return nearest > x ? std::nextafter(nearest, -std::numeric_limits<float>::infinity()) : nearest;
}

// Returns the sum of weights, of which the best token's is 1, that top-p keeps.
double wanted_of_all(const RowMeasure& measure, float top_p) {
  if (top_p >= 1) return std::numeric_limits<double>::infinity();
  return top_p * exponential(measure.log_sum_exp - measure.maximum);
}

}  // namespace

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

Sampler::Sampler(const KernelTable& kernels, int64_t vocabulary_size)
    : kernels_(kernels),
      vocabulary_size_(vocabulary_size),
      tokens_(vocabulary_size),
      maxima_(maxima_chunks(vocabulary_size)),
      ranked_(maxima_chunks(vocabulary_size)),
      sums_((vocabulary_size + kSumBlock - 1) / kSumBlock) {}

RowMeasure Sampler::measure(const float* logits) {
  const bool numbers = chunk_maxima(logits, vocabulary_size_, maxima_.data());
  const float* end = maxima_.data() + maxima_.size();
  const float* highest = std::max_element(static_cast<const float*>(maxima_.data()), end);
  if (!numbers || std::isinf(*highest)) {
    return {-1, kNotANumber, kNotANumber};
  }
  int64_t argmax = (highest - maxima_.data()) * kMaximaChunk;
  while (logits[argmax] != *highest) ++argmax;
  const double sum = kernels_.sum_exponentials(logits, *highest, vocabulary_size_);
  return {static_cast<int32_t>(argmax), *highest, *highest + logarithm(sum)};
}

bool Sampler::before(const Token& a, const Token& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

// Puts the best tokens in order, so many of those collected.
void Sampler::sort_until(int64_t count) {
  if (count <= sorted_) {
    return;
  }
  Token* begin = tokens_.data() + sorted_;
  Token* middle = tokens_.data() + count;
  Token* end = tokens_.data() + collected_;
  if (middle != end) {
    std::nth_element(begin, middle, end, before);
  }
  std::sort(begin, middle, before);
  sorted_ = count;
}

// Collects the tokens whose logits are at least so high; none that has no probability at all, which
// is most of them where a mask was applied.
void Sampler::collect(const float* logits, float least) {
  const float threshold = std::max(least, std::numeric_limits<float>::lowest());
  collected_ = 0;
  sorted_ = 0;
  for (int64_t chunk = 0; chunk < maxima_.size(); ++chunk) {
    if (maxima_[chunk] < threshold) {
      continue;
    }
    const int64_t first = chunk * kMaximaChunk;
    const int64_t end = std::min(first + kMaximaChunk, vocabulary_size_);
    for (int64_t i = first; i < end; ++i) {
      tokens_[collected_] = {logits[i], static_cast<int32_t>(i)};
      collected_ += logits[i] >= threshold ? 1 : 0;
    }
  }
}

// Returns a logit that at least `count` tokens reach: so many chunks have one that does.
float Sampler::threshold_of_best(int64_t count) {
  if (count > maxima_.size()) {
    return -std::numeric_limits<float>::infinity();
  }
  std::copy_n(maxima_.data(), maxima_.size(), ranked_.data());
  float* least = ranked_.data() + count - 1;
  std::nth_element(ranked_.data(), least, ranked_.data() + ranked_.size(), std::greater<float>());
  return *least;
}

Sampled Sampler::sample(const float* logits, const RowMeasure& measure,
                        const SamplingParameters& parameters) {
  if (parameters.temperature == 0) {
    return {measure.argmax, measure.maximum - measure.log_sum_exp};
  }
  if (cuts_to_top_k(parameters)) {
    return draw_cut(cut_to_top_k(logits, measure, parameters), measure, parameters);
  }
  if (parameters.top_p < 1 || parameters.min_p > 0) {
    return draw_cut(cut_by_probability(logits, measure, parameters), measure, parameters);
  }
  return draw_any(logits, measure, parameters);
}

std::optional<Sampled> Sampler::sample_kept(const KeptTokens& kept, const RowMeasure& measure,
                                            const SamplingParameters& parameters) {
  std::copy_n(kept.tokens, kept.count, tokens_.data());
  collected_ = kept.count;
  sorted_ = 0;
  int64_t count;
  if (cuts_to_top_k(parameters)) {
    if (collected_ < parameters.top_k && !kept.all) return std::nullopt;
    count = kept_of_top_k(measure, parameters);
  } else {
    count = kept_of(collected_, wanted_of_all(measure, parameters.top_p), measure.maximum,
                    parameters.min_p);
    if (count == collected_ && !kept.all) return std::nullopt;
  }
  return draw_cut(count, measure, parameters);
}

// Returns how many tokens are kept, from the best of those collected.
int64_t Sampler::cut_to_top_k(const float* logits, const RowMeasure& measure,
                              const SamplingParameters& parameters) {
  collect(logits, threshold_of_best(parameters.top_k));
  return kept_of_top_k(measure, parameters);
}

// The same of what was collected already.
int64_t Sampler::kept_of_top_k(const RowMeasure& measure, const SamplingParameters& parameters) {
  const int64_t best = std::min<int64_t>(parameters.top_k, collected_);
  sort_until(best);
  double wanted = std::numeric_limits<double>::infinity();
  if (parameters.top_p < 1) {
    double total = 0;
    for (int64_t i = 0; i < best; ++i) {
      total += exponential(tokens_[i].logit - measure.maximum);
    }
    wanted = parameters.top_p * total;
  }
  return kept_of(best, wanted, measure.maximum, parameters.min_p);
}

// Likewise where there is no top-k.
int64_t Sampler::cut_by_probability(const float* logits, const RowMeasure& measure,
                                    const SamplingParameters& parameters) {
  // min-p keeps nothing below this.
  const double rare = parameters.min_p > 0
                          ? measure.maximum + logarithm(double{parameters.min_p}) - kMargin
                          : -std::numeric_limits<double>::infinity();
  if (parameters.top_p >= 1) {
    collect(logits, at_most(rare));
    return kept_of(collected_, std::numeric_limits<double>::infinity(), measure.maximum,
                   parameters.min_p);
  }
  const double total = exponential(measure.log_sum_exp - measure.maximum);
  const double wanted = wanted_of_all(measure, parameters.top_p);
  // All tokens below this have half of what top-p leaves out at most, however many they are.
  const double left_out = (1 - double{parameters.top_p}) * total;
  const double small =
      measure.maximum + logarithm(left_out / (2 * static_cast<double>(vocabulary_size_)));
  collect(logits, at_most(std::max(rare, small)));
  const int64_t kept = kept_of(collected_, wanted, measure.maximum, parameters.min_p);
  if (kept < collected_ || small <= rare) {
    return kept;
  }
  // Rounding kept the sum from what is wanted: with top-p next to 1 all have to be looked at.
  collect(logits, at_most(rare));
  return kept_of(collected_, wanted, measure.maximum, parameters.min_p);
}

// Returns how many of the best tokens, at most so many, min-p leaves and have the wanted sum.
int64_t Sampler::kept_of(int64_t most, double wanted, double maximum, float min_p) {
  double sum = 0;
  for (int64_t i = 0; i < most; ++i) {
    if (i >= sorted_) {
      sort_until(std::min(most, std::max(kSortStep, 4 * sorted_)));
    }
    const double weight = exponential(tokens_[i].logit - maximum);
    if (i > 0 && weight < min_p) {
      return i;
    }
    sum += weight;
    if (sum >= wanted) {
      return i + 1;
    }
  }
  return most;
}

// Draws from the first tokens, in order.
Sampled Sampler::draw_cut(int64_t kept, const RowMeasure& measure,
                          const SamplingParameters& parameters) {
  // Options may hold more than a float can: an infinite one would make -infinity / infinity.
  const double temperature = std::min(parameters.temperature, std::numeric_limits<float>::max());
  const auto weight = [&](int64_t i) {
    return exponential((tokens_[i].logit - measure.maximum) / temperature);
  };
  sort_until(kept);
  double total = 0;
  for (int64_t i = 0; i < kept; ++i) {
    total += weight(i);
  }
  const double wanted = uniform_draw(parameters.random_key, parameters.position) * total;
  double sum = 0;
  int64_t chosen = 0;
  for (int64_t i = 0; i < kept && sum <= wanted; ++i) {
    sum += weight(i);
    chosen = i;
  }
  return {tokens_[chosen].id,
          (tokens_[chosen].logit - measure.maximum) / temperature - logarithm(total)};
}

// Draws from all tokens, in order of id, with float32 weights.
Sampled Sampler::draw_any(const float* logits, const RowMeasure& measure,
                          const SamplingParameters& parameters) {
  const float temperature = std::min(parameters.temperature, std::numeric_limits<float>::max());
  const float maximum = static_cast<float>(measure.maximum);
  float scaled[kSumBlock];
  const auto scale = [&](int64_t block) {
    const int64_t first = block * kSumBlock;
    const int64_t count = std::min(kSumBlock, vocabulary_size_ - first);
    // The difference first: what counts is near the maximum, and there it is nearly exact.
    for (int64_t i = 0; i < count; ++i) scaled[i] = (logits[first + i] - maximum) / temperature;
    return count;
  };
  double total = 0;
  for (int64_t block = 0; block < sums_.size(); ++block) {
    const int64_t count = scale(block);
    sums_[block] = kernels_.sum_exponentials(scaled, 0, count);
    total += sums_[block];
  }
  const double wanted = uniform_draw(parameters.random_key, parameters.position) * total;
  // Where rounding leaves nothing over, the last block and token with any weight are drawn.
  int64_t drawn = 0;
  double before = 0;  // the weight of all blocks before it
  double sum = 0;
  for (int64_t block = 0; block < sums_.size() && sum <= wanted; ++block) {
    if (sums_[block] > 0) {
      drawn = block;
      before = sum;
    }
    sum += sums_[block];
  }
  const int64_t count = scale(drawn);
  int64_t chosen = 0;
  sum = before;
  for (int64_t i = 0; i < count && sum <= wanted; ++i) {
    const float weight = exponential(scaled[i]);
    sum += weight;
    if (weight > 0) chosen = drawn * kSumBlock + i;
  }
  return {static_cast<int32_t>(chosen),
          (logits[chosen] - measure.maximum) / double{temperature} - logarithm(total)};
}

}  // namespace sparkllama
