// Maps a file of weights into memory, to be read only.
//
// The pages belong to the file: every process of the host that maps it shares them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sparkllama {

class MappedFile {
 public:
  // Throws ModelFormatError where the file cannot be opened or mapped. It must not shrink while it
  // is mapped.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile& operator=(MappedFile&&) = delete;

  const std::byte* data() const { return data_; }
  int64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace sparkllama
