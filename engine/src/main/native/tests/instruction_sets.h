// Lists the instruction sets whose tables a test walks.
#pragma once

#include <cstdio>

#include "cpu/kernel_dispatch.h"

namespace sparkllama::testing {

struct NamedInstructionSet {
  InstructionSet set;
  const char* name;
};

constexpr NamedInstructionSet kInstructionSets[] = {{InstructionSet::kReference, "reference"},
                                                    {InstructionSet::kAvx2, "AVX2"},
                                                    {InstructionSet::kAvxVnni, "AVX-VNNI"},
                                                    {InstructionSet::kAvx512, "AVX-512 with VNNI"},
                                                    {InstructionSet::kNeon, "NEON dot products"}};

// The table of an instruction set; null, and says so, where this processor has none.
inline const KernelTable* table_or_skip(const NamedInstructionSet& named) {
  const KernelTable* table = kernel_table(named.set);
  if (table == nullptr) std::printf("skipped: this processor has no %s\n", named.name);
  return table;
}

}  // namespace sparkllama::testing
