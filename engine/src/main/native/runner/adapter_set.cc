#include "runner/adapter_set.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"
#include "cpu/weight_packing.h"

namespace sparkllama {
namespace {

AlignedArray<std::byte> take(int64_t bytes) {
  try {
    return AlignedArray<std::byte>(bytes);
  } catch (const MemoryError&) {
    throw MemoryError("The memory for an adapter could not be had: give the job fewer of them: " +
                      std::to_string(bytes) + " bytes for one matrix");
  }
}

}  // namespace

int32_t AdapterSet::open(WordReader& words) {
  if (adapters_.size() >= static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    throw EngineError("No more adapters can be opened");
  }
  const AdapterLayout layout = read_adapter_layout(words, parameters_);
  Adapter adapter;
  for (const AdapterMatrix& matrix : layout.matrices) {
    AlignedArray<std::byte> panels =
        take(panel_count(matrix.rows) * panel_bytes(matrix.type, matrix.columns));
    const PackedMatrix packed = {matrix.type, panels.data(), matrix.rows, matrix.columns};
    adapter.matrices.push_back({packed, std::move(panels), 0});
  }
  adapter.changes.resize(static_cast<size_t>(parameters_.layer_count) * kAdaptableWeights);
  int64_t most_rank = most_rank_;
  bool change_output = change_output_;
  for (const AdapterChange& change : layout.changes) {
    adapter.changes[change.layer * kAdaptableWeights + adaptable_weight(change.role)] = {
        adapter.matrices[change.a].packed, adapter.matrices[change.b].packed, change.scale};
    most_rank = std::max(most_rank, change.rank);
    change_output = change_output || change.role == WeightRole::kOutput;
  }
  adapters_.push_back(std::move(adapter));
  most_rank_ = most_rank;
  change_output_ = change_output;
  return size() - 1;
}

void AdapterSet::fill(int32_t adapter, int32_t matrix, std::span<const std::byte> rows) {
  if (adapter < 0 || adapter >= size() || matrix < 0 ||
      matrix >= static_cast<int64_t>(adapters_[adapter].matrices.size())) {
    throw EngineError("An adapter is filled that was not opened: " + std::to_string(adapter) +
                      ", matrix " + std::to_string(matrix));
  }
  Matrix& target = adapters_[adapter].matrices[matrix];
  const int64_t bytes = row_bytes(target.packed.type, target.packed.columns);
  const auto size = static_cast<int64_t>(rows.size());
  const int64_t count = size / bytes;
  const int64_t end = target.filled_rows + count;
  const bool whole = count % kPanelRows == 0 || end == target.packed.rows;
  if (size % bytes != 0 || count < 1 || end > target.packed.rows || !whole) {
    throw EngineError(
        "The rows of an adapter's matrix are not those that come next: " + std::to_string(size) +
        " bytes after " + std::to_string(target.filled_rows) + " of " +
        std::to_string(target.packed.rows) + " rows of " + std::to_string(bytes));
  }
  std::byte* panels =
      target.panels.data() +
      target.filled_rows / kPanelRows * panel_bytes(target.packed.type, target.packed.columns);
  pack_rows(target.packed.type, rows.data(), count, target.packed.columns, panels);
  target.filled_rows = end;
}

bool AdapterSet::is_ready(int64_t adapter) const {
  if (adapter < 0 || adapter >= size()) {
    return false;
  }
  const std::vector<Matrix>& matrices = adapters_[adapter].matrices;
  return std::all_of(matrices.begin(), matrices.end(),
                     [](const Matrix& matrix) { return matrix.filled_rows == matrix.packed.rows; });
}

int64_t AdapterSet::byte_size() const {
  int64_t bytes = 0;
  for (const Adapter& adapter : adapters_) {
    for (const Matrix& matrix : adapter.matrices) bytes += matrix.panels.byte_size();
  }
  return bytes;
}

}  // namespace sparkllama
