#include "cuda/intrinsics.h"
#include "cuda/kernels/embed.h"
#include "cuda/placed_layout.h"

namespace sparkllama::cuda {
namespace {

constexpr int kThreads = 128;

struct Lookup {
  const int32_t* num_rows;
  const int32_t* token_ids;
  TensorType type;
  PlacedLayout layout;
  const std::byte* table;  // [panels][panel_bytes]
  int64_t panel_bytes;
  int64_t columns;
  float factor;
  float* rows;  // [num_rows, columns]
};

__device__ float half_at(const std::byte* data) {
  uint16_t bits;
  memcpy(&bits, data, sizeof bits);
  return widened(bits);
}

// Element of a float type.
__device__ float float_element(const Lookup& lookup, const std::byte* panel, int row,
                               int64_t column) {
  const std::byte* element =
      panel + column * lookup.layout.bytes + row * (lookup.layout.bytes / kPanelRows);
  if (lookup.type == TensorType::kF32) {
    float value;
    memcpy(&value, element, sizeof value);
    return value;
  }
  if (lookup.type == TensorType::kF16) return half_at(element);
  uint16_t bits;
  memcpy(&bits, element, sizeof bits);
  return float_of(static_cast<uint32_t>(bits) << 16);
}

// The same of a quantized one, in the order of roundings of KernelTable::dequantize_row.
__device__ float quantized_element(const Lookup& lookup, const std::byte* panel, int row,
                                   int64_t column) {
  const PlacedLayout& layout = lookup.layout;
  const std::byte* record = panel + column / layout.columns * layout.bytes;
  const PlacedElement element = {layout, row, static_cast<int32_t>(column % layout.columns)};
  int code = static_cast<int8_t>(record[element.code_at()]);
  if (layout.code_bits == 4) {
    code = (code >> (4 * element.high_half())) & 15;
    if (layout.signed_codes && code >= 8) code -= 16;
  }
  float scale = half_at(record + element.scale_at());
  if (layout.sub_columns != 0) {
    scale = scale * static_cast<float>(static_cast<int8_t>(record[element.sub_scale_at()]));
  }
  const float product = static_cast<float>(code) * scale;
  if (!layout.has_minimum) return product;
  const float minimum = half_at(record + element.minimum_at());
  if (layout.sub_columns == 0) return product + minimum;
  return product -
         minimum * static_cast<float>(static_cast<uint8_t>(record[element.sub_minimum_at()]));
}

// A block takes a token.
__global__ void embed_tokens(Lookup arguments) {
  const int64_t t = blockIdx.x;
  if (t >= *arguments.num_rows) return;
  const int32_t id = arguments.token_ids[t];
  float* out = arguments.rows + t * arguments.columns;
  const int row = id < 0 ? 0 : static_cast<int>(id % kPanelRows);
  const std::byte* panel =
      id < 0 ? nullptr : arguments.table + id / kPanelRows * arguments.panel_bytes;
  for (int64_t k = threadIdx.x; k < arguments.columns; k += kThreads) {
    float value = float_of(0x7fc00000u);
    if (panel != nullptr) {
      value = arguments.layout.columns == 1 ? float_element(arguments, panel, row, k)
                                            : quantized_element(arguments, panel, row, k);
      if (arguments.factor != 1.0f) value = value * arguments.factor;
    }
    out[k] = value;
  }
}

}  // namespace

void launch_embed(const RowLaunch& on, const DeviceStep& step, const PackedMatrix& table,
                  float factor, float* rows) {
  Lookup lookup = {};
  lookup.num_rows = on.num_rows;
  lookup.token_ids = step.token_ids;
  lookup.type = table.type;
  lookup.layout = placed_layout(table.type);
  lookup.table = table.data;
  lookup.panel_bytes = placed_panel_bytes(table.type, table.columns);
  lookup.columns = table.columns;
  lookup.factor = factor;
  lookup.rows = rows;
  launch(embed_tokens, {dim3(on.max_rows), dim3(kThreads)}, on.stream, lookup);
}

}  // namespace sparkllama::cuda
