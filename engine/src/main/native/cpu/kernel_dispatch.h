// Chooses the table of kernels for an instruction set.
#pragma once

#include <cstdint>

#include "ops/kernel_table.h"

namespace sparkllama {

// Numbers are the ordinals of io.sparkllama.engine.api.InstructionSet.
enum class InstructionSet : int32_t {
  kAuto = 0,
  kReference = 1,
  kAvx2 = 2,
  kAvx512 = 3,
  kNeon = 4,
  kAvxVnni = 5
};

// The instruction set's table; for kAuto the best that this processor has.
// Null where the processor, or this build, has none.
const KernelTable* kernel_table(InstructionSet instruction_set);

}  // namespace sparkllama
