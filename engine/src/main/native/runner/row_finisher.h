// Turns a step's rows of logits into its results.
#pragma once

#include <cstdint>
#include <span>

#include "runner/batch_view.h"
#include "runner/step_status.h"

namespace sparkllama {

class RowFinisher {
 public:
  virtual ~RowFinisher() = default;

  // What its buffers take.
  virtual int64_t byte_size() const = 0;

  // Puts a token mask into the pool, in the place of the one that had its id. Throws EngineError
  // where there is no such place, or the words are not a mask's of this model.
  virtual void put_mask(int64_t id, std::span<const uint64_t> words) = 0;

  // Writes the results of rows [first, first + count): logits is [count, vocabulary], in the
  // backend's memory, and in any state after it. Tells the status which rows it is at.
  virtual void finish(const BatchView& batch, int64_t first, int64_t count, float* logits,
                      StepStatus& status) = 0;
};

}  // namespace sparkllama
