#include "sampling/philox.h"

#include "base/portable_philox.h"

namespace sparkllama {

PhiloxCounter philox4x32_10(PhiloxCounter counter, PhiloxKey key) {
  const portable::PhiloxWords words =
      portable::philox4x32_10({{counter[0], counter[1], counter[2], counter[3]}}, key[0], key[1]);
  return {words.word[0], words.word[1], words.word[2], words.word[3]};
}

double uniform_draw(const int64_t random_key[2], int32_t position) {
  return portable::uniform_draw(random_key, position);
}

}  // namespace sparkllama
