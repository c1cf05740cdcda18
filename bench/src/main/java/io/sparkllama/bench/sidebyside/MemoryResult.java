package io.sparkllama.bench.sidebyside;

import java.util.Optional;

/**
 * Holds the memory of a contestant after one work.
 *
 * @param label of the work, and of what else ran
 */
record MemoryResult(String contestant, String label, ResidentMemory resident) {
  /** Returns the memory that a contestant told; empty for any other reply. */
  static Optional<MemoryResult> of(String contestant, String label, Reply reply) {
    return reply instanceof Reply.Memory memory
        ? Optional.of(new MemoryResult(contestant, label, memory.resident()))
        : Optional.empty();
  }
}
