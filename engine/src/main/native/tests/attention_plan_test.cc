// Checks that the tiles of a step cover every token and head once, whatever the number of threads,
// and that threads get like amounts of work.
#include "runner/attention_plan.h"

#include <cstring>
#include <vector>

#include "base/aligned_array.h"
#include "tests/expect.h"

using namespace sparkllama;

namespace {

constexpr int64_t kMostSequences = 64;
constexpr int64_t kMostTokens = 2048;

struct Sequence {
  int32_t tokens;
  int32_t context;
};

// A step of sequences whose tokens follow one another.
class Step {
 public:
  explicit Step(const std::vector<Sequence>& sequences)
      : layout_({kMostTokens, kMostSequences, 1, 1, 1, 1, 1, 1, 1}), buffer_(layout_.byte_size()) {
    std::memset(buffer_.data(), 0, static_cast<size_t>(buffer_.size()));
    const BatchView batch = view();
    int32_t first = 0;
    for (size_t s = 0; s < sequences.size(); ++s) {
      batch.integers(BatchSection::kSequenceFirstToken)[s] = first;
      batch.integers(BatchSection::kSequenceTokenCount)[s] = sequences[s].tokens;
      batch.integers(BatchSection::kSequenceContextLength)[s] = sequences[s].context;
      first += sequences[s].tokens;
    }
    batch.integers(BatchSection::kHeader)[static_cast<int>(HeaderWord::kTokens)] = first;
    batch.integers(BatchSection::kHeader)[static_cast<int>(HeaderWord::kSequences)] =
        static_cast<int32_t>(sequences.size());
  }

  BatchView view() { return BatchView(layout_, buffer_.data()); }

 private:
  BatchLayout layout_;
  AlignedArray<std::byte> buffer_;
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
  Step step(sequences);
  const BatchView batch = step.view();
  const int64_t tokens = batch.header(HeaderWord::kTokens);
  std::vector<int> covered(static_cast<size_t>(tokens * heads), 0);
  int64_t total = 0;
  int64_t largest_tile = 0;
  std::vector<int64_t> shares;
  for (int thread = 0; thread < threads; ++thread) {
    int64_t share = 0;
    plan.for_share(batch, window, thread, threads, [&](const AttentionTile& tile) {
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
  EXPECT_EQUAL(total, plan.work(batch, window));
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
