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

ClassifiedStep classify(const StepInput& input, int64_t most_tokens) {
  int32_t longest = 1;
  int32_t context = 1;
  for (int64_t s = 0; s < input.num_sequences; ++s) {
    longest = std::max(longest, input.token_counts[s]);
    context = std::max(context, input.context_lengths[s]);
  }
  const bool recurs = longest == 1 && input.num_tokens <= kMostRecordedTokens;
  if (!recurs) {
    return {{static_cast<int32_t>(input.num_tokens), static_cast<int32_t>(input.num_sequences),
             longest, context},
            false};
  }
  const auto tokens = static_cast<int32_t>(class_tokens(input.num_tokens, most_tokens));
  const int32_t segments = (context + kAttentionSegment - 1) / kAttentionSegment;
  return {{tokens, tokens, 1, segments * kAttentionSegment}, true};
}

WalkGraphs::~WalkGraphs() {
  for (const auto& [walk, recorded] : walks_) {
    if (recorded.graph != nullptr) cudaGraphExecDestroy(recorded.graph);
  }
}

bool WalkGraphs::replay(const WalkClass& walk, cudaStream_t stream) {
  const auto found = walks_.find(walk);
  if (found == walks_.end()) {
    if (walks_.size() < kMostGraphs) walks_[walk].has_run = true;
    return false;
  }
  Walk& known = found->second;
  if (known.graph != nullptr) {
    cudaGraphLaunch(known.graph, stream);
    return true;
  }
  if (known.has_run &&
      cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess) {
    recording_ = &known;
  }
  return false;
}

// What fails here is the device's failure, which whoever waits for the stream is told.
void WalkGraphs::end(cudaStream_t stream) {
  if (recording_ == nullptr) return;
  Walk& walk = *recording_;
  recording_ = nullptr;
  cudaGraph_t graph = nullptr;
  if (cudaStreamEndCapture(stream, &graph) != cudaSuccess) return;
  if (cudaGraphInstantiate(&walk.graph, graph, 0) != cudaSuccess) {
    walk.graph = nullptr;
  } else {
    cudaGraphLaunch(walk.graph, stream);
  }
  cudaGraphDestroy(graph);
}

}  // namespace sparkllama::cuda
