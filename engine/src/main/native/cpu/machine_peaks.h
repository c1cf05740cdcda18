// Measures what this machine does at most, for benches to compare with.
#pragma once

#include <cstdint>

#include "cpu/kernel_dispatch.h"

namespace sparkllama {

// Multiply-adds of 8-bit integers per second that all threads reach together, with operands in
// registers and the instructions of the set's own matrix products. kAuto takes the best set.
double int8_multiply_adds_per_second(InstructionSet instruction_set, int threads, double seconds);

// Bytes per second that all threads read together from memory, each its own part of a buffer, which
// must be much larger than the caches.
double bytes_read_per_second(int threads, int64_t bytes, double seconds);

}  // namespace sparkllama
