// Declares the kernels for x86-64 processors with AVX-512 F, BW, DQ, VL and VNNI.
//
// Files of this folder are compiled for that instruction set. They share with others no inline
// function and no template of a library, so that the linker can never choose an AVX-512 copy of a
// function for a processor without it.
#pragma once

#include "ops/kernel_table.h"

namespace sparkllama::avx512 {

// What fits into the registers: 12 dots, 12 sums, 2 weights, 1 broadcast, and constants.
constexpr int kTileRows = 6;

void matrix_product(const PackedMatrix& weights, int64_t row_begin, int64_t row_end,
                    const Activations& activations, std::byte* scratch, float* y, int64_t y_stride);
void quantize_block32(const float* x, int64_t columns, const QuantizedRow& out);
void quantize_block256(const float* x, int64_t columns, const QuantizedRow& out);
void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out);
void layer_norm(const float* x, const float* weight, const float* bias, float epsilon,
                int64_t columns, float* out);
void rope_adjacent(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                   const RopePair* pairs);
void rope_halves(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                 const RopePair* pairs);
void swiglu(float* gate, const float* up, int64_t columns);
void geglu(float* gate, const float* up, int64_t columns);
void gelu(float* x, int64_t columns);
void add(float* x, const float* y, int64_t columns);
void add_scaled(float* x, const float* y, float factor, int64_t columns);
void scale(float* x, float factor, int64_t columns);
void soft_cap(float* x, float cap, int64_t columns);
double sum_exponentials(const float* x, float shift, int64_t columns);
void kv_write(const KvLayer& kv, int64_t slot, const float* keys, const float* values);
void attention(const AttentionTask& task);
void fit_affine(const AffineSearch& search, AffineFits& fits);
void fit_symmetric(const float* values, SymmetricFits& fits);

}  // namespace sparkllama::avx512
