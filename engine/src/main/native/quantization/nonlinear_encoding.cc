#include "quantization/nonlinear_encoding.h"

#include <cmath>

#include "base/half.h"

namespace sparkllama {
namespace {

constexpr int kElements = 32;
constexpr float kLeastMagnitude = 1e-15f;

// The code of the level nearest to v, of two as near the upper one; NaN has the uppermost.
int nearest_level(float v) {
  if (v <= static_cast<float>(kIQ4Values[0])) return 0;
  int upper = 1;
  while (upper < 15 && !(v < static_cast<float>(kIQ4Values[upper]))) ++upper;
  const float below = v - static_cast<float>(kIQ4Values[upper - 1]);
  const float above = static_cast<float>(kIQ4Values[upper]) - v;
  return below < above ? upper - 1 : upper;
}

struct LevelFit {
  float products;  // of weight, level and value
  float squares;   // of weight and the level's square
};

LevelFit fit(const float* values, float inverse) {
  LevelFit sums = {0.0f, 0.0f};
  for (int i = 0; i < kElements; ++i) {
    const float level = static_cast<float>(kIQ4Values[nearest_level(inverse * values[i])]);
    const float weight = values[i] * values[i];
    sums.products += weight * level * values[i];
    sums.squares += weight * level * level;
  }
  return sums;
}

float best_scale(const float* values, float extreme) {
  const float first_level = static_cast<float>(kIQ4Values[0]);
  const LevelFit first = fit(values, 1.0f / (-extreme / first_level));
  float scale = first.squares > 0.0f ? first.products / first.squares : 0.0f;
  float best = scale * first.products;
  for (int step = -7; step <= 7; ++step) {
    const LevelFit tried = fit(values, (static_cast<float>(step) + first_level) / extreme);
    if (tried.squares > 0.0f && tried.products * tried.products > best * tried.squares) {
      scale = tried.products / tried.squares;
      best = scale * tried.products;
    }
  }
  return scale;
}

}  // namespace

void encode(const float* values, BlockIQ4_NL& out) {
  float largest = 0.0f;
  float extreme = 0.0f;
  for (int i = 0; i < kElements; ++i) {
    if (std::fabs(values[i]) > largest) {
      largest = std::fabs(values[i]);
      extreme = values[i];
    }
  }
  const float scale = largest < kLeastMagnitude ? 0.0f : best_scale(values, extreme);
  const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
  out.scale = float_to_half(scale);
  for (int i = 0; i < 16; ++i) {
    const int low = nearest_level(inverse * values[i]);
    const int high = nearest_level(inverse * values[16 + i]);
    out.codes[i] = static_cast<uint8_t>(low | (high << 4));
  }
}

}  // namespace sparkllama
