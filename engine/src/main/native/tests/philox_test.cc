// Compares Philox with the known answers published with Random123 (kat_vectors).
#include "sampling/philox.h"

#include "tests/expect.h"

using namespace sparkllama;

int main() {
  EXPECT(philox4x32_10({0, 0, 0, 0}, {0, 0}) ==
         (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT(
      philox4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
      (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT(
      philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
      (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));

  // Every part of the key and the position matters, and no draw reaches an end of (0, 1).
  const int64_t zero[2] = {0, 0};
  EXPECT_EQUAL(uniform_draw(zero, 0), (0x6627e8d5 + 0.5) / 4294967296.0);
  const int64_t first[2] = {int64_t{1} << 40, 0};
  const int64_t second[2] = {0, int64_t{1} << 40};
  EXPECT(uniform_draw(zero, 0) != uniform_draw(first, 0));
  EXPECT(uniform_draw(zero, 0) != uniform_draw(second, 0));
  EXPECT(uniform_draw(zero, 0) != uniform_draw(zero, 1));
  double sum = 0;
  for (int position = 0; position < 100000; ++position) {
    const double draw = uniform_draw(first, position);
    EXPECT(draw > 0 && draw < 1);
    sum += draw;
  }
  // Mean of n uniform draws: 1/2 with a standard deviation of 1/sqrt(12 n) = 0.0009; five of them.
  EXPECT(sum / 100000 > 0.4955 && sum / 100000 < 0.5045);
  return testing::result();
}
