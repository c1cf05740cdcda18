// Compares what is done to rows on the emulated device with the reference kernels, bit by bit:
// norms, additions, activations, caps, and what products read of them.
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "cpu/kernel_dispatch.h"
#include "cuda/kernels/activate_rows.h"
#include "cuda/kernels/prepare_rows.h"
#include "cuda/kernels/quantize_rows.h"
#include "tests/cuda/fiber_orders.h"
#include "tests/kernel_check.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::cuda;
using namespace sparkllama::testing;

namespace {

constexpr int32_t kRows = 5;  // of up to kMostRows
constexpr int32_t kMostRows = 7;
constexpr float kUntouched = -7.25f;

const KernelTable& reference() { return *kernel_table(InstructionSet::kReference); }

RowLaunch on(cudaStream_t stream) {
  static const int32_t rows = kRows;
  return {stream, &rows, kMostRows, 4};
}

void wait(cudaStream_t stream) { EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess); }

// Floats on a border of 64 bytes, with room for kMostRows.
class Rows {
 public:
  Rows(const std::vector<float>& values, int64_t columns)
      : columns_(columns), data_(kMostRows * columns) {
    std::fill_n(data_.data(), data_.size(), kUntouched);
    std::copy(values.begin(), values.end(), data_.data());
  }

  float* data() { return data_.data(); }
  void expect(const std::vector<float>& expected, const std::string& what) const {
    const int64_t count = kRows * columns_;
    expect_same({data_.data(), data_.data() + count}, expected, what);
    for (int64_t i = count; i < data_.size(); ++i) EXPECT_EQUAL(data_[i], kUntouched);
  }

 private:
  int64_t columns_;
  AlignedArray<float> data_;
};

// What products read.
class Quantized {
 public:
  explicit Quantized(int64_t columns) : bytes_(quantized_rows_bytes(kMostRows, columns)) {
    std::fill_n(bytes_.data(), bytes_.size(), std::byte{0x5a});
    rows_ = quantized_rows(bytes_.data(), kMostRows, columns);
  }

  const QuantizedRows& rows() const { return rows_; }
  // Expects what the quantization of these rows gives, which has a test of its own.
  void expect(cudaStream_t stream, const std::vector<float>& values, int64_t columns,
              FormatSet formats, const std::string& what) const {
    Quantized expected(columns);
    Rows rows(values, columns);
    if (!formats.empty()) {
      launch_quantize_rows(on(stream), rows.data(), columns, formats, expected.rows());
      wait(stream);
    }
    if (std::memcmp(bytes_.data(), expected.bytes_.data(), static_cast<size_t>(bytes_.size())) !=
        0) {
      std::fprintf(stderr, "%s: other codes\n", what.c_str());
      ++failures;
    }
  }

 private:
  AlignedArray<std::byte> bytes_;
  QuantizedRows rows_;
};

FormatSet formats_of(int64_t columns) { return {columns % 32 == 0, columns % 256 == 0}; }

// Rows with specials in some: NaN, an infinity, denormals, zeros.
std::vector<float> hard_rows(int64_t rows, int64_t columns, Random& random) {
  std::vector<float> values = random.gaussians(rows * columns);
  values[static_cast<size_t>(columns + columns / 2)] = std::nanf("");
  values[static_cast<size_t>(2 * columns)] = std::numeric_limits<float>::infinity();
  for (int64_t i = 3 * columns; i < 4 * columns; ++i) {
    values[static_cast<size_t>(i)] *= i % 3 == 0 ? 0.0f : 1e-39f;
  }
  return values;
}

struct Norm {
  NormKind kind;
  std::vector<float> weight;
  std::vector<float> bias;

  RowNorm view() const { return {kind, 1e-5f, weight.data(), bias.data()}; }
};

void normalize(const RowNorm& norm, const float* x, int64_t columns, float* out) {
  if (norm.kind == NormKind::kStandardDeviation) {
    reference().layer_norm(x, norm.weight, norm.bias, norm.epsilon, columns, out);
  } else {
    reference().rms_norm(x, norm.weight, norm.epsilon, columns, out);
  }
}

// What the reference makes of rows, in steps as Backend states them.
struct Expected {
  std::vector<float> residual;
  std::vector<float> normed;

  void add(std::vector<float> rows, int64_t columns, const RowAddition& addition) {
    for (int64_t t = 0; t < kRows; ++t) {
      float* row = rows.data() + t * columns;
      if (addition.bias != nullptr) reference().add(row, addition.bias, columns);
      if (addition.norm.exists()) normalize(addition.norm, row, columns, row);
      reference().add(residual.data() + t * columns, row, columns);
    }
  }
  void prepare(int64_t columns, const RowNorm& norm, const int32_t* tokens) {
    normed.assign(static_cast<size_t>(kRows * columns), 0.0f);
    for (int64_t t = 0; t < kRows; ++t) {
      const float* row = residual.data() + (tokens == nullptr ? t : tokens[t]) * columns;
      float* out = normed.data() + t * columns;
      if (norm.exists()) {
        normalize(norm, row, columns, out);
      } else {
        std::copy_n(row, columns, out);
      }
    }
  }
};

void check_prepare(cudaStream_t stream, int64_t columns, const RowNorm& norm, Random& random) {
  const std::string what = "prepare " + std::to_string(columns);
  const FormatSet formats = formats_of(columns);
  Expected expected;
  expected.residual = hard_rows(kMostRows, columns, random);
  for (const bool gathers : {false, true}) {
    const int32_t tokens[kRows] = {6, 0, 3, 3, 1};
    Rows residual(expected.residual, columns);
    Rows normed({}, columns);
    const Quantized quantized(columns);
    const RowPreparation preparation = {norm, normed.data(), formats};
    if (gathers) {
      launch_prepare_tokens(on(stream), tokens, residual.data(), columns, preparation,
                            quantized.rows());
    } else {
      launch_prepare(on(stream), residual.data(), columns, preparation, quantized.rows());
    }
    wait(stream);
    expected.prepare(columns, norm, gathers ? tokens : nullptr);
    if (norm.exists()) normed.expect(expected.normed, what);
    quantized.expect(stream, expected.normed, columns, formats, what);
  }
}

void check_add(cudaStream_t stream, int64_t columns, const RowAddition& addition,
               const RowNorm& norm, Random& random) {
  const std::string what = "add " + std::to_string(columns);
  const FormatSet formats = formats_of(columns);
  const std::vector<float> values = hard_rows(kRows, columns, random);
  const std::vector<float> before = hard_rows(kRows, columns, random);
  Expected expected = {before, {}};
  expected.add(values, columns, addition);
  expected.prepare(columns, norm, nullptr);
  Rows rows(values, columns);
  Rows alone(before, columns);
  launch_add(on(stream), {rows.data(), columns, addition, alone.data()});
  wait(stream);
  alone.expect(expected.residual, what);

  Rows residual(before, columns);
  Rows normed({}, columns);
  const Quantized quantized(columns);
  launch_add_and_prepare(on(stream), {rows.data(), columns, addition, residual.data()},
                         {norm, normed.data(), formats}, quantized.rows());
  wait(stream);
  residual.expect(expected.residual, what + ", residual");
  if (norm.exists()) normed.expect(expected.normed, what + ", normed");
  quantized.expect(stream, expected.normed, columns, formats, what);
}

void walk_rows(cudaStream_t stream, Random& random) {
  for (const int64_t columns : {1, 17, 100, 256, 288, 512, 4352}) {
    const Norm root = {NormKind::kRootMeanSquare, random.gaussians(columns), {}};
    const Norm deviation = {NormKind::kStandardDeviation, random.gaussians(columns),
                            random.gaussians(columns)};
    const std::vector<float> bias = random.gaussians(columns);
    for (const RowNorm& norm : {RowNorm{}, root.view(), deviation.view()}) {
      check_prepare(stream, columns, norm, random);
      check_add(stream, columns, {nullptr, {}}, norm, random);
      check_add(stream, columns, {bias.data(), {}}, norm, random);
    }
    check_add(stream, columns, {nullptr, root.view()}, root.view(), random);
    check_add(stream, columns, {bias.data(), deviation.view()}, deviation.view(), random);
  }
}

void walk_activations(cudaStream_t stream, Random& random) {
  for (const int64_t columns : {1, 33, 256, 1024, 1056, 2304}) {
    for (const Activation activation :
         {Activation::kSwiglu, Activation::kGeglu, Activation::kGelu}) {
      std::vector<float> gates = hard_rows(kRows, columns, random);
      const std::vector<float> ups = hard_rows(kRows, columns, random);
      for (size_t i = 0; i < gates.size(); i += 7) gates[i] *= 60.0f;
      Rows gate(gates, columns);
      Rows up(ups, columns);
      const bool gated = activation != Activation::kGelu;
      const Quantized quantized(columns);
      launch_activation(on(stream), {activation, gate.data(), gated ? up.data() : nullptr, columns},
                        formats_of(columns), quantized.rows());
      wait(stream);
      const auto count = static_cast<int64_t>(gates.size());
      if (activation == Activation::kSwiglu) reference().swiglu(gates.data(), ups.data(), count);
      if (activation == Activation::kGeglu) reference().geglu(gates.data(), ups.data(), count);
      if (activation == Activation::kGelu) reference().gelu(gates.data(), count);
      const std::string what = "activation " + std::to_string(static_cast<int>(activation)) +
                               " of " + std::to_string(columns);
      gate.expect(gates, what);
      quantized.expect(stream, gates, columns, formats_of(columns), what);
    }
  }
}

void walk_caps(cudaStream_t stream, Random& random) {
  for (const int64_t count : {1, 255, 1025, 5000}) {
    std::vector<float> values = random.gaussians(count, 40.0f);
    values[static_cast<size_t>(count / 2)] = std::nanf("");
    std::vector<float> actual = values;
    actual.push_back(kUntouched);
    launch_soft_cap(stream, actual.data(), 30.0f, count);
    wait(stream);
    reference().soft_cap(values.data(), 30.0f, count);
    values.push_back(kUntouched);
    expect_same(actual, values, "soft cap");
  }
}

}  // namespace

int main() {
  cudaStream_t stream;
  EXPECT_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  Random random(31);
  in_all_fiber_orders([&] {
    walk_rows(stream, random);
    walk_activations(stream, random);
    walk_caps(stream, random);
  });
  EXPECT_EQUAL(cudaStreamDestroy(stream), cudaSuccess);
  return result();
}
