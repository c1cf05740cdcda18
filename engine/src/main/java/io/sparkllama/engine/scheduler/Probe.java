package io.sparkllama.engine.scheduler;

/**
 * Asks for the log-probabilities of ids as the next token after a position.
 *
 * @param candidates at least one id
 */
public record Probe(int position, int[] candidates) {}
