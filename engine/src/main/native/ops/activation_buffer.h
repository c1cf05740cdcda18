// Holds the rows that matrix products read, quantized once for all weights that meet them.
//
// Weights of one layer may ask for different formats: Q4_K beside a Q5_0 that a quantizer fell back
// to. Each format that is asked for is prepared.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/aligned_array.h"
#include "ops/kernel_table.h"

namespace sparkllama {

// The integer formats that a set of weights asks for.
struct FormatSet {
  bool block32 = false;
  bool block256 = false;

  static FormatSet of(std::initializer_list<const PackedMatrix*> weights);
  bool empty() const { return !block32 && !block256; }
};

// Rows of a buffer that a product reads together: they have tiles of their own.
struct RowGroup {
  int64_t first;  // of the buffer's rows
  int64_t count;
};

class ActivationBuffer {
 public:
  ActivationBuffer(int64_t max_rows, int64_t max_columns);

  int64_t byte_size() const;

  // Quantizes one row of `columns`, the one of this index in its group. Rows may be prepared by
  // different threads. All groups that are in use at a time have the same columns.
  void quantize_row(const KernelTable& kernels, FormatSet formats, const float* values,
                    RowGroup group, int64_t index, int64_t columns);

  // What a product reads: `values` are the group's rows themselves, [group.count, columns].
  Activations activations(const KernelTable& kernels, ActivationFormat format, const float* values,
                          RowGroup group, int64_t columns) const;

 private:
  // In tiles, as Activations says.
  AlignedArray<int8_t> codes32_;         // [max_rows, tile_row_bytes(max_columns)]
  AlignedArray<float> scales32_;         // [max_rows, max_columns / 32]
  AlignedArray<int32_t> sums32_;         // [max_rows, max_columns / 32]
  AlignedArray<int8_t> codes256_;        // [max_rows, tile_row_bytes(max_columns)]
  AlignedArray<float> scales256_;        // [max_rows, max_columns / 256]
  AlignedArray<int32_t> sums256_;        // [max_rows, max_columns / 16]
  AlignedArray<int16_t> short_sums256_;  // [max_rows, max_columns / 32]
  AlignedArray<uint8_t> loud256_;        // [max_rows, max_columns / 256]
};

}  // namespace sparkllama
