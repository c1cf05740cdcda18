// Records the launches of a walk once for each size class of steps, and replays them: hundreds of
// launches one by one would take longer than the kernels of a small step.
#pragma once

#include <compare>
#include <cstdint>
#include <map>

#include "cuda/platform.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

// What the launches of a walk depend on: upper bounds of a step.
struct WalkClass {
  int32_t tokens = 0;
  int32_t sequences = 0;
  int32_t longest = 0;  // most tokens of a sequence
  int32_t context = 0;  // most positions of a sequence

  friend auto operator<=>(const WalkClass&, const WalkClass&) = default;
};

// The class of a step, and whether such steps come again so often that recording them is worth it:
// those with one token for each sequence, of which classes are few. Others are classes of their
// own.
struct ClassifiedStep {
  WalkClass walk;
  bool recurs;
};
ClassifiedStep classify(const StepInput& input, const BackendCapacity& capacity);

class WalkGraphs {
 public:
  WalkGraphs() = default;
  ~WalkGraphs();
  WalkGraphs(const WalkGraphs&) = delete;
  WalkGraphs& operator=(const WalkGraphs&) = delete;

  // Whether the class's launches are known and have been enqueued. Else the caller launches, then
  // calls end(): the first time they run as they are, which loads their kernels; the second time
  // they are recorded.
  bool replay(const WalkClass& walk, cudaStream_t stream);
  // Returns whether the launches will run: a recording may come to nothing, and then the caller
  // launches once more; the class is not recorded again.
  bool end(cudaStream_t stream);

 private:
  // When there are so many, all are forgotten: each recorded walk takes memory of the device.
  static constexpr size_t kMostGraphs = 128;

  struct Walk {
    bool may_be_recorded = true;
    cudaGraphExec_t graph = nullptr;
  };
  void forget();

  std::map<WalkClass, Walk> walks_;
  Walk* recording_ = nullptr;
};

}  // namespace sparkllama::cuda
