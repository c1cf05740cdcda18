// Checks conditions in a test program: a failure prints its place and values, and fails the program.
#pragma once

#include <cstdio>

namespace sparkllama::tests {

inline int failures = 0;

// Ends a test's main: prints what was run, and returns the exit status.
inline int finish(const char* name) {
  if (failures == 0) std::printf("%s: passed\n", name);
  else std::printf("%s: %d checks failed\n", name, failures);
  return failures == 0 ? 0 : 1;
}

// Failures beyond this many are counted and not printed.
constexpr int kPrintedFailures = 20;

}  // namespace sparkllama::tests

// CHECK(condition, "format", values...): the values are printed when the condition does not hold.
#define CHECK(condition, ...)                                                       \
  do {                                                                              \
    if (!(condition) && ++sparkllama::tests::failures <= sparkllama::tests::kPrintedFailures) { \
      std::printf("%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);           \
      std::printf(__VA_ARGS__);                                                     \
      std::printf("\n");                                                            \
    }                                                                               \
  } while (false)
