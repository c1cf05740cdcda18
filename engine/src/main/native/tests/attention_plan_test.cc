// Checks that the tiles of a step cover every token and head once, whatever the number of threads,
// and that threads get like amounts of work.
#include "cpu/attention_plan.h"

#include <vector>

#include "tests/expect.h"

using namespace sparkllama;

namespace {

struct Sequence {
  int32_t tokens;
  int32_t context;
};

// A step of sequences whose tokens follow one another.
class Step {
 public:
  explicit Step(const std::vector<Sequence>& sequences) {
    for (const Sequence& sequence : sequences) {
      first_tokens_.push_back(tokens_);
      token_counts_.push_back(sequence.tokens);
      context_lengths_.push_back(sequence.context);
      tokens_ += sequence.tokens;
    }
  }

  StepInput input() const {
    StepInput input = {};
    input.num_tokens = tokens_;
    input.num_sequences = static_cast<int64_t>(first_tokens_.size());
    input.first_tokens = first_tokens_.data();
    input.token_counts = token_counts_.data();
    input.context_lengths = context_lengths_.data();
    return input;
  }

 private:
  int32_t tokens_ = 0;
  std::vector<int32_t> first_tokens_;
  std::vector<int32_t> token_counts_;
  std::vector<int32_t> context_lengths_;
};

// Pairs of a query and a position, counted one by one.
int64_t pairs_of(const std::vector<Sequence>& sequences, int32_t window,
                 const AttentionTile& tile) {
  const Sequence& sequence = sequences[static_cast<size_t>(tile.sequence)];
  int64_t first_token = 0;
  for (int64_t s = 0; s < tile.sequence; ++s)
    first_token += sequences[static_cast<size_t>(s)].tokens;
  int64_t sum = 0;
  for (int64_t t = tile.first_token; t < tile.first_token + tile.num_tokens; ++t) {
    const int64_t length = sequence.context - sequence.tokens + (t - first_token) + 1;
    sum += window == 0 ? length : std::min<int64_t>(length, window);
  }
  return sum * tile.num_heads;
}

void check(const std::vector<Sequence>& sequences, int32_t heads, int32_t kv_heads, int32_t window,
           int threads) {
  const AttentionPlan plan(heads, kv_heads);
  const Step made(sequences);
  const StepInput step = made.input();
  const int64_t tokens = step.num_tokens;
  std::vector<int> covered(static_cast<size_t>(tokens * heads), 0);
  int64_t total = 0;
  int64_t largest_tile = 0;
  std::vector<int64_t> shares;
  for (int thread = 0; thread < threads; ++thread) {
    int64_t share = 0;
    plan.for_share(step, window, thread, threads, [&](const AttentionTile& tile) {
      EXPECT(int64_t{tile.num_tokens} * tile.num_heads <= plan.most_rows());
      const int32_t group = heads / kv_heads;
      EXPECT_EQUAL(tile.first_head / group, (tile.first_head + tile.num_heads - 1) / group);
      for (int64_t t = tile.first_token; t < tile.first_token + tile.num_tokens; ++t) {
        for (int32_t h = tile.first_head; h < tile.first_head + tile.num_heads; ++h) {
          ++covered[static_cast<size_t>(t * heads + h)];
        }
      }
      const int64_t work = pairs_of(sequences, window, tile);
      largest_tile = std::max(largest_tile, work);
      share += work;
    });
    shares.push_back(share);
    total += share;
  }
  for (const int count : covered) EXPECT_EQUAL(count, 1);
  EXPECT_EQUAL(total, plan.work(step, window));
  // At either end of a share, half a tile may belong to the neighbour.
  for (const int64_t share : shares) {
    EXPECT(share <= total / threads + largest_tile + 1);
    EXPECT(share >= total / threads - largest_tile - 1);
  }
}

}  // namespace

int main() {
  const std::vector<std::vector<Sequence>> steps = {
      {{1, 4096}},                     // one decoding sequence
      {{512, 512}},                    // one prompt
      {{300, 2000}, {1, 5}, {0, 40}},  // a chunk of a prompt, a short one, one without tokens
      {{1, 1}, {1, 900}, {1, 17}, {1, 2000}, {70, 70}, {1, 3}},
      {},
  };
  for (const std::vector<Sequence>& step : steps) {
    for (const int threads : {1, 2, 3, 8, 64}) {
      for (const int32_t window : {0, 1, 16, 600}) {
        check(step, 32, 4, window, threads);
        check(step, 32, 32, window, threads);
        check(step, 15, 5, window, threads);
        check(step, 71, 1, window, threads);
        check(step, 130, 1, window, threads);
      }
    }
  }
  EXPECT_EQUAL(AttentionPlan(32, 32).most_rows(), 64);
  EXPECT_EQUAL(AttentionPlan(71, 1).most_rows(), 64);
  return testing::result();
}
