package io.sparkllama.engine.runner;

/**
 * Sizes a batch buffer: the most of everything that one step may hold.
 *
 * @param tokens tokens in a step
 * @param sequences sequences in a step
 * @param logitsRows positions in a step whose logits are wanted
 * @param candidates ids in a step whose log-probabilities are wanted
 * @param kvGroups groups of layers with a block table of their own
 * @param blocksPerSequence blocks of one sequence in one group
 * @param copies blocks copied before a step
 * @param topTokens most probable tokens that a position may ask for
 */
public record BatchCapacity(
    int tokens,
    int sequences,
    int logitsRows,
    int candidates,
    int kvGroups,
    int blocksPerSequence,
    int copies,
    int topTokens) {}
