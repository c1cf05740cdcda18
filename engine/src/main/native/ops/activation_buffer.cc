#include "ops/activation_buffer.h"

namespace sparkllama {

FormatSet FormatSet::of(std::initializer_list<const PackedMatrix*> weights) {
  FormatSet formats;
  for (const PackedMatrix* matrix : weights) {
    const ActivationFormat format = activation_format(matrix->type);
    formats.block32 = formats.block32 || format == ActivationFormat::kInt8Block32;
    formats.block256 = formats.block256 || format == ActivationFormat::kInt8Block256;
  }
  return formats;
}

ActivationBuffer::ActivationBuffer(int64_t max_rows, int64_t max_columns)
    : codes32_(max_rows * tile_row_bytes(max_columns)),
      scales32_(max_rows * (max_columns / 32)),
      sums32_(max_rows * (max_columns / 32)),
      codes256_(max_rows * tile_row_bytes(max_columns)),
      scales256_(max_rows * (max_columns / 256)),
      sums256_(max_rows * (max_columns / 16)),
      short_sums256_(max_rows * (max_columns / 32)),
      loud256_(max_rows * (max_columns / 256)) {}

int64_t ActivationBuffer::byte_size() const {
  return codes32_.byte_size() + scales32_.byte_size() + sums32_.byte_size() +
         codes256_.byte_size() + scales256_.byte_size() + sums256_.byte_size() +
         short_sums256_.byte_size() + loud256_.byte_size();
}

void ActivationBuffer::quantize_row(const KernelTable& kernels, FormatSet formats,
                                    const float* values, RowGroup group, int64_t index,
                                    int64_t columns) {
  const ActivationTile tile = ActivationTiles{group.count, kernels.tile_rows}.tile_of(index);
  const int64_t first = group.first + tile.first_row;
  const int64_t in_tile = index - tile.first_row;
  const int64_t codes = first * tile_row_bytes(columns) + in_tile * kTileColumns;
  // Where elements of which a row has `count` begin for this one.
  const auto at = [&](int64_t count) { return first * count + in_tile; };
  if (formats.block32) {
    kernels.quantize_block32(values, columns,
                             {codes32_.data() + codes, scales32_.data() + at(columns / 32),
                              sums32_.data() + at(columns / 32), nullptr, nullptr, tile.num_rows});
  }
  if (formats.block256) {
    kernels.quantize_block256(
        values, columns,
        {codes256_.data() + codes, scales256_.data() + at(columns / 256),
         sums256_.data() + at(columns / 16), short_sums256_.data() + 2 * at(columns / 64),
         loud256_.data() + at(columns / 256), tile.num_rows});
  }
}

Activations ActivationBuffer::activations(const KernelTable& kernels, ActivationFormat format,
                                          const float* values, RowGroup group,
                                          int64_t columns) const {
  const ActivationTiles tiles = {group.count, kernels.tile_rows};
  const int64_t codes = group.first * tile_row_bytes(columns);
  const int64_t blocks32 = group.first * (columns / 32);
  const int64_t blocks256 = group.first * (columns / 256);
  switch (format) {
    case ActivationFormat::kInt8Block32:
      return {values,
              codes32_.data() + codes,
              scales32_.data() + blocks32,
              sums32_.data() + blocks32,
              nullptr,
              nullptr,
              columns,
              tiles};
    case ActivationFormat::kInt8Block256:
      return {values,
              codes256_.data() + codes,
              scales256_.data() + blocks256,
              sums256_.data() + 16 * blocks256,
              short_sums256_.data() + 8 * blocks256,
              loud256_.data() + blocks256,
              columns,
              tiles};
    case ActivationFormat::kFloat32:
      break;
  }
  return {values, nullptr, nullptr, nullptr, nullptr, nullptr, columns, tiles};
}

}  // namespace sparkllama
