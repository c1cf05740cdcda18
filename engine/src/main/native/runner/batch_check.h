// Refuses a step that reaches outside the model, the KV pools or the buffer, before any of it is
// run.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned_array.h"
#include "cache/kv_cache.h"
#include "model/description.h"
#include "runner/adapter_set.h"
#include "runner/batch_view.h"

namespace sparkllama {

class BatchCheck {
 public:
  // `masks` is how many token masks the pool has room for.
  BatchCheck(const HyperParameters& parameters, const KvCache& cache, const AdapterSet& adapters,
             int64_t masks);

  // Throws EngineError saying what is wrong and where. `previous_rows` is how many logits rows the
  // previous step had.
  void check(const BatchView& batch, int64_t previous_rows);

 private:
  void check_counts(const BatchView& batch) const;
  void check_copies(const BatchView& batch) const;
  void check_sequences(const BatchView& batch) const;
  void check_tokens(const BatchView& batch, int64_t sequence, int64_t previous_rows);
  void check_slot(const BatchView& batch, int64_t group, int64_t sequence, int64_t token);
  void check_sampling(const BatchView& batch, int64_t sequence) const;
  void check_logits(const BatchView& batch) const;
  void check_adjustments(const BatchView& batch, int64_t row) const;

  const HyperParameters& parameters_;
  const KvCache& cache_;
  const AdapterSet& adapters_;
  int64_t masks_;
  uint32_t step_ = 0;
  std::vector<std::vector<uint32_t>>
      written_;  // per group, [slots]: the last step that wrote the slot
};

}  // namespace sparkllama
