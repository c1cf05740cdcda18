// Runs steps of one model: the object behind the native methods.
//
// Keeps no state of a sequence but its KV blocks and what the previous step sampled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/aligned_array.h"
#include "base/thread_pool.h"
#include "cache/kv_cache.h"
#include "model/model.h"
#include "ops/backend.h"
#include "ops/backend_array.h"
#include "ops/device.h"
#include "ops/kernel_table.h"
#include "runner/adapter_set.h"
#include "runner/batch_check.h"
#include "runner/batch_view.h"
#include "runner/forward_pass.h"
#include "runner/row_finisher.h"
#include "runner/runner_options.h"
#include "runner/step_status.h"

namespace sparkllama {

class Runner {
 public:
  // Takes all memory, maps the packed file, starts all threads. `kernels` outlives the runner, as
  // does the device, where there is one to compute on: the processor then does what is left. Throws
  // ConfigurationError where the device cannot run the model.
  Runner(ModelDescription description, RunnerOptions options, const std::string& packed_file,
         const KernelTable& kernels, Device* device = nullptr);
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  const BatchLayout& layout() const { return layout_; }
  // What computes: the name of an instruction set, or of a device's kind.
  const char* name() const { return backend_->name(); }
  int threads() const { return pool_.size(); }
  // What its buffers take, beside the weights and the KV cache. Java foretells it, in
  // io.sparkllama.engine.runner.NativeBuffers.
  int64_t buffer_bytes() const;

  // Puts a token mask into the pool, in the place of the one that had its id. Not while a step
  // runs. Throws EngineError where there is no such place, or the words are not a mask's of this
  // model.
  void put_mask(int64_t id, std::span<const uint64_t> words) { finisher_->put_mask(id, words); }
  // What the adapters' matrices take.
  int64_t adapter_bytes() const { return adapters_.byte_size(); }

  // Opens an adapter and returns the id that steps name it by; and gives a matrix of one its next
  // rows. As AdapterSet says. Not while a step runs.
  int32_t open_adapter(WordReader& words);
  void fill_adapter(int32_t adapter, int32_t matrix, std::span<const std::byte> rows) {
    adapters_.fill(adapter, matrix, rows);
  }

  // Has steps tell how far they are at another place, which outlives the runner. Not while one
  // runs.
  void report_to(StepStatus* status) { status_ = status; }

  // Runs one step; its results are in the buffer on return. One thread at a time. `buffer` holds
  // layout().byte_size() bytes. Throws EngineError where the step is refused: nothing was run then.
  void step(std::byte* buffer);

 private:
  std::unique_ptr<Backend> make_backend(const BatchCapacity& capacity);
  std::unique_ptr<RowFinisher> make_finisher(const BatchCapacity& capacity);
  void require_done();
  void resolve_ids(const BatchView& batch);

  const KernelTable& kernels_;
  BatchLayout layout_;
  ThreadPool pool_;
  Device* device_;
  int64_t most_logits_rows_;
  Model model_;
  std::unique_ptr<Backend> backend_;
  KvCache cache_;
  AdapterSet adapters_;
  BatchCheck check_;
  ForwardPass forward_;
  AlignedArray<int32_t> token_ids_;  // [tokens]: those of the step; -1 where not known
  AlignedArray<int32_t> sampled_;    // [logits_rows]: by the previous step
  int64_t sampled_rows_ = 0;
  BackendArray<float> logits_;  // [most_logits_rows_, vocabulary]
  std::unique_ptr<RowFinisher> finisher_;
  StepStatus unread_;  // where nobody asks
  StepStatus* status_ = &unread_;
};

}  // namespace sparkllama
