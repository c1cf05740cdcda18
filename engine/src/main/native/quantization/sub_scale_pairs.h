// Packs the 6-bit sub-scales and sub-minimums of Q4_K and Q5_K into 12 bytes, and back.
#pragma once

#include <cstdint>

namespace sparkllama {

struct SubScalePairs {
  uint8_t scales[8];    // of 6 bits
  uint8_t minimums[8];  // of 6 bits
};

// Bytes 0..3 hold scales 0..3, bytes 4..7 minimums 0..3; bytes 8..11 the low halves of scales and
// minimums 4..7, whose upper two bits stand above the scales and the minimums before.
inline SubScalePairs unpack_sub_scale_pairs(const uint8_t* subs) {
  SubScalePairs pairs;
  for (int s = 0; s < 4; ++s) {
    pairs.scales[s] = subs[s] & 63;
    pairs.minimums[s] = subs[s + 4] & 63;
    pairs.scales[s + 4] = static_cast<uint8_t>((subs[s + 8] & 15) | ((subs[s] >> 6) << 4));
    pairs.minimums[s + 4] = static_cast<uint8_t>((subs[s + 8] >> 4) | ((subs[s + 4] >> 6) << 4));
  }
  return pairs;
}

inline void pack_sub_scale_pairs(const SubScalePairs& pairs, uint8_t* subs) {
  for (int s = 0; s < 4; ++s) {
    subs[s] = static_cast<uint8_t>(pairs.scales[s] | ((pairs.scales[s + 4] >> 4) << 6));
    subs[s + 4] = static_cast<uint8_t>(pairs.minimums[s] | ((pairs.minimums[s + 4] >> 4) << 6));
    subs[s + 8] =
        static_cast<uint8_t>((pairs.scales[s + 4] & 15) | ((pairs.minimums[s + 4] & 15) << 4));
  }
}

}  // namespace sparkllama
