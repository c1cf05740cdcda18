// Products of the float types: one chain of fused multiply-adds over the columns for each output.
//
// A block goes through the columns in steps. It holds those of its weights, widened, and of its
// rows in shared memory, [column][output] and [column][row], while it already reads the next ones;
// a thread has neighbouring outputs and rows.

#include "cuda/intrinsics.h"
#include "cuda/kernels/product_families.h"

namespace sparkllama::cuda {
namespace {

struct FloatPart {
  const std::byte* weights;  // [panels][columns][16], each panel filled up to 64 bytes
  float* y;                  // [num_rows, rows]
  int32_t rows;
  int32_t first_group;  // of the launch's groups of panels
};

struct FloatGrid {
  const int32_t* num_rows;
  const float* x;  // [num_rows, columns]
  FloatPart parts[kMostProducts];
  int32_t part_count;
  int32_t row_groups;  // block b has rows of group b % row_groups
  int64_t columns;
  int64_t panel_bytes;
};

// A block's panels and rows, the outputs and rows of a thread, and the columns of a step.
template <int kPanelsOfBlock, int kRowsOfBlock, int kOutputsOfThread, int kRowsOfThread,
          int kColumnsOfStep>
struct FloatShape {
  static constexpr int kPanels = kPanelsOfBlock;
  static constexpr int kRows = kRowsOfBlock;
  static constexpr int kMineOutputs = kOutputsOfThread;
  static constexpr int kMineRows = kRowsOfThread;
  static constexpr int kColumns = kColumnsOfStep;
  static constexpr int kOutputs = kPanels * static_cast<int>(kPanelRows);
  static constexpr int kOutputThreads = kOutputs / kMineOutputs;
  static constexpr int kThreads = kOutputThreads * (kRows / kMineRows);
  static constexpr int kRowStride = kRows + 4;  // so that columns begin at different banks
  static constexpr int kSharedBytes = kColumns * (kOutputs + kRowStride) * 4;
};

using FewRowsShape = FloatShape<1, 8, 1, 1, 128>;
using ManyRowsShape = FloatShape<4, 64, 4, 4, 32>;

template <TensorType kType>
constexpr int kElementBytes = kType == TensorType::kF32 ? 4 : 2;

// Columns of a block's weights and rows on their way from global to shared memory.
template <TensorType kType, typename Shape>
class FloatStep {
 public:
  // The panels and rows are those of the block that exist.
  __device__ FloatStep(const FloatGrid& grid, const FloatPart& part, int64_t first_panel,
                       int64_t first_row)
      : weights_(part.weights + first_panel * grid.panel_bytes),
        x_(grid.x + first_row * grid.columns),
        panel_bytes_(grid.panel_bytes),
        columns_(grid.columns),
        panels_(panel_count(part.rows) - first_panel),
        rows_(*grid.num_rows - first_row) {}

  // Reads the columns from `first` on; what is not there is zero, and is not used.
  __device__ void read(int64_t first) {
    SPARKLLAMA_UNROLL
    for (int i = 0; i < kVectors; ++i) {
      const int vector = i * Shape::kThreads + static_cast<int>(threadIdx.x);
      const int panel = vector / kPanelVectors;
      const int64_t at = first * kPanelRows * kBytes + vector % kPanelVectors * 16;
      vectors_[i] = {};
      // Columns are whole vectors.
      if (panel < panels_ && at < columns_ * kPanelRows * kBytes) {
        vectors_[i] = load_words<4>(weights_ + panel * panel_bytes_ + at);
      }
    }
    SPARKLLAMA_UNROLL
    for (int i = 0; i < kValues; ++i) {
      const int value = i * Shape::kThreads + static_cast<int>(threadIdx.x);
      const int row = value / Shape::kColumns;
      const int64_t column = first + value % Shape::kColumns;
      values_[i] = row < rows_ && column < columns_ ? x_[row * columns_ + column] : 0.0f;
    }
  }

  // Writes what was read: [kColumns][kOutputs] and [kColumns][kRowStride].
  __device__ void write(float* weights, float* rows) const {
    SPARKLLAMA_UNROLL
    for (int i = 0; i < kVectors; ++i) {
      const int vector = i * Shape::kThreads + static_cast<int>(threadIdx.x);
      const int element = vector % kPanelVectors * kVectorElements;  // of the panel's columns
      float* to = weights + element / kPanelRows * Shape::kOutputs +
                  vector / kPanelVectors * kPanelRows + element % kPanelRows;
      SPARKLLAMA_UNROLL
      for (int j = 0; j < kVectorElements; ++j) to[j] = element_of(vectors_[i], j);
    }
    SPARKLLAMA_UNROLL
    for (int i = 0; i < kValues; ++i) {
      const int value = i * Shape::kThreads + static_cast<int>(threadIdx.x);
      rows[value % Shape::kColumns * Shape::kRowStride + value / Shape::kColumns] = values_[i];
    }
  }

 private:
  static constexpr int kBytes = kElementBytes<kType>;
  static constexpr int kVectorElements = 16 / kBytes;
  static constexpr int kPanelVectors =
      Shape::kColumns * static_cast<int>(kPanelRows) / kVectorElements;
  static constexpr int kVectors = Shape::kPanels * kPanelVectors / Shape::kThreads;
  static constexpr int kValues = Shape::kRows * Shape::kColumns / Shape::kThreads;
  static_assert(kVectors * Shape::kThreads == Shape::kPanels * kPanelVectors);
  static_assert(kValues * Shape::kThreads == Shape::kRows * Shape::kColumns);

  __device__ static float element_of(const Words<4>& vector, int j) {
    if constexpr (kBytes == 4) return float_of(vector.words[j]);
    const uint32_t word = vector.words[j / 2];
    if constexpr (kType == TensorType::kF16) {
      return widened(static_cast<uint16_t>(j % 2 == 0 ? word & 0xffffu : word >> 16));
    }
    return float_of(j % 2 == 0 ? word << 16 : word & 0xffff0000u);
  }

  const std::byte* weights_;
  const float* x_;
  int64_t panel_bytes_;
  int64_t columns_;
  int64_t panels_;
  int64_t rows_;
  Words<4> vectors_[kVectors];
  float values_[kValues];
};

// A thread's outputs.
template <typename Shape>
struct FloatSums {
  float y[Shape::kMineOutputs][Shape::kMineRows] = {};

  __device__ void add(const float* weights, const float* rows) {
    Words<Shape::kMineOutputs> w = load_words<Shape::kMineOutputs>(weights);
    Words<Shape::kMineRows> x = load_words<Shape::kMineRows>(rows);
    SPARKLLAMA_UNROLL
    for (int i = 0; i < Shape::kMineOutputs; ++i) {
      SPARKLLAMA_UNROLL
      for (int j = 0; j < Shape::kMineRows; ++j) {
        y[i][j] = fused(float_of(w.words[i]), float_of(x.words[j]), y[i][j]);
      }
    }
  }
};

template <TensorType kType, typename Shape>
__global__ void __launch_bounds__(Shape::kThreads) multiply_floats(FloatGrid grid) {
  const int32_t num_rows = *grid.num_rows;
  const auto row_groups = static_cast<uint32_t>(grid.row_groups);
  const int64_t first_row = static_cast<int64_t>(blockIdx.x % row_groups) * Shape::kRows;
  if (first_row >= num_rows) return;
  const auto group = static_cast<int32_t>(blockIdx.x / row_groups);
  FloatPart part = grid.parts[0];
  SPARKLLAMA_UNROLL
  for (int i = 1; i < kMostProducts; ++i) {
    if (i < grid.part_count && group >= grid.parts[i].first_group) part = grid.parts[i];
  }
  const int64_t first_panel = static_cast<int64_t>(group - part.first_group) * Shape::kPanels;

  auto* weights = reinterpret_cast<float*>(dynamic_shared());
  float* rows = weights + Shape::kColumns * Shape::kOutputs;
  const int mine_output =
      static_cast<int>(threadIdx.x) % Shape::kOutputThreads * Shape::kMineOutputs;
  const int mine_row = static_cast<int>(threadIdx.x) / Shape::kOutputThreads * Shape::kMineRows;
  FloatStep<kType, Shape> step(grid, part, first_panel, first_row);
  FloatSums<Shape> sums;
  step.read(0);
  for (int64_t first = 0; first < grid.columns; first += Shape::kColumns) {
    sync_block();  // what is there has been used
    step.write(weights, rows);
    sync_block();
    if (first + Shape::kColumns < grid.columns) step.read(first + Shape::kColumns);
    const int64_t left = grid.columns - first;
    const int columns = left < Shape::kColumns ? static_cast<int>(left) : Shape::kColumns;
    for (int k = 0; k < columns; ++k) {
      sums.add(weights + k * Shape::kOutputs + mine_output,
               rows + k * Shape::kRowStride + mine_row);
    }
  }
  for (int j = 0; j < Shape::kMineRows; ++j) {
    for (int i = 0; i < Shape::kMineOutputs; ++i) {
      const int64_t output = first_panel * kPanelRows + mine_output + i;
      const int64_t row = first_row + mine_row + j;
      if (output < part.rows && row < num_rows) part.y[row * part.rows + output] = sums.y[i][j];
    }
  }
}

template <TensorType kType, typename Shape>
void launch_shape(const RowLaunch& on, ProductList products, const float* rows) {
  const PackedMatrix& first = *products[0].weights;
  FloatGrid grid = {};
  grid.num_rows = on.num_rows;
  grid.x = rows;
  grid.columns = first.columns;
  grid.panel_bytes = panel_bytes(first.type, first.columns);
  grid.row_groups = (on.max_rows + Shape::kRows - 1) / Shape::kRows;
  int64_t groups = 0;
  for (const BackendProduct& product : products) {
    const PackedMatrix& weights = *product.weights;
    grid.parts[grid.part_count++] = {weights.data, product.y, static_cast<int32_t>(weights.rows),
                                     static_cast<int32_t>(groups)};
    groups += (panel_count(weights.rows) + Shape::kPanels - 1) / Shape::kPanels;
  }
  launch(multiply_floats<kType, Shape>,
         {dim3(static_cast<unsigned>(groups * grid.row_groups)), dim3(Shape::kThreads),
          Shape::kSharedBytes},
         on.stream, grid);
}

template <TensorType kType>
void launch_kind(const RowLaunch& on, ProductList products, const float* rows) {
  if (on.max_rows <= 2 * FewRowsShape::kRows) {
    launch_shape<kType, FewRowsShape>(on, products, rows);
  } else {
    launch_shape<kType, ManyRowsShape>(on, products, rows);
  }
}

}  // namespace

void launch_float_products(const RowLaunch& on, ProductList products, const float* rows) {
  switch (products[0].weights->type) {
    case TensorType::kF32:
      return launch_kind<TensorType::kF32>(on, products, rows);
    case TensorType::kF16:
      return launch_kind<TensorType::kF16>(on, products, rows);
    default:
      return launch_kind<TensorType::kBF16>(on, products, rows);
  }
}

}  // namespace sparkllama::cuda
