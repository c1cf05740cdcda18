// Puts a model's weights where a backend reads them, each once however often it is named.
#pragma once

#include <cstdint>
#include <map>

#include "model/model.h"
#include "ops/backend.h"

namespace sparkllama {

class Placement {
 public:
  explicit Placement(Backend& backend) : backend_(backend) {}

  // Each replaces what is given by where it lies now; what is not there stays so. Throws
  // MemoryError where the backend has no room.
  void place(PackedMatrix& matrix);
  void place(const float*& vector, int64_t columns);
  void place(Norm& norm, int64_t columns);
  void place(LayerWeights& layer, const HyperParameters& parameters);

 private:
  const void* known(const void* source) const;

  Backend& backend_;
  std::map<const void*, const void*> placed_;
};

}  // namespace sparkllama
