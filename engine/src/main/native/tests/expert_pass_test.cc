// Compares the pass through experts with a plain one: each token by itself, expert after expert, by
// the reference kernels. The same bits from every instruction set, for any number of threads, and
// whatever other tokens are there.
#include "runner/expert_pass.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "tests/instruction_sets.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr int64_t kEmbedding = 256;
constexpr int64_t kLength = 512;
constexpr int64_t kVocabulary = 16;
constexpr int32_t kExperts = 5;
constexpr int32_t kUsed = 2;
constexpr int64_t kMostTokens = 37;

const KernelTable& reference() { return *kernel_table(InstructionSet::kReference); }

// A packed file of random weights, and what describes it.
class RandomModel {
 public:
  // Each expert's three matrices have these types, one expert after the other.
  RandomModel(const std::vector<TensorType>& types, uint64_t seed) : random_(seed) {
    HyperParameters& p = description_.parameters;
    p = {};
    p.vocabulary_size = kVocabulary;
    p.context_length = 16;
    p.embedding_length = kEmbedding;
    p.layer_count = 1;
    p.expert_count = kExperts;
    p.experts_used = kUsed;
    p.expert_length = kLength;
    p.expert_weighting = ExpertWeighting::kAmongChosen;
    p.head_count = p.kv_head_count = 1;
    p.head_dimension = 16;
    p.layer_rope = {HyperParameters::kWithoutRope};
    add(WeightRole::kTokenEmbedding, 0, TensorType::kF32, kVocabulary, kEmbedding);
    add(WeightRole::kOutputNorm, 0, TensorType::kF32, 1, kEmbedding);
    add(WeightRole::kAttentionNorm, 0, TensorType::kF32, 1, kEmbedding);
    add(WeightRole::kFeedForwardNorm, 0, TensorType::kF32, 1, kEmbedding);
    for (const WeightRole role :
         {WeightRole::kAttentionQuery, WeightRole::kAttentionKey, WeightRole::kAttentionValue}) {
      add(role, 0, TensorType::kF32, 16, kEmbedding);
    }
    add(WeightRole::kAttentionOutput, 0, TensorType::kF32, kEmbedding, 16);
    add(WeightRole::kExpertRouter, 0, TensorType::kF32, kExperts, kEmbedding);
    for (int32_t e = 0; e < kExperts; ++e) {
      const TensorType type = types[static_cast<size_t>(e) % types.size()];
      add(WeightRole::kExpertGate, e, type, kLength, kEmbedding);
      add(WeightRole::kExpertUp, e, type, kLength, kEmbedding);
      add(WeightRole::kExpertDown, e, type, kEmbedding, kLength);
    }
    char name[] = "/tmp/sparkllama-expert-test-XXXXXX";
    const int file = ::mkstemp(name);
    const auto size = static_cast<ssize_t>(bytes_.size());
    if (file < 0 || ::write(file, bytes_.data(), bytes_.size()) != size) {
      std::perror("the test's file cannot be written");
      std::exit(1);
    }
    ::close(file);
    file_ = name;
  }
  ~RandomModel() { ::unlink(file_.c_str()); }

  Model open() const { return Model(description_, file_); }

 private:
  void add(WeightRole role, int32_t expert, TensorType type, int64_t rows, int64_t columns) {
    const auto offset = static_cast<int64_t>((bytes_.size() + 63) / 64 * 64);
    description_.tensors.push_back({role, 0, expert, type, offset, rows, columns});
    const std::vector<std::byte> weights = random_weights(type, rows * columns, true, random_);
    const bool vector = rows == 1;
    const int64_t size =
        vector ? row_bytes(type, columns) : panel_count(rows) * panel_bytes(type, columns);
    bytes_.resize(static_cast<size_t>(offset + size));
    if (vector) {
      std::memcpy(&bytes_[static_cast<size_t>(offset)], weights.data(), weights.size());
    } else {
      const PackedWeights packed(type, weights.data(), rows, columns);
      std::memcpy(&bytes_[static_cast<size_t>(offset)], packed.matrix().data,
                  static_cast<size_t>(size));
    }
  }

  Random random_;
  ModelDescription description_;
  std::vector<std::byte> bytes_;
  std::string file_;
};

std::vector<float> product(const PackedMatrix& weights, const std::vector<float>& row) {
  std::vector<float> out(static_cast<size_t>(weights.rows));
  multiply(reference(), weights, 0, weights.rows,
           prepare(reference(), weights.type, row, weights.columns), out, weights.rows);
  return out;
}

// One token by itself.
std::vector<float> plain(const Model& model, const std::vector<float>& row,
                         const std::vector<float>& logits) {
  ExpertChoice choices[kUsed];
  choose_experts(logits.data(), kExperts, kUsed, model.parameters().expert_weighting, choices);
  std::vector<float> sum(kEmbedding, 0.0f);
  for (const ExpertChoice& choice : choices) {
    const ExpertWeights& expert = model.layer(0).experts[static_cast<size_t>(choice.expert)];
    std::vector<float> hidden = product(expert.gate, row);
    const std::vector<float> up = product(expert.up, row);
    reference().swiglu(hidden.data(), up.data(), kLength);
    const std::vector<float> out = product(expert.down, hidden);
    reference().add_scaled(sum.data(), out.data(), choice.weight, kEmbedding);
  }
  return sum;
}

struct Tokens {
  std::vector<float> rows;    // [tokens, embedding]
  std::vector<float> logits;  // [tokens, experts]

  std::vector<float> row(int64_t t) const { return part(rows, t, kEmbedding); }
  std::vector<float> row_logits(int64_t t) const { return part(logits, t, kExperts); }

 private:
  static std::vector<float> part(const std::vector<float>& all, int64_t t, int64_t width) {
    return {all.begin() + t * width, all.begin() + (t + 1) * width};
  }
};

// Runs the tokens [first, first + count) together.
std::vector<float> run(ExpertPass& pass, const Tokens& tokens, int64_t first, int64_t count) {
  std::vector<float> out(static_cast<size_t>(count * kEmbedding), -1.0f);
  std::memcpy(pass.router_logits(), tokens.logits.data() + first * kExperts,
              static_cast<size_t>(count * kExperts) * sizeof(float));
  pass.run(0, tokens.rows.data() + first * kEmbedding, count, out.data());
  return out;
}

void check(const std::vector<TensorType>& types, uint64_t seed) {
  const RandomModel random_model(types, seed);
  const Model model = random_model.open();
  Random random(seed + 1);
  Tokens tokens = {random.gaussians(kMostTokens * kEmbedding),
                   random.gaussians(kMostTokens * kExperts)};
  // The first tokens all choose the same experts; of one no logit is a number.
  for (int64_t t = 0; t < 9; ++t) tokens.logits[static_cast<size_t>(t * kExperts + 3)] = 20;
  tokens.logits[10 * kExperts + 2] = std::nanf("");
  std::vector<float> expected;
  for (int64_t t = 0; t < kMostTokens; ++t) {
    const std::vector<float> row = plain(model, tokens.row(t), tokens.row_logits(t));
    EXPECT_EQUAL(std::isnan(row[0]), t == 10);
    expected.insert(expected.end(), row.begin(), row.end());
  }
  for (const NamedInstructionSet& named : kInstructionSets) {
    const KernelTable* table = table_or_skip(named);
    if (table == nullptr) continue;
    for (const int threads : {1, 2, 3}) {
      ThreadPool pool(threads);
      ExpertPass pass(model, *table, pool, kMostTokens);
      for (const int64_t count : {int64_t{1}, int64_t{2}, int64_t{9}, kMostTokens}) {
        for (int64_t first = 0; first + count <= kMostTokens; first += count) {
          const std::vector<float> part(expected.begin() + first * kEmbedding,
                                        expected.begin() + (first + count) * kEmbedding);
          expect_same(run(pass, tokens, first, count), part,
                      std::string(named.name) + ", " + std::to_string(count) + " tokens, threads " +
                          std::to_string(threads));
        }
      }
    }
  }
}

}  // namespace

int main() {
  check({TensorType::kF32}, 1);
  check({TensorType::kF16}, 2);
  check({TensorType::kQ8_0}, 3);
  check({TensorType::kQ4_K}, 4);
  check({TensorType::kQ4_0, TensorType::kQ6_K, TensorType::kBF16}, 5);  // of each expert its own
  return result();
}
