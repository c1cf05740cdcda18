// Checks the sizes of types' rows against the GGUF specification's table.
#include "tensor/tensor_type.h"

#include <limits>
#include <string>

#include "tensor/activation_format.h"
#include "tests/expect.h"

using namespace sparkllama;

namespace {

struct Expected {
  int32_t number;
  const char* name;
  int64_t columns;
  int64_t bytes;
};

constexpr Expected kTypes[] = {
    {0, "F32", 1, 4},       {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},
    {3, "Q4_1", 32, 20},    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},
    {12, "Q4_K", 256, 144}, {13, "Q5_K", 256, 176},   {14, "Q6_K", 256, 210},
    {20, "IQ4_NL", 32, 18}, {23, "IQ4_XS", 256, 136}, {30, "BF16", 1, 2}};

}  // namespace

int main() {
  int known = 0;
  for (int32_t number = -1; number < 300; ++number) known += is_tensor_type(number) ? 1 : 0;
  EXPECT_EQUAL(known, 15);
  for (const Expected& expected : kTypes) {
    const TensorType type = static_cast<TensorType>(expected.number);
    EXPECT(is_tensor_type(expected.number));
    EXPECT_EQUAL(std::string(tensor_type_name(type)), std::string(expected.name));
    EXPECT_EQUAL(block_columns(type), expected.columns);
    EXPECT_EQUAL(block_bytes(type), expected.bytes);
    EXPECT_EQUAL(row_bytes(type, 0), 0);
    EXPECT_EQUAL(row_bytes(type, 3 * expected.columns), 3 * expected.bytes);
    EXPECT_EQUAL(row_bytes(type, -expected.columns), -1);
    if (expected.columns > 1) EXPECT_EQUAL(row_bytes(type, expected.columns + 1), -1);
    const int64_t largest =
        std::numeric_limits<int64_t>::max() / expected.columns * expected.columns;
    if (expected.bytes > expected.columns) EXPECT_EQUAL(row_bytes(type, largest), -1);
    const ActivationFormat format = expected.columns == 1    ? ActivationFormat::kFloat32
                                    : expected.columns == 32 ? ActivationFormat::kInt8Block32
                                                             : ActivationFormat::kInt8Block256;
    EXPECT(activation_format(type) == format);
  }
  EXPECT_EQUAL(row_bytes(static_cast<TensorType>(17), 256), -1);
  return sparkllama::testing::result();
}
