// Holds the formulas of sampling/philox.h, for processors and devices alike.
#pragma once

#include <cstdint>

#include "base/portable_math.h"

namespace sparkllama::portable {

struct PhiloxWords {
  uint32_t word[4];
};

SPARKLLAMA_PORTABLE PhiloxWords philox4x32_10(PhiloxWords counter, uint32_t key0, uint32_t key1) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53;
  constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9;
  constexpr uint32_t kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * counter.word[0];
    const uint64_t product1 = kMultiplier1 * counter.word[2];
    counter = {{static_cast<uint32_t>(product1 >> 32) ^ counter.word[1] ^ key0,
                static_cast<uint32_t>(product1),
                static_cast<uint32_t>(product0 >> 32) ^ counter.word[3] ^ key1,
                static_cast<uint32_t>(product0)}};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return counter;
}

SPARKLLAMA_PORTABLE double uniform_draw(const int64_t* random_key /* [2] */, int32_t position) {
  const auto first = static_cast<uint64_t>(random_key[0]);
  const auto second = static_cast<uint64_t>(random_key[1]);
  const PhiloxWords counter = {{static_cast<uint32_t>(position), 0, static_cast<uint32_t>(second),
                                static_cast<uint32_t>(second >> 32)}};
  const PhiloxWords drawn =
      philox4x32_10(counter, static_cast<uint32_t>(first), static_cast<uint32_t>(first >> 32));
  return (drawn.word[0] + 0.5) / 4294967296.0;
}

}  // namespace sparkllama::portable
