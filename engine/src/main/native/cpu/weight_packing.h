// Turns weight rows of a GGUF file into panels of the packed layout (tensor/packed_layout.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/packed_layout.h"

namespace sparkllama {

// Packs `row_count` rows, as they lie in the file one after the other, into
// panel_count(row_count) panels. Any bytes are valid blocks. `columns` is a multiple of the type's
// block; `rows` need no alignment, `panels` is aligned to 64 bytes and does not overlap them.
void pack_rows(TensorType type, const std::byte* rows, int64_t row_count, int64_t columns,
               std::byte* panels);

}  // namespace sparkllama
