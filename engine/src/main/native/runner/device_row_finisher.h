// Finishes rows where their logits lie, on a device; those whose parameters cut are drawn on the
// processor, from the best tokens of logits that the device has adjusted and masked, or where these
// are not enough, from all.
#pragma once

#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "ops/backend.h"
#include "ops/kernel_table.h"
#include "ops/row_sampling.h"
#include "runner/row_finisher.h"
#include "sampling/sampler.h"

namespace sparkllama {

class DeviceRowFinisher final : public RowFinisher {
 public:
  // Draws what the device does not.
  struct Host {
    const KernelTable& kernels;
    ThreadPool& pool;
  };

  // Everything referred to outlives it. Throws as backend_failure.h does.
  DeviceRowFinisher(Backend& backend, Host host, const RowSamplingCapacity& capacity);

  int64_t byte_size() const override;
  void put_mask(int64_t id, std::span<const uint64_t> words) override;
  void finish(const BatchView& batch, int64_t first, int64_t count, float* logits,
              StepStatus& status) override;

 private:
  LogitsRow wanted(const BatchView& batch, int64_t row) const;
  void write_measure(const BatchView& batch, int64_t row, const LogitsRow& wanted,
                     const RowResult& result) const;
  void write_top(const BatchView& batch, int64_t row, const LogitsRow& wanted,
                 const RowResult& result) const;
  void write_sampled(const BatchView& batch, int64_t row, const Sampled& sampled) const;
  bool draw_collected(const BatchView& batch, int64_t first, StepStatus& status);
  void draw_prepared(const BatchView& batch, int64_t first, float* logits, StepStatus& status);

  Backend& backend_;
  Host host_;
  RowSamplingCapacity capacity_;
  std::unique_ptr<RowSampling> sampling_;
  std::vector<Sampler> samplers_;  // [threads]
  std::vector<LogitsRow> rows_;    // of this call, as what follows is
  std::vector<char> left_;         // [rows]: 1 where the row is not drawn yet
};

}  // namespace sparkllama
