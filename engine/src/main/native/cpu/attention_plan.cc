#include "cpu/attention_plan.h"

namespace sparkllama {
namespace {

constexpr int32_t kMostRows = 64;
constexpr int32_t kTokenGranule = 8;  // so that rows are a multiple of it, which kernels like

}  // namespace

AttentionPlan::AttentionPlan(int32_t head_count, int32_t kv_head_count)
    : head_count_(head_count),
      group_size_(head_count / kv_head_count),
      most_heads_(std::min(group_size_, kMostRows)),
      most_tokens_(kMostRows / most_heads_) {
  if (most_tokens_ > kTokenGranule) {
    most_tokens_ = most_tokens_ / kTokenGranule * kTokenGranule;
  }
}

int64_t AttentionPlan::pairs(int64_t position, int64_t count, int64_t window) {
  const int64_t end = position + count;
  const auto up_to = [](int64_t length) { return length * (length + 1) / 2; };
  if (window == 0 || end <= window) {
    return up_to(end) - up_to(position);
  }
  const int64_t growing = std::min(position, window);
  return up_to(window) - up_to(growing) + (end - std::max(position, window)) * window;
}

int64_t AttentionPlan::work(const StepInput& step, int32_t window) const {
  int64_t sum = 0;
  for (int64_t s = 0; s < step.num_sequences; ++s) {
    const int64_t count = step.token_counts[s];
    const int64_t context = step.context_lengths[s];
    sum += pairs(context - count, count, window);
  }
  return sum * head_count_;
}

}  // namespace sparkllama
