#include <algorithm>

#include "cuda/walk_graphs.h"
#include "ops/kernel_table.h"

namespace sparkllama::cuda {
namespace {

constexpr int64_t kMostRecordedTokens = 512;

// Few classes, none much larger than its steps: what a class has too much costs blocks that find
// nothing to do, and rows that products compute in vain.
int64_t class_tokens(int64_t tokens, int64_t most_tokens) {
  const int64_t step = tokens <= 32 ? 8 : tokens <= 128 ? 16 : 32;
  return std::min((tokens + step - 1) / step * step, most_tokens);
}

}  // namespace

ClassifiedStep classify(const StepInput& input, const BackendCapacity& capacity) {
  int32_t longest = 1;
  int32_t context = 1;
  for (int64_t s = 0; s < input.num_sequences; ++s) {
    longest = std::max(longest, input.token_counts[s]);
    context = std::max(context, input.context_lengths[s]);
  }
  // A sequence may have no token in a step.
  const bool recurs = longest == 1 && input.num_sequences == input.num_tokens &&
                      input.num_tokens <= kMostRecordedTokens;
  if (!recurs) {
    return {{static_cast<int32_t>(input.num_tokens), static_cast<int32_t>(input.num_sequences),
             longest, context},
            false};
  }
  const auto tokens = static_cast<int32_t>(class_tokens(input.num_tokens, capacity.tokens));
  int32_t segments = 1;
  while (segments * kAttentionSegment < context) segments *= 2;
  return {{tokens, static_cast<int32_t>(std::min<int64_t>(tokens, capacity.sequences)), 1,
           static_cast<int32_t>(std::min<int64_t>(
               segments * kAttentionSegment, capacity.blocks_per_sequence * kKvBlockPositions))},
          true};
}

WalkGraphs::~WalkGraphs() { forget(); }

void WalkGraphs::forget() {
  for (const auto& [walk, recorded] : walks_) {
    if (recorded.graph != nullptr) cudaGraphExecDestroy(recorded.graph);
  }
  walks_.clear();
}

bool WalkGraphs::replay(const WalkClass& walk, cudaStream_t stream) {
  const auto found = walks_.find(walk);
  if (found == walks_.end()) {
    if (walks_.size() == kMostGraphs) forget();  // no step is under way
    walks_[walk] = {};
    return false;
  }
  Walk& known = found->second;
  if (known.graph != nullptr) {
    cudaGraphLaunch(known.graph, stream);
    return true;
  }
  if (known.may_be_recorded) {
    known.may_be_recorded = false;  // once, whatever comes of it
    if (cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess) {
      recording_ = &known;
    } else {
      cudaGetLastError();
    }
  }
  return false;
}

bool WalkGraphs::end(cudaStream_t stream) {
  if (recording_ == nullptr) return true;
  Walk& walk = *recording_;
  recording_ = nullptr;
  cudaGraph_t graph = nullptr;
  const bool recorded = cudaStreamEndCapture(stream, &graph) == cudaSuccess &&
                        cudaGraphInstantiate(&walk.graph, graph, 0) == cudaSuccess;
  if (graph != nullptr) cudaGraphDestroy(graph);
  if (!recorded) {
    cudaGetLastError();  // a failure of the device itself comes again
    walk.graph = nullptr;
    return false;
  }
  cudaGraphLaunch(walk.graph, stream);
  return true;
}

}  // namespace sparkllama::cuda
