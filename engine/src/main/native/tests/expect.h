// Checks conditions in native tests: a failed one prints where and what, and the test's exit status
// is 1.
#pragma once

#include <cstdio>
#include <exception>
#include <sstream>
#include <string>

namespace sparkllama::testing {

inline int failures = 0;

template <typename A, typename B>
void expect_equal(const A& actual, const B& expected, const char* what, const char* file,
                  int line) {
  if (!(actual == expected)) {
    std::ostringstream text;
    text << file << ":" << line << ": " << what << ": expected " << expected << ", was " << actual;
    std::fprintf(stderr, "%s\n", text.str().c_str());
    ++failures;
  }
}

inline void expect(bool holds, const char* what, const char* file, int line) {
  if (!holds) {
    std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    ++failures;
  }
}

// Expects an exception of the type, whose message contains the text.
template <typename Error, typename Body>
void expect_error(Body body, const std::string& text, const char* file, int line) {
  try {
    body();
  } catch (const Error& e) {
    expect(std::string(e.what()).find(text) != std::string::npos,
           ("message contains '" + text + "': " + e.what()).c_str(), file, line);
    return;
  } catch (const std::exception& e) {
    expect(false, ("the error is of another kind: " + std::string(e.what())).c_str(), file, line);
    return;
  }
  expect(false, ("an error is thrown: " + text).c_str(), file, line);
}

// Returns the exit status of a test's main.
inline int result() {
  if (failures != 0) {
    std::fprintf(stderr, "%d checks failed\n", failures);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace sparkllama::testing

#define EXPECT_EQUAL(actual, expected) \
  ::sparkllama::testing::expect_equal((actual), (expected), #actual, __FILE__, __LINE__)
#define EXPECT(condition) ::sparkllama::testing::expect((condition), #condition, __FILE__, __LINE__)
#define EXPECT_ERROR(type, text, ...) \
  ::sparkllama::testing::expect_error<type>([&] { __VA_ARGS__; }, (text), __FILE__, __LINE__)
