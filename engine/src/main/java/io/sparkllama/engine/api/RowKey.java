package io.sparkllama.engine.api;

/**
 * Identifies a row to the random generator by 128 bits of a hash of the user's key or of the
 * prompt's input columns. Two requests with the same row key, seed, sample index and prompt give
 * the same bytes.
 */
public record RowKey(long high, long low) {}
