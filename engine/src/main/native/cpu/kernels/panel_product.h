// Multiplies packed weights with activations, written once for all vector units.
//
// Lanes are outputs, and an activation is broadcast: no sum runs across lanes, so that an output is
// one chain whatever the width of the vectors. A tile is one or two panels by a few activation
// rows; it runs along a chunk of the columns with its sums in registers, while the weights of the
// chunk stay in the caches for all activation rows.
//
// An instruction set's files include this with a vector unit `V` of an unnamed namespace, which
// gives every function here a copy of their own (the linker must not merge copies of different
// instruction sets). V has:
//   kVectors          vectors that cover the 16 rows of a panel
//   kPanels, kRows    panels and most activation rows of a tile
//   kSubtractsOffset  whether dot_wide subtracts the offset of 128 itself
//   Int, Float        vectors of 64 / kVectors bytes
//   load, zero, broadcast (of 4 bytes), add, subtract, multiply (32-bit lanes), shift_left (32-bit
//   lanes), low_bits<bits, shift> (of every byte, shifted right first), place_bits<bits, shift, to>
//   (those bits, at bit `to`), either (bitwise or), table_codes (what 4-bit IQ4 codes mean, + 128)
//   dot               accumulator + 4 products per lane: codes in [0, 63], activations
//   dot_wide          the same with codes in [0, 255], each 128 above what is meant
//   dot_shorts        accumulator + 2 products per lane of 16-bit integers
//   widen_signed, widen_low_half, widen_high_half, widen_pairs: one byte (two) per lane to 32 (16)
//   to_float, load_float, load_halves, load_bfloats, broadcast_float, multiply, fma, fnma, store
#pragma once

#include "cpu/kernels/product_task.h"

namespace sparkllama {
namespace {

// Bytes of packed weights that stay in the second cache, beside the next chunk's, for all
// activation rows. A chunk of few columns would spend its time on loading and storing the sums.
constexpr int64_t kChunkBytes = 96 * 1024;

// What a tile reads and writes.
struct ProductTile {
  const uint8_t* panels[2];  // at the chunk's first record
  int64_t columns;           // of the whole matrix
  int64_t first_block;       // of the chunk, even for types of 32 columns
  int64_t end_block;
  const Activations* activations;
  int64_t first_row;
  float* y[2];         // output of the first row and the panel's first output
  int64_t outputs[2];  // of the panel: 16, fewer at the end, 0 where there is no panel
  int64_t y_stride;
  // What is read next lies `ahead` bytes further: this tile fetches these cache lines of each
  // record there.
  int64_t ahead;
  int64_t first_line;
  int64_t end_line;
};

// Fetches into the second cache: the first has the activations.
inline __attribute__((always_inline)) void fetch_ahead(const ProductTile& tile,
                                                       const uint8_t* record) {
  for (int64_t line = tile.first_line; line < tile.end_line; ++line) {
    __builtin_prefetch(record + tile.ahead + 64 * line, 0, 2);
  }
}

// Fetches the line of activations that the next tile reads where this one reads `x`: a row's chunk
// is too short for the processor to foresee it.
template <int kRows>
inline __attribute__((always_inline)) void fetch_next_rows(const int8_t* x, int64_t x_stride) {
#pragma GCC unroll 8
  for (int t = kRows; t < 2 * kRows; ++t) __builtin_prefetch(x + t * x_stride, 0, 3);
}

// What is added to a code in the packed layout.
constexpr int code_offset(TensorType type) {
  switch (type) {
    case TensorType::kQ4_0:
      return 8;
    case TensorType::kQ5_0:
      return 16;
    case TensorType::kQ3_K:
      return 4;
    case TensorType::kQ6_K:
      return 32;
    case TensorType::kQ8_0:
    case TensorType::kIQ4_NL:
    case TensorType::kIQ4_XS:
      return 128;
    default:
      return 0;
  }
}

// Base-two logarithm of a power of two.
constexpr int log2_of(int power) { return power == 1 ? 0 : 1 + log2_of(power / 2); }

// Reads and multiplies the codes of one type.
template <typename V, TensorType kType>
struct PanelCodes {
  using Int = typename V::Int;
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kOffset = code_offset(kType);
  static constexpr bool kWide = kOffset == 128;
  // Whether the offset is taken from the sums of activations.
  static constexpr bool kOffsetBySums = kOffset != 0 && !(kWide && V::kSubtractsOffset);
  static constexpr bool kTable = kType == TensorType::kIQ4_NL || kType == TensorType::kIQ4_XS;
  static constexpr bool kMinimum = kRecord.minimum_bytes > 0;
  static constexpr int kVectorBytes = 64 / V::kVectors;

  // Bytes of 8 steps.
  static constexpr int kCodeBytes = 64 * kRecord.code_bits;
  static constexpr int kHighBytes = 64 * kRecord.high_bit_count;

  // Step kStep of 8; `codes` and `high` point to the part of the vectors that holds the lanes.
  template <int kStep>
  static inline __attribute__((always_inline)) Int step(const uint8_t* codes, const uint8_t* high) {
    constexpr int kBits = kRecord.code_bits;
    constexpr int kSteps = 8 / kBits;
    const Int vector = V::load(codes + kStep / kSteps * 64);
    Int low = vector;
    if constexpr (kBits < 8) low = V::template low_bits<kBits, kStep % kSteps * kBits>(vector);
    if constexpr (kTable) low = V::table_codes(low);
    if constexpr (kRecord.high_bit_count > 0) {
      constexpr int kHigh = kRecord.high_bit_count;
      constexpr int kHighSteps = 8 / kHigh;
      const Int bits = V::load(high + kStep / kHighSteps * 64);
      low = V::either(low, V::template place_bits<kHigh, kStep % kHighSteps * kHigh, kBits>(bits));
    }
    return low;
  }

  static inline __attribute__((always_inline)) Int dot(Int sum, Int codes, Int activations) {
    if constexpr (kWide) {
      return V::dot_wide(sum, codes, activations);
    } else {
      return V::dot(sum, codes, activations);
    }
  }

  // What a chain of dots begins with, so that it ends without the codes' offset.
  static inline __attribute__((always_inline)) Int begin(const int32_t* sum) {
    if constexpr (kOffsetBySums) {
      return V::subtract(V::zero(), V::template shift_left<log2_of(kOffset)>(V::broadcast(sum)));
    } else {
      return V::zero();
    }
  }
};

// Adds the products of steps [kStep, kEnd) of 8. kVectors counts those of all panels.
template <typename V, typename Codes, int kRows, int kVectors, int kStep, int kEnd>
inline __attribute__((always_inline)) void add_steps(const uint8_t* const (&codes)[kVectors],
                                                     const uint8_t* const (&high)[kVectors],
                                                     const int8_t* x, int64_t x_stride,
                                                     typename V::Int (&dots)[kRows][kVectors]) {
  typename V::Int weights[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    weights[v] = Codes::template step<kStep>(codes[v], high[v]);
  }
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    const typename V::Int four = V::broadcast(x + t * x_stride + 4 * kStep);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) dots[t][v] = Codes::dot(dots[t][v], weights[v], four);
  }
  if constexpr (kStep + 1 < kEnd) {
    add_steps<V, Codes, kRows, kVectors, kStep + 1, kEnd>(codes, high, x, x_stride, dots);
  }
}

// The sums of a tile, kept in y between chunks.
template <typename V, int kRows, int kVectors>
struct TileSums {
  typename V::Float acc[kRows][kVectors];

  static constexpr int kLanes = 16 / V::kVectors;

  inline __attribute__((always_inline)) void load(const ProductTile& tile, bool first) {
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const int panel = v / V::kVectors;
        const int lane = v % V::kVectors * kLanes;
        acc[t][v] = first ? V::zero_float()
                          : V::load_float(tile.y[panel] + t * tile.y_stride + lane,
                                          tile.outputs[panel] - lane);
      }
    }
  }

  inline __attribute__((always_inline)) void store(const ProductTile& tile) const {
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const int panel = v / V::kVectors;
        const int lane = v % V::kVectors * kLanes;
        V::store(tile.y[panel] + t * tile.y_stride + lane, tile.outputs[panel] - lane, acc[t][v]);
      }
    }
  }
};

// Types of 32 columns.
template <typename V, TensorType kType, int kRows>
struct Block32Tile {
  using Codes = PanelCodes<V, kType>;
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kVectors = V::kPanels * V::kVectors;
  using Sums = TileSums<V, kRows, kVectors>;

  // Block kBlock of the record at `records`.
  template <int kBlock>
  static inline __attribute__((always_inline)) void add_block(
      const uint8_t* const (&records)[V::kPanels], const int8_t* x, int64_t x_stride,
      const float* scales, const int32_t* sums, int64_t blocks, Sums& tile) {
    const uint8_t* codes[kVectors];
    const uint8_t* high[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const uint8_t* record = records[v / V::kVectors];
      const int part = v % V::kVectors * Codes::kVectorBytes;
      codes[v] = record + kBlock * kRecord.code_bytes + part;
      high[v] = record + kRecord.high_at + kBlock * kRecord.high_bytes + part;
    }
    typename V::Int dots[kRows][kVectors];
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const typename V::Int begin = Codes::begin(sums + t * blocks);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) dots[t][v] = begin;
    }
    add_steps<V, Codes, kRows, kVectors, 0, 8>(codes, high, x, x_stride, dots);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const uint8_t* record = records[v / V::kVectors];
      const int part = v % V::kVectors * (32 / V::kVectors);
      const typename V::Float weight_scales =
          V::load_halves(record + kRecord.scales_at + kBlock * 32 + part);
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        const typename V::Float scale = V::broadcast_float(scales + t * blocks);
        tile.acc[t][v] =
            V::fma(V::to_float(dots[t][v]), V::multiply(weight_scales, scale), tile.acc[t][v]);
        if constexpr (Codes::kMinimum) {
          const typename V::Float minimums =
              V::load_halves(record + kRecord.minimums_at + kBlock * 32 + part);
          const typename V::Float sum = V::to_float(V::broadcast(sums + t * blocks));
          tile.acc[t][v] = V::fma(sum, V::multiply(minimums, scale), tile.acc[t][v]);
        }
      }
    }
  }

  static void multiply(const ProductTile& tile) {
    const Activations& a = *tile.activations;
    const int64_t blocks = tile.columns / 32;
    const int8_t* x = a.codes + tile.first_row * tile.columns + tile.first_block * 32;
    const float* scales = a.scales + tile.first_row * blocks + tile.first_block;
    const int32_t* sums = a.sums + tile.first_row * blocks + tile.first_block;
    const uint8_t* records[V::kPanels];
    for (int p = 0; p < V::kPanels; ++p) records[p] = tile.panels[p];
    Sums acc;
    acc.load(tile, tile.first_block == 0);
    int64_t b = tile.first_block;
    for (; b + 2 <= tile.end_block; b += 2) {
      add_block<0>(records, x, tile.columns, scales, sums, blocks, acc);
      add_block<1>(records, x + 32, tile.columns, scales + 1, sums + 1, blocks, acc);
      fetch_next_rows<kRows>(x, tile.columns);
      x += 64;
      scales += 2;
      sums += 2;
#pragma GCC unroll 2
      for (int p = 0; p < V::kPanels; ++p) {
        fetch_ahead(tile, records[p]);
        records[p] += kRecord.bytes;
      }
    }
    if (b < tile.end_block) add_block<0>(records, x, tile.columns, scales, sums, blocks, acc);
    acc.store(tile);
  }
};

// Types of 256 columns.
template <typename V, TensorType kType, int kRows>
struct Block256Tile {
  using Codes = PanelCodes<V, kType>;
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kVectors = V::kPanels * V::kVectors;
  static constexpr int kLanes = 16 / V::kVectors;
  using Sums = TileSums<V, kRows, kVectors>;
  using Int = typename V::Int;

  static inline __attribute__((always_inline)) Int sub_scale(const uint8_t* subs) {
    return kType == TensorType::kQ2_K ? V::widen_low_half(subs) : V::widen_signed(subs);
  }

  // Adds sub-blocks of 16 or 32 columns: half kHalf of the group, or the whole of it.
  template <int kBegin, int kEnd>
  static inline __attribute__((always_inline)) void add_sub(
      const uint8_t* const (&codes)[kVectors], const uint8_t* const (&high)[kVectors],
      const uint8_t* const (&subs)[kVectors], const int8_t* x, int64_t x_stride,
      const int32_t* sums, int64_t sums_stride, Int (&dots)[kRows][kVectors]) {
    Int sub_dots[kRows][kVectors];
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      Int begin = Codes::begin(sums + t * sums_stride);
      if constexpr (kEnd - kBegin == 8 && Codes::kOffsetBySums) {
        begin = V::add(begin, Codes::begin(sums + t * sums_stride + 1));
      }
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sub_dots[t][v] = begin;
    }
    add_steps<V, Codes, kRows, kVectors, kBegin, kEnd>(codes, high, x, x_stride, sub_dots);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Int scale = sub_scale(subs[v]);
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        dots[t][v] = V::add(dots[t][v], V::multiply(sub_dots[t][v], scale));
      }
    }
  }

  // The sum of sub-minimums times sums of activations.
  static inline __attribute__((always_inline)) Int minima(const uint8_t* record, int vector,
                                                          const int32_t* sums,
                                                          const int16_t* sums32) {
    Int total = V::zero();
    if constexpr (kType == TensorType::kQ2_K) {
      const uint8_t* subs = record + kRecord.subs_at + vector * kLanes;
#pragma GCC unroll 16
      for (int s = 0; s < 16; ++s) {
        total =
            V::add(total, V::multiply(V::widen_high_half(subs + 16 * s), V::broadcast(sums + s)));
      }
    } else {
      const uint8_t* pairs = record + kRecord.sub_minimums_at + 2 * vector * kLanes;
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        total = V::dot_shorts(total, V::widen_pairs(pairs + 32 * j), V::broadcast(sums32 + 2 * j));
      }
    }
    return total;
  }

  static void multiply(const ProductTile& tile) {
    const Activations& a = *tile.activations;
    const int64_t blocks = tile.columns / 256;
    Sums acc;
    acc.load(tile, tile.first_block == 0);
    for (int64_t b = tile.first_block; b < tile.end_block; ++b) {
      const int8_t* x = a.codes + tile.first_row * tile.columns + b * 256;
      const float* scales = a.scales + tile.first_row * blocks + b;
      const int32_t* sums = a.sums + (tile.first_row * blocks + b) * 16;
      const int16_t* sums32 = a.sums32 + (tile.first_row * blocks + b) * 8;
      const uint8_t* records[kVectors];
      const uint8_t* codes[kVectors];
      const uint8_t* high[kVectors];
      const uint8_t* subs[kVectors];
      Int dots[kRows][kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        records[v] = tile.panels[v / V::kVectors] + (b - tile.first_block) * kRecord.bytes;
        codes[v] = records[v] + v % V::kVectors * Codes::kVectorBytes;
        high[v] = codes[v] + kRecord.high_at;
        subs[v] = records[v] + kRecord.subs_at + v % V::kVectors * kLanes;
#pragma GCC unroll 8
        for (int t = 0; t < kRows; ++t) dots[t][v] = V::zero();
      }
#pragma GCC unroll 2
      for (int p = 0; p < V::kPanels; ++p) fetch_ahead(tile, records[p * V::kVectors]);
      for (int g = 0; g < 8; ++g) {
        if constexpr (kRecord.subs == 16) {
          add_sub<0, 4>(codes, high, subs, x, tile.columns, sums, blocks * 16, dots);
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; ++v) subs[v] += 16;
          add_sub<4, 8>(codes, high, subs, x, tile.columns, sums + 1, blocks * 16, dots);
        } else {
          add_sub<0, 8>(codes, high, subs, x, tile.columns, sums, blocks * 16, dots);
        }
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          codes[v] += Codes::kCodeBytes;
          high[v] += Codes::kHighBytes;
          subs[v] += 16;
        }
        if (g % 2 == 0) fetch_next_rows<kRows>(x, tile.columns);
        x += 32;
        sums += 2;
      }
      sums -= 16;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const int vector = v % V::kVectors;
        const typename V::Float weight_scales =
            V::load_halves(records[v] + kRecord.scales_at + 2 * vector * kLanes);
#pragma GCC unroll 8
        for (int t = 0; t < kRows; ++t) {
          const typename V::Float scale = V::broadcast_float(scales + t * blocks);
          acc.acc[t][v] =
              V::fma(V::to_float(dots[t][v]), V::multiply(weight_scales, scale), acc.acc[t][v]);
          if constexpr (Codes::kMinimum) {
            const typename V::Float minimums = V::multiply(
                V::load_halves(records[v] + kRecord.minimums_at + 2 * vector * kLanes), scale);
            const Int sum =
                minima(records[v], vector, sums + t * blocks * 16, sums32 + t * blocks * 8);
            acc.acc[t][v] = V::fnma(V::to_float(sum), minimums, acc.acc[t][v]);
          }
        }
      }
    }
    acc.store(tile);
  }
};

// The float types: a record is one column.
template <typename V, TensorType kType, int kRows>
struct FloatTile {
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kVectors = V::kPanels * V::kVectors;

  static inline __attribute__((always_inline)) typename V::Float load(const uint8_t* from) {
    if constexpr (kType == TensorType::kF32) {
      return V::load_floats(from);
    } else if constexpr (kType == TensorType::kF16) {
      return V::load_halves(from);
    } else {
      return V::load_bfloats(from);
    }
  }

  static void multiply(const ProductTile& tile) {
    TileSums<V, kRows, kVectors> acc;
    acc.load(tile, tile.first_block == 0);
    const float* x = tile.activations->values + tile.first_row * tile.columns;
    const uint8_t* columns[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      columns[v] = tile.panels[v / V::kVectors] + v % V::kVectors * (kRecord.bytes / V::kVectors);
    }
    for (int64_t k = tile.first_block; k < tile.end_block; ++k) {
      typename V::Float weights[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        weights[v] = load(columns[v]);
        columns[v] += kRecord.bytes;
      }
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        const typename V::Float value = V::broadcast_float(x + t * tile.columns + k);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          acc.acc[t][v] = V::fma(weights[v], value, acc.acc[t][v]);
        }
      }
    }
    acc.store(tile);
  }
};

// Calls the tile's function for its number of activation rows.
template <typename V, template <typename, TensorType, int> typename Tile, TensorType kType,
          int kRows>
inline __attribute__((always_inline)) void multiply_rows(const ProductTile& tile, int64_t rows) {
  if (rows == kRows) {
    Tile<V, kType, kRows>::multiply(tile);
  } else if constexpr (kRows > 1) {
    multiply_rows<V, Tile, kType, kRows - 1>(tile, rows);
  }
}

// How a product of one type walks through its weights: panels by chunks of columns.
template <typename V, TensorType kType>
struct PanelWalk {
  static constexpr RecordLayout kRecord = record_layout(kType);
  const ProductTask& task;
  int64_t blocks;  // of a row
  int64_t chunk;   // blocks, whole records
  int64_t bytes;   // of a panel

  explicit PanelWalk(const ProductTask& product)
      : task(product),
        blocks(task.weights.columns / kRecord.block_columns),
        bytes(panel_bytes(kType, task.weights.columns)) {
    // Few activation rows pass a chunk once: then it is the whole panel, read in one go. Chunks of
    // like width, for one of few columns is mostly beginning and end.
    constexpr int64_t kMost = kChunkBytes / (V::kPanels * kRecord.bytes) * kRecord.blocks;
    const int64_t chunks = task.num_rows <= V::kRows ? 1 : (blocks + kMost - 1) / kMost;
    const int64_t records = (blocks + kRecord.blocks - 1) / kRecord.blocks;
    chunk = (records + chunks - 1) / chunks * kRecord.blocks;
  }

  const uint8_t* at(int64_t row, int64_t block) const {
    return reinterpret_cast<const uint8_t*>(task.weights.data) + row / kPanelRows * bytes +
           block / kRecord.blocks * kRecord.bytes;
  }
};

// For a single activation row: memory is read as one stream, which is faster than two.
template <typename V>
struct SingleRowUnit : V {
  static constexpr int kPanels = 1;
  static constexpr int kRows = 1;
};

template <typename V, template <typename, TensorType, int> typename Tile, TensorType kType>
void multiply_panels(const ProductTask& task) {
  if constexpr (V::kPanels > 1) {
    if (task.num_rows == 1) return multiply_panels<SingleRowUnit<V>, Tile, kType>(task);
  }
  const PanelWalk<V, kType> walk(task);
  constexpr int64_t kStride = V::kPanels * kPanelRows;
  constexpr int64_t kLines = record_layout(kType).bytes / 64;
  // Tiles of like height: one of few rows costs almost as much as a full one.
  const int64_t tiles = (task.num_rows + V::kRows - 1) / V::kRows;
  for (int64_t r = task.row_begin; r < task.row_end; r += kStride) {
    for (int64_t first = 0; first < walk.blocks; first += walk.chunk) {
      const bool last = first + walk.chunk >= walk.blocks;
      ProductTile tile;
      tile.columns = task.weights.columns;
      tile.first_block = first;
      tile.end_block = last ? walk.blocks : first + walk.chunk;
      tile.activations = &task.activations;
      tile.y_stride = task.y_stride;
      tile.ahead = last ? walk.at(r + kStride, 0) - walk.at(r, first)
                        : walk.at(r, first + walk.chunk) - walk.at(r, first);
      for (int64_t i = 0; i < tiles; ++i) {
        tile.first_row = task.num_rows * i / tiles;
        tile.first_line = kLines * i / tiles;
        tile.end_line = kLines * (i + 1) / tiles;
        for (int p = 0; p < V::kPanels; ++p) {
          // Where there is no second panel the first is read twice, and nothing is written.
          const bool there = r + p * kPanelRows < task.row_end;
          const int64_t output = there ? r + p * kPanelRows : r;
          const int64_t left = there ? task.row_end - output : 0;
          tile.panels[p] = walk.at(output, first);
          tile.y[p] = task.y + tile.first_row * task.y_stride + output;
          tile.outputs[p] = left < kPanelRows ? left : kPanelRows;
        }
        multiply_rows<V, Tile, kType, V::kRows>(tile,
                                                task.num_rows * (i + 1) / tiles - tile.first_row);
      }
    }
  }
}

template <typename V>
void multiply_block32(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kQ4_0:
      return multiply_panels<V, Block32Tile, TensorType::kQ4_0>(task);
    case TensorType::kQ4_1:
      return multiply_panels<V, Block32Tile, TensorType::kQ4_1>(task);
    case TensorType::kQ5_0:
      return multiply_panels<V, Block32Tile, TensorType::kQ5_0>(task);
    case TensorType::kQ5_1:
      return multiply_panels<V, Block32Tile, TensorType::kQ5_1>(task);
    case TensorType::kQ8_0:
      return multiply_panels<V, Block32Tile, TensorType::kQ8_0>(task);
    case TensorType::kIQ4_NL:
      return multiply_panels<V, Block32Tile, TensorType::kIQ4_NL>(task);
    default:
      return;
  }
}

template <typename V>
void multiply_block256(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kQ2_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ2_K>(task);
    case TensorType::kQ3_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ3_K>(task);
    case TensorType::kQ4_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ4_K>(task);
    case TensorType::kQ5_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ5_K>(task);
    case TensorType::kQ6_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ6_K>(task);
    case TensorType::kIQ4_XS:
      return multiply_panels<V, Block256Tile, TensorType::kIQ4_XS>(task);
    default:
      return;
  }
}

template <typename V>
void multiply_floats(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kF32:
      return multiply_panels<V, FloatTile, TensorType::kF32>(task);
    case TensorType::kF16:
      return multiply_panels<V, FloatTile, TensorType::kF16>(task);
    case TensorType::kBF16:
      return multiply_panels<V, FloatTile, TensorType::kBF16>(task);
    default:
      return;
  }
}

}  // namespace
}  // namespace sparkllama
