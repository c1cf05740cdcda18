// Quantizes rows to 8 bits as products on a device read them: in the order in which the lanes of a
// warp hold the second matrix of multiply_codes.
//
// Eight rows form a tile. A row's codes within a block of 32 columns are 32 bytes side by side,
// [4 lanes][2 words][4 codes], where word w of lane t is columns 16 w + 4 t and the three after it.
// So the block of a whole tile is [32 lanes][2 words], and one load of 8 bytes is what a lane
// needs.
//
// A tile is a sequence of records along the columns:
//
//   kInt8Block32, for 64 columns:    codes [2 blocks][256], scales float32 [2 blocks][8 rows]
//   kInt8Block256, for 256 columns:  codes [8 blocks of 32][256], scale float32 [8 rows]
//
// Where columns end within a record of 64, its second block is zeros with a scale of zero: it adds
// nothing to a sum. Sums of codes, which few types ask for, stand apart; those of 16 columns are
// split into two codes, low + 128 high, so that multiply_codes can take them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/intrinsics.h"
#include "ops/activation_buffer.h"

namespace sparkllama::cuda {

// Rows of a tile.
constexpr int kTileRows = 8;

// Bytes of codes of a tile's block of 32 columns.
constexpr int kTileBlockBytes = kTileRows * 32;

// Columns and bytes of a record, where its scales begin, and bytes of the sums beside it.
struct TileRecord {
  int columns;
  int bytes;
  int scales_at;
  int sum_bytes;
};

constexpr TileRecord kTileRecord32 = {64, 2 * kTileBlockBytes + 64, 2 * kTileBlockBytes, 64};
constexpr TileRecord kTileRecord256 = {256, 8 * kTileBlockBytes + 32, 8 * kTileBlockBytes, 256};

constexpr int64_t tile_count(int64_t rows) { return (rows + kTileRows - 1) / kTileRows; }

constexpr int64_t record_count(TileRecord record, int64_t columns) {
  return (columns + record.columns - 1) / record.columns;
}

// On the device; all on a border of 64 bytes. What rows beyond the last hold in its tile is of no
// value, and nothing of any other row depends on it.
struct QuantizedRows {
  std::byte* records32;   // [tiles][record_count][kTileRecord32.bytes]
  std::byte* sums32;      // float32 [tiles][record_count][2 blocks][8 rows]
  std::byte* records256;  // [tiles][record_count][kTileRecord256.bytes]
  std::byte* sums256;     // [tiles][record_count][8 rows][4 words of 4 sums][low, high][4]
};

// Bytes for so many rows of at most so many columns, in all formats.
constexpr int64_t quantized_rows_bytes(int64_t max_rows, int64_t max_columns) {
  int64_t bytes = 0;
  for (const TileRecord record : {kTileRecord32, kTileRecord256}) {
    const int64_t records = tile_count(max_rows) * record_count(record, max_columns);
    bytes += (records * record.bytes + 63) / 64 * 64 + (records * record.sum_bytes + 63) / 64 * 64;
  }
  return bytes;
}

// Divides memory of quantized_rows_bytes, on a border of 64 bytes.
inline QuantizedRows quantized_rows(void* memory, int64_t max_rows, int64_t max_columns) {
  auto* next = static_cast<std::byte*>(memory);
  const auto take = [&next](int64_t bytes) {
    std::byte* taken = next;
    next += (bytes + 63) / 64 * 64;
    return taken;
  };
  const int64_t records32 = tile_count(max_rows) * record_count(kTileRecord32, max_columns);
  const int64_t records256 = tile_count(max_rows) * record_count(kTileRecord256, max_columns);
  QuantizedRows rows;
  rows.records32 = take(records32 * kTileRecord32.bytes);
  rows.sums32 = take(records32 * kTileRecord32.sum_bytes);
  rows.records256 = take(records256 * kTileRecord256.bytes);
  rows.sums256 = take(records256 * kTileRecord256.sum_bytes);
  return rows;
}

// Part of a row.
struct ColumnRange {
  int64_t first;    // a multiple of 256
  int64_t count;    // a multiple of 32, of 256 where that format is asked for
  int64_t columns;  // of the whole row
};

namespace quantized {

// How codes are made of the values of a block; an inverse of 0 makes them all 0.
struct CodeScale {
  float scale;
  float inverse;
};

__device__ inline CodeScale code_scale(uint32_t largest_magnitude) {
  constexpr uint32_t kInfinity = 0x7f800000u;
  if (largest_magnitude >= kInfinity) return {float_of(0x7fc00000u), 0.0f};
  const float amax = float_of(largest_magnitude);
  if (amax < 0x1p-100f) return {0.0f, 0.0f};
  return {amax / 127.0f, 127.0f / amax};
}

// Four neighbouring values, and what becomes of them.
struct alignas(16) Quad {
  float values[4];
};

__device__ inline uint32_t largest_magnitude(const Quad& quad) {
  uint32_t largest = 0;
  for (int i = 0; i < 4; ++i) {
    const uint32_t magnitude = bits_of(quad.values[i]) & 0x7fffffffu;
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

// The largest of lanes whose numbers differ in bits below `lanes`.
__device__ inline uint32_t largest_of_lanes(uint32_t value, int lanes) {
  for (int mask = 1; mask < lanes; mask *= 2) {
    const uint32_t other = shuffle_xor(value, mask);
    value = other > value ? other : value;
  }
  return value;
}

__device__ inline int32_t sum_of_lanes(int32_t value, int lanes) {
  for (int mask = 1; mask < lanes; mask *= 2) value += shuffle_xor(value, mask);
  return value;
}

__device__ inline uint32_t codes_of(const Quad& quad, float inverse) {
  uint32_t word = 0;
  if (inverse == 0.0f) return word;
  for (int i = 0; i < 4; ++i) {
    // Adding 1.5 * 2^23 leaves the integer, rounded half to even, in the low bits.
    const float shifted = quad.values[i] * inverse + 0x1.8p23f;
    word |= (bits_of(shifted) & 0xffu) << (8 * i);
  }
  return word;
}

__device__ inline int32_t sum_of_codes(uint32_t word) {
  int32_t sum = 0;
  for (int i = 0; i < 4; ++i) sum += static_cast<int8_t>(word >> (8 * i));
  return sum;
}

// Where the word of four columns stands within the codes of a tile's blocks.
__device__ inline int64_t word_at(int64_t row, int64_t column) {
  return column / 32 * kTileBlockBytes + row % kTileRows * 32 + column % 16 / 4 * 8 +
         column % 32 / 16 * 4;
}

// 128 columns from `first` of the range: a warp's, eight lanes to a block.
__device__ inline void store_block32(const QuantizedRows& out, int64_t row, const float* values,
                                     const ColumnRange& range, int64_t first) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  const int64_t offset = first + 4 * lane;
  Quad quad = {};
  if (offset < range.count) quad = *reinterpret_cast<const Quad*>(values + offset);
  const CodeScale scale = code_scale(largest_of_lanes(largest_magnitude(quad), 8));
  const uint32_t word = codes_of(quad, scale.inverse);
  const int32_t sum = sum_of_lanes(sum_of_codes(word), 8);
  const int64_t column = range.first + offset;
  const int64_t end = record_count(kTileRecord32, range.columns) * kTileRecord32.columns;
  if (offset >= range.count && (range.first + range.count < range.columns || column >= end)) return;
  const int64_t record =
      row / kTileRows * record_count(kTileRecord32, range.columns) + column / kTileRecord32.columns;
  std::byte* codes = out.records32 + record * kTileRecord32.bytes;
  *reinterpret_cast<uint32_t*>(codes + word_at(row, column % kTileRecord32.columns)) = word;
  if (lane % 8 != 0) return;
  const int64_t element = column % kTileRecord32.columns / 32 * kTileRows + row % kTileRows;
  reinterpret_cast<float*>(codes + kTileRecord32.scales_at)[element] = scale.scale;
  reinterpret_cast<float*>(out.sums32 + record * kTileRecord32.sum_bytes)[element] =
      static_cast<float>(sum);
}

// The block of 256 columns from `first` of the range: a warp's.
__device__ inline void store_block256(const QuantizedRows& out, int64_t row, const float* values,
                                      const ColumnRange& range, int64_t first) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  Quad quads[2];
  uint32_t largest = 0;
  for (int half = 0; half < 2; ++half) {
    quads[half] = *reinterpret_cast<const Quad*>(values + first + 128 * half + 4 * lane);
    const uint32_t magnitude = largest_magnitude(quads[half]);
    largest = magnitude > largest ? magnitude : largest;
  }
  const CodeScale scale = code_scale(largest_of_lanes(largest, kWarpSize));
  const int64_t record = row / kTileRows * record_count(kTileRecord256, range.columns) +
                         (range.first + first) / kTileRecord256.columns;
  std::byte* codes = out.records256 + record * kTileRecord256.bytes;
  std::byte* sums = out.sums256 + record * kTileRecord256.sum_bytes + row % kTileRows * 32;
  for (int half = 0; half < 2; ++half) {
    const uint32_t word = codes_of(quads[half], scale.inverse);
    *reinterpret_cast<uint32_t*>(codes + word_at(row, 128 * half + 4 * lane)) = word;
    const int32_t sum = sum_of_lanes(sum_of_codes(word), 4);
    if (lane % 4 == 0) {
      const int sub = 8 * half + lane / 4;
      std::byte* low = sums + sub / 4 * 8 + sub % 4;
      low[0] = static_cast<std::byte>(sum & 127);
      low[4] = static_cast<std::byte>(sum >> 7);
    }
  }
  if (lane == 0) {
    reinterpret_cast<float*>(codes + kTileRecord256.scales_at)[row % kTileRows] = scale.scale;
  }
}

}  // namespace quantized

// Quantizes part of a row in the formats that are asked for, as Activations of ops/kernel_table.h
// says: `values` is that part, in shared or global memory, on a border of 16 bytes. All threads of
// the block come here, in one dimension and whole warps, and see each other's values already.
__device__ inline void store_quantized(const QuantizedRows& out, FormatSet formats, int64_t row,
                                       const float* values, const ColumnRange& range) {
  const int64_t warp = threadIdx.x / kWarpSize;
  const int64_t warps = blockDim.x / kWarpSize;
  if (formats.block32) {
    for (int64_t first = warp * 128; first < range.count; first += warps * 128) {
      quantized::store_block32(out, row, values, range, first);
    }
  }
  if (formats.block256) {
    for (int64_t first = warp * 256; first < range.count; first += warps * 256) {
      quantized::store_block256(out, row, values, range, first);
    }
  }
}

// The same for a whole row.
__device__ inline void store_quantized(const QuantizedRows& out, FormatSet formats, int64_t row,
                                       const float* values, int64_t columns) {
  store_quantized(out, formats, row, values, {0, columns, columns});
}

}  // namespace sparkllama::cuda
