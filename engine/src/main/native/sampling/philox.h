// Generates random numbers from a key and a counter: Philox4x32-10 (Salmon et al., SC 2011).
//
// The same key and counter give the same number on every machine, whatever was drawn before.
#pragma once

#include <array>
#include <cstdint>

namespace sparkllama {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

PhiloxCounter philox4x32_10(PhiloxCounter counter, PhiloxKey key);

// Returns a number strictly between 0 and 1 for a sequence's random key and the position of the
// token drawn: key = first word of random_key, counter = (position, 0, second word of random_key),
// (h + 0.5) / 2^32.
double uniform_draw(const int64_t random_key[2], int32_t position);

}  // namespace sparkllama
