// Holds floating-point arithmetic to its default for as long as it lives: round to nearest, keep
// denormals, trap nothing.
//
// Libraries built for fast mathematics set a thread's control register to flush denormals, and a
// new thread takes it over from its maker. Either would change the bits of an answer.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace sparkllama {

// Makes the default the calling thread's; its destructor, on the same thread, gives back what was.
class FloatEnvironment {
 public:
  FloatEnvironment() : before_(control()) { set_control(kDefault); }
  ~FloatEnvironment() { set_control(before_); }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
#if defined(__x86_64__)
  static constexpr uint64_t kDefault = 0x1F80;  // MXCSR: every exception masked, all else zero
  static uint64_t control() { return _mm_getcsr(); }
  static void set_control(uint64_t value) { _mm_setcsr(static_cast<uint32_t>(value)); }
#elif defined(__aarch64__)
  static constexpr uint64_t kDefault = 0;  // FPCR
  static uint64_t control() {
    uint64_t value;
    asm volatile("mrs %0, fpcr" : "=r"(value) : : "memory");
    return value;
  }
  static void set_control(uint64_t value) {
    asm volatile("msr fpcr, %0" : : "r"(value) : "memory");
  }
#else
#error "The floating-point control register of this processor is not known"
#endif

  uint64_t before_;
};

}  // namespace sparkllama
