// Writes a packed file piece by piece, for tests and benches, and removes it at its end.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace sparkllama::testing {

class WeightsFile {
 public:
  WeightsFile() {
    char name[] = "/tmp/sparkllama-weights-XXXXXX";
    file_ = ::mkstemp(name);
    path_ = name;
  }
  ~WeightsFile() {
    ::close(file_);
    ::unlink(path_.c_str());
  }
  WeightsFile(const WeightsFile&) = delete;
  WeightsFile& operator=(const WeightsFile&) = delete;

  const std::string& path() const { return path_; }

  // Returns where the bytes begin: on a border of 64. Ends the process where they cannot be
  // written.
  int64_t write(const void* data, int64_t bytes) {
    const int64_t offset = (size_ + 63) / 64 * 64;
    const char* from = static_cast<const char*>(data);
    for (int64_t done = 0; done < bytes;) {
      const ssize_t count =
          ::pwrite(file_, from + done, static_cast<size_t>(bytes - done), offset + done);
      if (count <= 0) {
        std::perror(path_.c_str());
        std::exit(1);
      }
      done += count;
    }
    size_ = offset + bytes;
    return offset;
  }

 private:
  int file_ = -1;
  std::string path_;
  int64_t size_ = 0;
};

}  // namespace sparkllama::testing
