#include "model/adapter.h"

#include <cmath>
#include <string>

namespace sparkllama {
namespace {

constexpr int64_t kMost = int64_t{1} << 24;  // as of the model's own tensors
constexpr int64_t kMatrixWords = 3;
constexpr int64_t kChangeWords = 5;

struct Shape {
  int64_t outputs;
  int64_t inputs;
};

Shape shape_of(WeightRole role, const HyperParameters& p) {
  const int64_t embedding = p.embedding_length;
  switch (role) {
    case WeightRole::kAttentionQuery:
      return {p.query_width(), embedding};
    case WeightRole::kAttentionKey:
    case WeightRole::kAttentionValue:
      return {p.kv_width(), embedding};
    case WeightRole::kAttentionOutput:
      return {embedding, p.query_width()};
    case WeightRole::kFeedForwardGate:
    case WeightRole::kFeedForwardUp:
      return {p.feed_forward_length, embedding};
    case WeightRole::kFeedForwardDown:
      return {embedding, p.feed_forward_length};
    default:
      return {p.vocabulary_size, embedding};
  }
}

AdapterMatrix read_matrix(WordReader& words) {
  const auto type = static_cast<TensorType>(words.integer("adapter type", 0, 1000));
  if (type != TensorType::kF32 && type != TensorType::kF16 && type != TensorType::kBF16) {
    throw ModelFormatError("A matrix of an adapter must be F32, F16 or BF16, not of type " +
                           std::to_string(static_cast<int>(type)));
  }
  const int64_t rows = words.integer("adapter rows", 1, kMost);
  const int64_t columns = words.integer("adapter columns", 1, kMost);
  return {type, rows, columns};
}

AdapterChange read_change(WordReader& words, const AdapterLayout& layout,
                          const HyperParameters& p) {
  const auto last = static_cast<int64_t>(layout.matrices.size()) - 1;
  AdapterChange change;
  change.role = static_cast<WeightRole>(
      words.integer("adapted role", 0, static_cast<int64_t>(WeightRole::kRopeFactorsShort)));
  if (adaptable_weight(change.role) < 0) {
    throw ModelFormatError("An adapter changes a weight that none may change: role " +
                           std::to_string(static_cast<int>(change.role)));
  }
  const int64_t layers = change.role == WeightRole::kOutput ? 1 : p.layer_count;
  change.layer = static_cast<int32_t>(words.integer("adapted layer", 0, layers - 1));
  change.a = static_cast<int32_t>(words.integer("A of an adapter", 0, last));
  change.b = static_cast<int32_t>(words.integer("B of an adapter", 0, last));
  change.scale = static_cast<float>(words.real());
  const AdapterMatrix& a = layout.matrices[change.a];
  const AdapterMatrix& b = layout.matrices[change.b];
  change.rank = a.rows;
  const Shape shape = shape_of(change.role, p);
  if (a.columns != shape.inputs || b.rows != shape.outputs || a.rows != b.columns ||
      a.rows > kMostAdapterRank) {
    throw ModelFormatError("An adapter does not fit the model: role " +
                           std::to_string(static_cast<int>(change.role)) + " of layer " +
                           std::to_string(change.layer) + ": A has " + std::to_string(a.rows) +
                           " rows of " + std::to_string(a.columns) + ", B " +
                           std::to_string(b.rows) + " of " + std::to_string(b.columns));
  }
  if (!std::isfinite(change.scale)) {
    throw ModelFormatError("An adapter's scale is no number");
  }
  return change;
}

}  // namespace

int32_t adaptable_weight(WeightRole role) {
  switch (role) {
    case WeightRole::kAttentionQuery:
      return 0;
    case WeightRole::kAttentionKey:
      return 1;
    case WeightRole::kAttentionValue:
      return 2;
    case WeightRole::kAttentionOutput:
      return 3;
    case WeightRole::kFeedForwardGate:
      return 4;
    case WeightRole::kFeedForwardUp:
      return 5;
    case WeightRole::kFeedForwardDown:
      return 6;
    case WeightRole::kOutput:
      return 7;
    default:
      return -1;
  }
}

AdapterLayout read_adapter_layout(WordReader& words, const HyperParameters& parameters) {
  AdapterLayout layout;
  const int64_t matrices =
      words.integer("matrices of an adapter", 1, 1 + words.words_left() / kMatrixWords);
  for (int64_t i = 0; i < matrices; ++i) layout.matrices.push_back(read_matrix(words));
  const int64_t changes =
      words.integer("changes of an adapter", 1, 1 + words.words_left() / kChangeWords);
  std::vector<bool> changed(static_cast<size_t>(parameters.layer_count) * kAdaptableWeights);
  for (int64_t i = 0; i < changes; ++i) {
    const AdapterChange change = read_change(words, layout, parameters);
    const size_t place =
        static_cast<size_t>(change.layer) * kAdaptableWeights + adaptable_weight(change.role);
    if (changed[place]) {
      throw ModelFormatError("An adapter changes a weight twice: role " +
                             std::to_string(static_cast<int>(change.role)) + " of layer " +
                             std::to_string(change.layer));
    }
    changed[place] = true;
    layout.changes.push_back(change);
  }
  if (words.words_left() != 0) {
    throw EngineError("An adapter's description is longer than the native library expects: " +
                      std::to_string(words.words_left()) + " words too many");
  }
  return layout;
}

}  // namespace sparkllama
