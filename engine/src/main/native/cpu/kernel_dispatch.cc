#include "cpu/kernel_dispatch.h"

#include "cpu/cpu_features.h"
#include "cpu/kernels/reference/reference_kernels.h"

#if defined(__x86_64__)
#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx512/avx512_kernels.h"
#endif

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
    .sum_exponentials = reference::sum_exponentials,
    .kv_write = reference::kv_write,
    .attention = reference::attention,
    .dequantize_row = reference::dequantize_row,
};

#if defined(__x86_64__)
constexpr KernelTable kAvx2Table = {
    .name = "avx2",
    .matrix_product = avx2::matrix_product,
    .quantize_block32 = avx2::quantize_block32,
    .quantize_block256 = avx2::quantize_block256,
    .rms_norm = avx2::rms_norm,
    .rope_adjacent = avx2::rope_adjacent,
    .rope_halves = avx2::rope_halves,
    .swiglu = avx2::swiglu,
    .add = avx2::add,
    .sum_exponentials = avx2::sum_exponentials,
    .kv_write = avx2::kv_write,
    .attention = avx2::attention,
    // One row per token: too little work for a version of its own.
    .dequantize_row = reference::dequantize_row,
};

constexpr KernelTable kAvx512Table = {
    .name = "avx512",
    .matrix_product = avx512::matrix_product,
    .quantize_block32 = avx512::quantize_block32,
    .quantize_block256 = avx512::quantize_block256,
    .rms_norm = avx2::rms_norm,
    .rope_adjacent = avx2::rope_adjacent,
    .rope_halves = avx2::rope_halves,
    .swiglu = avx2::swiglu,
    .add = avx2::add,
    .sum_exponentials = avx2::sum_exponentials,
    .kv_write = avx2::kv_write,
    .attention = avx2::attention,
    .dequantize_row = reference::dequantize_row,
};

const KernelTable* avx2_table() { return cpu_features().avx2 ? &kAvx2Table : nullptr; }
const KernelTable* avx512_table() { return cpu_features().avx512 ? &kAvx512Table : nullptr; }
#else
const KernelTable* avx2_table() { return nullptr; }
const KernelTable* avx512_table() { return nullptr; }
#endif

const KernelTable* best_table() {
  if (avx512_table() != nullptr) return avx512_table();
  return avx2_table() != nullptr ? avx2_table() : &kReferenceTable;
}

}  // namespace

const KernelTable* kernel_table(InstructionSet instruction_set) {
  switch (instruction_set) {
    case InstructionSet::kAuto:
      return best_table();
    case InstructionSet::kReference:
      return &kReferenceTable;
    case InstructionSet::kAvx2:
      return avx2_table();
    case InstructionSet::kAvx512:
      return avx512_table();
  }
  return nullptr;
}

}  // namespace sparkllama
