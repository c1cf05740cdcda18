#include "cpu/kernel_dispatch.h"

#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama {
namespace {

constexpr KernelTable kReferenceTable = {
    .name = "reference",
    .matrix_product = reference::matrix_product,
    .quantize_block32 = reference::quantize_block32,
    .quantize_block256 = reference::quantize_block256,
    .rms_norm = reference::rms_norm,
    .rope_adjacent = reference::rope_adjacent,
    .rope_halves = reference::rope_halves,
    .swiglu = reference::swiglu,
    .add = reference::add,
    .kv_write = reference::kv_write,
    .attention = reference::attention,
    .dequantize_row = reference::dequantize_row,
};

}  // namespace

const KernelTable* kernel_table(InstructionSet instruction_set) {
  switch (instruction_set) {
    case InstructionSet::kAuto:
    case InstructionSet::kReference:
      return &kReferenceTable;
    case InstructionSet::kAvx2:
      break;
  }
  return nullptr;
}

}  // namespace sparkllama
