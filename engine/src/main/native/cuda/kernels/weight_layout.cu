#include <cstring>

#include "cuda/kernels/weight_layout.h"
#include "tensor/block_layout.h"

namespace sparkllama::cuda {
namespace {

constexpr int kThreads = 128;
constexpr unsigned kMostBlocks = 1 << 16;

struct Placing {
  TensorType type;
  RecordLayout packed;
  PlacedLayout placed;
  const std::byte* source;  // [panels][packed_panel]
  std::byte* target;        // [panels][records][placed.bytes]
  int64_t packed_panel;     // bytes
  int64_t panels;
  int64_t records;  // of a panel, placed
  int8_t iq4_values[16];
};

// One block of a row within its packed record; as the reference kernels read it.
struct PackedBlock {
  const Placing& placing;
  const std::byte* record;
  int row;
  int block;  // within the record

  __device__ int bits(const std::byte* vectors, int bit_count, int i) const {
    const int step = i / static_cast<int>(kStepColumns);
    const int steps_in_vector = 8 / bit_count;
    const auto byte = static_cast<uint8_t>(
        vectors[step / steps_in_vector * kStepBytes + row * kStepColumns + i % kStepColumns]);
    return (byte >> (step % steps_in_vector * bit_count)) & ((1 << bit_count) - 1);
  }

  // What the code of element i means.
  __device__ int code(int i) const {
    const RecordLayout& layout = placing.packed;
    int code = bits(record + block * layout.code_bytes, layout.code_bits, i);
    if (layout.high_bit_count != 0) {
      const std::byte* high = record + layout.high_at + block * layout.high_bytes;
      code |= bits(high, layout.high_bit_count, i) << layout.code_bits;
    }
    switch (placing.type) {
      case TensorType::kQ4_0:
        return code - 8;
      case TensorType::kQ5_0:
        return code - 16;
      case TensorType::kQ8_0:
        return code - 128;
      case TensorType::kQ3_K:
        return code - 4;
      case TensorType::kQ6_K:
        return code - 32;
      case TensorType::kIQ4_NL:
      case TensorType::kIQ4_XS:
        return placing.iq4_values[code];
      default:
        return code;
    }
  }

  __device__ std::byte sub_scale(int s) const {
    const std::byte byte = record[placing.packed.subs_at + s * kPanelRows + row];
    return placing.type == TensorType::kQ2_K ? byte & std::byte{15} : byte;
  }

  __device__ std::byte sub_minimum(int s) const {
    const RecordLayout& layout = placing.packed;
    if (placing.type == TensorType::kQ2_K) {
      return record[layout.subs_at + s * kPanelRows + row] >> 4;
    }
    return record[layout.sub_minimums_at + s / 2 * 2 * kPanelRows + 2 * row + s % 2];
  }

  __device__ uint16_t half(int part_at) const {
    uint16_t value;
    memcpy(&value, record + part_at + block * 32 + 2 * row, sizeof value);
    return value;
  }
};

// Where columns end within a record of 64, the packed one has zeros for a second block, as the
// placed one is to have.
//
// Writes what belongs to four neighbouring columns of a row of a placed record; the first columns
// of a block or sub-block bring its numbers along.
struct RecordWriter {
  const Placing& placing;
  std::byte* target;
  const std::byte* panel;
  int64_t record;

  __device__ PackedBlock block_of(int row, int column) const {
    const RecordLayout& layout = placing.packed;
    const int64_t block = (record * placing.placed.columns + column) / layout.block_columns;
    return {placing, panel + block / layout.blocks * layout.bytes, row,
            static_cast<int>(block % layout.blocks)};
  }

  __device__ uint32_t codes(int row, int column) const {
    uint32_t word = 0;
    const PackedBlock block = block_of(row, column);
    for (int i = 0; i < 4; ++i) {
      const int code = block.code((column + i) % placing.packed.block_columns);
      word |= (static_cast<uint32_t>(code) & 0xffu) << (8 * i);
    }
    return word;
  }

  __device__ void write_codes(int row, int column) const {
    const PlacedElement element = {placing.placed, row, column};
    const bool four_bits = placing.placed.code_bits == 4;
    if (four_bits && element.high_half() != 0) return;  // whoever has the low halves writes both
    uint32_t word = codes(row, column);
    if (four_bits) {
      word = (word & 0x0f0f0f0fu) | ((codes(row, column + 32) & 0x0f0f0f0fu) << 4);
    }
    *reinterpret_cast<uint32_t*>(target + element.code_at()) = word;
  }

  __device__ void write_numbers(int row, int column) const {
    const PlacedLayout& layout = placing.placed;
    const PlacedElement element = {layout, row, column};
    const PackedBlock block = block_of(row, column);
    if (layout.sub_columns != 0 && column % layout.sub_columns == 0) {
      const int sub = column / layout.sub_columns;
      target[element.sub_scale_at()] = block.sub_scale(sub);
      if (layout.has_minimum) target[element.sub_minimum_at()] = block.sub_minimum(sub);
    }
    if (column % placing.packed.block_columns != 0) return;
    const uint16_t scale = block.half(placing.packed.scales_at);
    memcpy(target + element.scale_at(), &scale, sizeof scale);
    if (!layout.has_minimum) return;
    const uint16_t minimum = block.half(placing.packed.minimums_at);
    memcpy(target + element.minimum_at(), &minimum, sizeof minimum);
  }
};

__global__ void place_records(Placing arguments) {
  const int64_t all = arguments.panels * arguments.records;
  for (int64_t index = blockIdx.x; index < all; index += gridDim.x) {
    const RecordWriter writer = {
        arguments, arguments.target + index * arguments.placed.bytes,
        arguments.source + index / arguments.records * arguments.packed_panel,
        index % arguments.records};
    const int quads = static_cast<int>(kPanelRows) * arguments.placed.columns / 4;
    for (int i = static_cast<int>(threadIdx.x); i < quads; i += kThreads) {
      const int row = i % static_cast<int>(kPanelRows);
      const int column = i / static_cast<int>(kPanelRows) * 4;
      writer.write_codes(row, column);
      writer.write_numbers(row, column);
    }
  }
}

struct Copying {
  const uint32_t* source;
  uint32_t* target;
  int64_t words;
};

__global__ void copy_words(Copying arguments) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < arguments.words;
       i += step) {
    arguments.target[i] = arguments.source[i];
  }
}

dim3 blocks_for(int64_t pieces) {
  return dim3(pieces < int64_t{kMostBlocks} ? static_cast<unsigned>(pieces) : kMostBlocks);
}

}  // namespace

void launch_place_panels(const PackedPanels& panels, const PackedMatrix& placed) {
  const int64_t panel = placed_panel_bytes(placed.type, placed.columns);
  auto* target = const_cast<std::byte*>(placed.data) + panels.first * panel;
  const PlacedLayout layout = placed_layout(placed.type);
  if (panels.count == 0 || placed.columns == 0) return;
  if (layout.columns == 1) {
    const int64_t words = panels.count * panel / 4;
    launch(copy_words, {blocks_for((words + kThreads - 1) / kThreads), dim3(kThreads)},
           panels.stream,
           Copying{reinterpret_cast<const uint32_t*>(panels.data),
                   reinterpret_cast<uint32_t*>(target), words});
    return;
  }
  Placing placing = {};
  placing.type = placed.type;
  placing.packed = record_layout(placed.type);
  placing.placed = layout;
  placing.source = panels.data;
  placing.target = target;
  placing.packed_panel = panel_bytes(placed.type, placed.columns);
  placing.panels = panels.count;
  placing.records = panel / layout.bytes;
  std::memcpy(placing.iq4_values, kIQ4Values, sizeof placing.iq4_values);
  launch(place_records, {blocks_for(placing.panels * placing.records), dim3(kThreads)},
         panels.stream, placing);
}

}  // namespace sparkllama::cuda
