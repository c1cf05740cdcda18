package io.sparkllama.engine.importer.family;

/**
 * Is a vector that a GGUF has as a tensor but a checkpoint only says how to compute.
 *
 * @param values {@code [length]}, written as F32
 */
public record MadeTensor(String name, float[] values) {}
