// Finishes rows on the processor, each by one thread.
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "ops/kernel_table.h"
#include "runner/mask_pool.h"
#include "runner/row_finisher.h"
#include "sampling/sampler.h"

namespace sparkllama {

class HostRowFinisher final : public RowFinisher {
 public:
  // The kernels and the threads outlive it.
  HostRowFinisher(const KernelTable& kernels, ThreadPool& pool, int64_t vocabulary_size,
                  int64_t masks);

  int64_t byte_size() const override;
  void put_mask(int64_t id, std::span<const uint64_t> words) override;
  void finish(const BatchView& batch, int64_t first, int64_t count, float* logits,
              StepStatus& status) override;

 private:
  void finish_row(const BatchView& batch, int64_t row, float* logits, Sampler& sampler);
  Sampled sample_row(const BatchView& batch, int64_t row, RowMeasure measure, float* logits,
                     Sampler& sampler);
  void write_top(const BatchView& batch, int64_t row, const float* logits, bool numbers);

  ThreadPool& pool_;
  int64_t vocabulary_size_;
  MaskPool masks_;
  std::vector<Sampler> samplers_;  // [threads]
};

}  // namespace sparkllama
