package io.sparkllama.engine.importer;

/**
 * Says what an import wrote.
 *
 * @param architecture of the GGUF
 * @param type of most matrices
 * @param elements of all tensors
 * @param bytes of the file
 */
public record ImportOutcome(
    String architecture, String type, int tensors, long elements, long bytes) {}
