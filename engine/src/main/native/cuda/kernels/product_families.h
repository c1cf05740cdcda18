// Declares the launches of products by family of weight types; products.cu chooses among them.
#pragma once

#include <span>

#include "cuda/device_step.h"
#include "cuda/quantized_rows.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

constexpr int kMostProducts = 3;

// Products that read the same rows and whose weights are of one placed_kind().
using ProductList = std::span<const BackendProduct>;

// Types with blocks of 32.
void launch_products32(const RowLaunch& launch, ProductList products, const QuantizedRows& rows);

// Types with blocks of 256, in files of their own: there are many kernels.
void launch_products_q2_q3(const RowLaunch& launch, ProductList products,
                           const QuantizedRows& rows);
void launch_products_q4_q5(const RowLaunch& launch, ProductList products,
                           const QuantizedRows& rows);
void launch_products_q6_iq4(const RowLaunch& launch, ProductList products,
                            const QuantizedRows& rows);

// The float types. rows is [num_rows, columns].
void launch_float_products(const RowLaunch& launch, ProductList products, const float* rows);

}  // namespace sparkllama::cuda
