// Points into a batch buffer: one typed pointer per section. Shapes are those of the buffer's
// capacity.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runner/batch_layout.h"

namespace sparkllama {

class BatchView {
 public:
  // `base` holds layout.byte_size() bytes on a border of 8; both outlive the view.
  BatchView(const BatchLayout& layout, std::byte* base) : layout_(&layout), base_(base) {}

  const BatchCapacity& capacity() const { return layout_->capacity(); }
  int32_t header(HeaderWord word) const {
    return integers(BatchSection::kHeader)[static_cast<int>(word)];
  }
  int32_t* integers(BatchSection section) const { return at<int32_t>(section); }
  float* floats(BatchSection section) const { return at<float>(section); }
  int64_t* longs(BatchSection section) const { return at<int64_t>(section); }

  // [blocks_per_sequence]
  const int32_t* block_table(int64_t group, int64_t sequence) const {
    return integers(BatchSection::kSequenceBlockTable) +
           (group * capacity().sequences + sequence) * capacity().blocks_per_sequence;
  }
  int32_t kv_slot(int64_t group, int64_t token) const {
    return integers(BatchSection::kTokenKvSlot)[group * capacity().tokens + token];
  }

 private:
  template <typename T>
  T* at(BatchSection section) const {
    return reinterpret_cast<T*>(base_ + layout_->offset(section));
  }

  const BatchLayout* layout_;
  std::byte* base_;
};

}  // namespace sparkllama
