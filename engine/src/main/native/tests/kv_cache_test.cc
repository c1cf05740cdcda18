// Checks where the cache places blocks, that copies reach every layer of their group and no other,
// and that memory which cannot be had is said.
#include "cache/kv_cache.h"

#include <cstring>

#include "base/error.h"
#include "cpu/host_backend.h"
#include "cpu/kernel_dispatch.h"
#include "tests/expect.h"

using namespace sparkllama;

namespace {

constexpr int kLayers = 3;
constexpr int kBlocks = 5;

void check_copies(Backend& backend, KvType type, int32_t head_dim) {
  const KvShape shape = {type, 2, head_dim};
  KvCache cache(shape, {{0, kBlocks, {0, 2}}, {8, kBlocks, {1}}}, kLayers, backend);
  EXPECT_EQUAL(cache.group_of(0), 0);
  EXPECT_EQUAL(cache.group_of(1), 1);
  EXPECT_EQUAL(cache.group_of(2), 0);
  const int64_t bytes = shape.block_bytes();
  for (int layer = 0; layer < kLayers; ++layer) {
    EXPECT_EQUAL(cache.layer(layer).part_bytes * 2 * 2, bytes);
    std::memset(cache.layer(layer).data, layer + 1, bytes * kBlocks);
    std::memset(cache.layer(layer).data + 3 * bytes, 100 + layer, bytes);
  }
  cache.copy_block(0, 3, 4);
  cache.copy_block(0, 4, 0);
  cache.copy_block(0, 1, 1);
  for (int layer = 0; layer < kLayers; ++layer) {
    const bool copied = layer != 1;
    for (int block = 0; block < kBlocks; ++block) {
      const bool marked = block == 3 || (copied && (block == 0 || block == 4));
      for (int64_t i = 0; i < bytes; ++i) {
        EXPECT_EQUAL(static_cast<int>(cache.layer(layer).data[block * bytes + i]),
                     marked ? 100 + layer : layer + 1);
      }
    }
  }
}

}  // namespace

int main() {
  ThreadPool pool(1);
  BackendCapacity capacity = {};
  capacity.rows = capacity.head_count = capacity.kv_head_count = 1;
  capacity.columns = 256;
  capacity.head_dimension = 8;
  HostBackend backend(*kernel_table(InstructionSet::kReference), pool, capacity);
  EXPECT_EQUAL((KvShape{KvType::kFloat32, 1, 10}.part_bytes()), 16 * 10 * 4);
  EXPECT_EQUAL((KvShape{KvType::kFloat16, 1, 10}.part_bytes()), 16 * 10 * 2);
  EXPECT_EQUAL((KvShape{KvType::kInt8, 1, 10}.part_bytes()), 16 * (4 + 10));
  EXPECT_EQUAL((KvShape{KvType::kInt8, 3, 10}.block_bytes()), 2 * 3 * 16 * (4 + 10));
  check_copies(backend, KvType::kFloat32, 8);
  check_copies(backend, KvType::kFloat16, 7);
  check_copies(backend, KvType::kInt8, 9);
  const KvShape large = {KvType::kFloat32, 65536, 65536};
  EXPECT_ERROR(MemoryError, "engine.kv-cache-memory",
               KvCache(large, {{0, 2147483647, {0}}}, 1, backend));
  const KvShape much = {KvType::kFloat32, 8, 128};
  EXPECT_ERROR(MemoryError, "engine.kv-cache-memory",
               KvCache(much, {{0, 4, {0}}, {0, 134217727, {1, 2}}}, 3, backend));
  return testing::result();
}
