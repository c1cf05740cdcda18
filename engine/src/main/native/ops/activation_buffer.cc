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
    : codes32_(max_rows * max_columns),
      scales32_(max_rows * (max_columns / 32)),
      sums32_(max_rows * (max_columns / 32)),
      codes256_(max_rows * max_columns),
      scales256_(max_rows * (max_columns / 256)),
      sums256_(max_rows * (max_columns / 16)),
      short_sums256_(max_rows * (max_columns / 32)) {}

void ActivationBuffer::quantize_row(const KernelTable& kernels, FormatSet formats,
                                    const float* values, int64_t row, int64_t columns) {
  if (formats.block32) {
    kernels.quantize_block32(values, columns, codes32_.data() + row * columns,
                             scales32_.data() + row * (columns / 32),
                             sums32_.data() + row * (columns / 32));
  }
  if (formats.block256) {
    kernels.quantize_block256(values, columns, codes256_.data() + row * columns,
                              scales256_.data() + row * (columns / 256),
                              sums256_.data() + row * (columns / 16),
                              short_sums256_.data() + row * (columns / 32));
  }
}

Activations ActivationBuffer::activations(ActivationFormat format, const float* values,
                                          int64_t columns) const {
  switch (format) {
    case ActivationFormat::kInt8Block32:
      return {values, codes32_.data(), scales32_.data(), sums32_.data(), nullptr, columns};
    case ActivationFormat::kInt8Block256:
      return {values,          codes256_.data(),      scales256_.data(),
              sums256_.data(), short_sums256_.data(), columns};
    case ActivationFormat::kFloat32:
      break;
  }
  return {values, nullptr, nullptr, nullptr, nullptr, columns};
}

}  // namespace sparkllama
