// Rotates pairs of elements by their position's angles (Su et al., RoFormer, 2021).

#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {
namespace {

void rotate(float& a, float& b, RopePair pair) {
  const float turned_a = __builtin_fmaf(a, pair.cosine, -(b * pair.sine));
  const float turned_b = __builtin_fmaf(a, pair.sine, b * pair.cosine);
  a = turned_a;
  b = turned_b;
}

}  // namespace

void rope_adjacent(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                   const RopePair* pairs) {
  for (int64_t h = 0; h < num_heads; ++h) {
    float* head = heads + h * head_dim;
    for (int64_t j = 0; j < rope_dim / 2; ++j) rotate(head[2 * j], head[2 * j + 1], pairs[j]);
  }
}

void rope_halves(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                 const RopePair* pairs) {
  const int64_t half = rope_dim / 2;
  for (int64_t h = 0; h < num_heads; ++h) {
    float* head = heads + h * head_dim;
    for (int64_t j = 0; j < half; ++j) rotate(head[j], head[j + half], pairs[j]);
  }
}

}  // namespace sparkllama::reference
