#include "cpu/kernel_dispatch.h"

#include <initializer_list>

#include "cpu/cpu_features.h"
#include "cpu/kernels/reference/reference_kernels.h"

#if defined(__x86_64__)
#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx512/avx512_kernels.h"
#include "cpu/kernels/avxvnni/products.h"
#elif defined(__aarch64__)
#include "cpu/kernels/neon/neon_kernels.h"
#endif

namespace sparkllama {
namespace {

constexpr KernelTable kReferenceTable = {
    .name = "reference",
    .tile_rows = 1,
    .matrix_product = reference::matrix_product,
    .quantize_block32 = reference::quantize_block32,
    .quantize_block256 = reference::quantize_block256,
    .rms_norm = reference::rms_norm,
    .layer_norm = reference::layer_norm,
    .rope_adjacent = reference::rope_adjacent,
    .rope_halves = reference::rope_halves,
    .swiglu = reference::swiglu,
    .geglu = reference::geglu,
    .gelu = reference::gelu,
    .add = reference::add,
    .add_scaled = reference::add_scaled,
    .scale = reference::scale,
    .soft_cap = reference::soft_cap,
    .sum_exponentials = reference::sum_exponentials,
    .kv_write = reference::kv_write,
    .attention = reference::attention,
    .dequantize_row = reference::dequantize_row,
    .fit_affine = reference::fit_affine,
    .fit_symmetric = reference::fit_symmetric,
};

#if defined(__x86_64__)
constexpr KernelTable kAvx2Table = {
    .name = "avx2",
    .tile_rows = avx2::kTileRows,
    .matrix_product = avx2::matrix_product,
    .quantize_block32 = avx2::quantize_block32,
    .quantize_block256 = avx2::quantize_block256,
    .rms_norm = avx2::rms_norm,
    .layer_norm = avx2::layer_norm,
    .rope_adjacent = avx2::rope_adjacent,
    .rope_halves = avx2::rope_halves,
    .swiglu = avx2::swiglu,
    .geglu = avx2::geglu,
    .gelu = avx2::gelu,
    .add = avx2::add,
    .add_scaled = avx2::add_scaled,
    .scale = avx2::scale,
    .soft_cap = avx2::soft_cap,
    .sum_exponentials = avx2::sum_exponentials,
    .kv_write = avx2::kv_write,
    .attention = avx2::attention,
    // One row per token: too little work for a version of its own.
    .dequantize_row = reference::dequantize_row,
    .fit_affine = avx2::fit_affine,
    .fit_symmetric = avx2::fit_symmetric,
};

constexpr KernelTable avxvnni_table() {
  KernelTable table = kAvx2Table;
  table.name = "avxvnni";
  table.matrix_product = avxvnni::matrix_product;
  return table;
}

constexpr KernelTable kAvxVnniTable = avxvnni_table();

constexpr KernelTable kAvx512Table = {
    .name = "avx512",
    .tile_rows = avx512::kTileRows,
    .matrix_product = avx512::matrix_product,
    .quantize_block32 = avx512::quantize_block32,
    .quantize_block256 = avx512::quantize_block256,
    .rms_norm = avx512::rms_norm,
    .layer_norm = avx512::layer_norm,
    .rope_adjacent = avx512::rope_adjacent,
    .rope_halves = avx512::rope_halves,
    .swiglu = avx512::swiglu,
    .geglu = avx512::geglu,
    .gelu = avx512::gelu,
    .add = avx512::add,
    .add_scaled = avx512::add_scaled,
    .scale = avx512::scale,
    .soft_cap = avx512::soft_cap,
    .sum_exponentials = avx512::sum_exponentials,
    .kv_write = avx512::kv_write,
    .attention = avx512::attention,
    .dequantize_row = reference::dequantize_row,
    .fit_affine = avx512::fit_affine,
    .fit_symmetric = avx512::fit_symmetric,
};

#elif defined(__aarch64__)
constexpr KernelTable kNeonTable = {
    .name = "neon",
    .tile_rows = neon::kTileRows,
    .matrix_product = neon::matrix_product,
    .quantize_block32 = reference::quantize_block32,
    .quantize_block256 = reference::quantize_block256,
    .rms_norm = reference::rms_norm,
    .layer_norm = reference::layer_norm,
    .rope_adjacent = reference::rope_adjacent,
    .rope_halves = reference::rope_halves,
    .swiglu = reference::swiglu,
    .geglu = reference::geglu,
    .gelu = reference::gelu,
    .add = reference::add,
    .add_scaled = reference::add_scaled,
    .scale = reference::scale,
    .soft_cap = reference::soft_cap,
    .sum_exponentials = reference::sum_exponentials,
    .kv_write = reference::kv_write,
    .attention = reference::attention,
    .dequantize_row = reference::dequantize_row,
    .fit_affine = reference::fit_affine,
    .fit_symmetric = reference::fit_symmetric,
};
#endif

}  // namespace

const KernelTable* kernel_table(InstructionSet instruction_set) {
  const CpuFeatures features = cpu_features();
  switch (instruction_set) {
    case InstructionSet::kAuto:
      for (const InstructionSet best : {InstructionSet::kAvx512, InstructionSet::kAvxVnni,
                                        InstructionSet::kAvx2, InstructionSet::kNeon}) {
        if (const KernelTable* table = kernel_table(best)) return table;
      }
      return &kReferenceTable;
    case InstructionSet::kReference:
      return &kReferenceTable;
#if defined(__x86_64__)
    case InstructionSet::kAvx2:
      return features.avx2 ? &kAvx2Table : nullptr;
    case InstructionSet::kAvxVnni:
      return features.avxvnni ? &kAvxVnniTable : nullptr;
    case InstructionSet::kAvx512:
      return features.avx512 ? &kAvx512Table : nullptr;
#elif defined(__aarch64__)
    case InstructionSet::kNeon:
      return features.neon ? &kNeonTable : nullptr;
#endif
    default:
      return nullptr;
  }
}

}  // namespace sparkllama
