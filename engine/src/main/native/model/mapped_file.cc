#include "model/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace sparkllama {
namespace {

[[noreturn]] void refuse(const std::string& path, const char* what, int error) {
  throw ModelFormatError(std::string("The model's file ") + what + ": " + path + ": " +
                         std::strerror(error));
}

// Closes the descriptor when it goes out of scope; the mapping stays.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) {
      ::close(number);
    }
  }
};

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) {
    refuse(path, "cannot be opened", errno);
  }
  struct stat status = {};
  if (::fstat(file.number, &status) != 0) {
    refuse(path, "cannot be examined", errno);
  }
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    refuse(path, "is no file with contents", EINVAL);
  }
  void* mapped =
      ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_SHARED, file.number, 0);
  if (mapped == MAP_FAILED) {
    refuse(path, "cannot be mapped", errno);
  }
  data_ = static_cast<const std::byte*>(mapped);
  size_ = status.st_size;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) {
    ::munmap(const_cast<std::byte*>(data_), static_cast<size_t>(size_));
  }
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

}  // namespace sparkllama
