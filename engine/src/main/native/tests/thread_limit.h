// Lets the system refuse threads: limits the address space so that only some more stacks fit.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SPARKLLAMA_THREADS_CAN_BE_REFUSED 0  // sanitizers need the address space themselves
#elif defined(SPARKLLAMA_EMULATED)
#define SPARKLLAMA_THREADS_CAN_BE_REFUSED 0  // an emulator does not limit the address space
#else
#define SPARKLLAMA_THREADS_CAN_BE_REFUSED 1
#endif

namespace sparkllama::testing {

// Leaves room for about `stacks` more threads; the destructor lifts the limit.
class ThreadLimit {
 public:
  explicit ThreadLimit(int stacks) {
    long pages = 0;  // of the whole address space in use
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
      if (std::fscanf(file, "%ld", &pages) != 1) {
        pages = 0;
      }
      std::fclose(file);
    }
    rlimit stack;
    ::getrlimit(RLIMIT_STACK, &stack);
    const rlim_t size = stack.rlim_cur == RLIM_INFINITY ? rlim_t{2} << 20 : stack.rlim_cur;
    ::getrlimit(RLIMIT_AS, &before_);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(pages * ::sysconf(_SC_PAGESIZE)) + stacks * size;
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~ThreadLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  rlimit before_;
};

}  // namespace sparkllama::testing
