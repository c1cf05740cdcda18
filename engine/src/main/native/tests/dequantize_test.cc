// Compares the widening of weight rows, packed and read again, with vectors of the `gguf` Python
// package, bit by bit.
//
// scripts/dequantization_vectors.py makes the vectors: a uint32 number of values, the blocks, the
// float32 values. The Java reader is tested with the same files.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cpu/kernel_dispatch.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

std::vector<char> read_vectors(TensorType type) {
  const std::filesystem::path native =
      std::filesystem::absolute(__FILE__).parent_path().parent_path();
  const std::filesystem::path file = native.parent_path().parent_path() /
                                     "test/resources/io/sparkllama/engine/gguf" /
                                     (std::string(tensor_type_name(type)) + ".bin");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) std::fprintf(stderr, "cannot read %s\n", file.c_str());
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void compare(const KernelTable& table, TensorType type) {
  const std::vector<char> bytes = read_vectors(type);
  uint32_t count = 0;
  EXPECT(bytes.size() > sizeof(count));
  if (bytes.size() <= sizeof(count)) return;
  std::memcpy(&count, bytes.data(), sizeof(count));
  const int64_t stored = row_bytes(type, count);
  EXPECT_EQUAL(bytes.size(), sizeof(count) * (1 + size_t{count}) + static_cast<size_t>(stored));
  std::vector<float> expected(count);
  std::memcpy(expected.data(), bytes.data() + sizeof(count) + stored, count * sizeof(float));
  std::vector<float> actual(count);
  const std::byte* data = reinterpret_cast<const std::byte*>(bytes.data() + sizeof(count));
  const PackedWeights weights(type, data, 1, count);
  table.dequantize_row(weights.matrix(), 0, actual.data());
  expect_same(actual, expected, std::string(table.name) + " " + tensor_type_name(type));
}

}  // namespace

int main() {
  for (const NamedInstructionSet& named : kInstructionSets) {
    const KernelTable* table = table_or_skip(named);
    if (table == nullptr) continue;
    for (const TensorType type : kAllTypes) compare(*table, type);
  }
  return result();
}
