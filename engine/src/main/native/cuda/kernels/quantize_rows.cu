#include "cuda/kernels/quantize_rows.h"

namespace sparkllama::cuda {
namespace {

constexpr int kThreads = 128;

struct RowsToQuantize {
  const int32_t* num_rows;
  const float* rows;  // [num_rows, columns]
  int64_t columns;
  FormatSet formats;
  QuantizedRows out;
};

// A block takes a row.
__global__ void quantize_rows(RowsToQuantize arguments) {
  const int64_t row = blockIdx.x;
  if (row >= *arguments.num_rows) return;
  store_quantized(arguments.out, arguments.formats, row, arguments.rows + row * arguments.columns,
                  arguments.columns);
}

}  // namespace

void launch_quantize_rows(const RowLaunch& on, const float* rows, int64_t columns,
                          FormatSet formats, const QuantizedRows& out) {
  launch(quantize_rows, {dim3(on.max_rows), dim3(kThreads)}, on.stream,
         RowsToQuantize{on.num_rows, rows, columns, formats, out});
}

}  // namespace sparkllama::cuda
