// Cuts the attention of a step into tiles, and deals the tiles to threads by the work in them.
//
// A tile is neighbouring tokens of one sequence times query heads of one KV head: enough rows that
// keys and values are loaded for many of them at once, few enough that their weights stay in a
// processor's cache. Results do not depend on the cut, so it need not be the same in every step.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/step_input.h"

namespace sparkllama {

struct AttentionTile {
  int64_t sequence;
  int64_t first_token;  // of the step
  int32_t num_tokens;
  int32_t first_head;  // of all query heads
  int32_t num_heads;   // all of one KV head
};

class AttentionPlan {
 public:
  // head_count is a multiple of kv_head_count.
  AttentionPlan(int32_t head_count, int32_t kv_head_count);

  // The most tokens times heads that a tile has.
  int64_t most_rows() const { return int64_t{most_tokens_} * most_heads_; }

  // Returns how many pairs of a query and a position the step has, in one layer. `window` is that
  // of the layer's KV group, 0 for none.
  int64_t work(const StepInput& step, int32_t window) const;

  // Calls body(tile) for the tiles of `thread` out of `threads`, whose work is about the same.
  template <typename Body>
  void for_share(const StepInput& step, int32_t window, int thread, int threads,
                 const Body& body) const {
    const double total = static_cast<double>(work(step, window));
    double before = 0;
    for (int64_t s = 0; s < step.num_sequences; ++s) {
      const int64_t first = step.first_tokens[s];
      const int64_t count = step.token_counts[s];
      const int64_t position = step.context_lengths[s] - count;
      // A head's tiles follow one another: they read the same keys and values.
      for (int32_t head = 0; head < head_count_; head += heads_from(head)) {
        for (int64_t t = 0; t < count; t += most_tokens_) {
          const int64_t tokens = std::min<int64_t>(most_tokens_, count - t);
          const double work =
              static_cast<double>(pairs(position + t, tokens, window)) * heads_from(head);
          // Each tile goes to the thread in whose share its middle lies.
          const double middle = (before + work / 2) / total * threads;
          if (std::min(static_cast<int>(middle), threads - 1) == thread) {
            body(AttentionTile{s, first + t, static_cast<int32_t>(tokens), head, heads_from(head)});
          }
          before += work;
        }
      }
    }
  }

 private:
  // Heads of the tile that begins with `head`.
  int32_t heads_from(int32_t head) const {
    return std::min(most_heads_, group_size_ - head % group_size_);
  }
  // Pairs of a query and a position for one head of `count` tokens, the first at `position`.
  static int64_t pairs(int64_t position, int64_t count, int64_t window);

  int32_t head_count_;
  int32_t group_size_;
  int32_t most_heads_;
  int32_t most_tokens_;
};

}  // namespace sparkllama
