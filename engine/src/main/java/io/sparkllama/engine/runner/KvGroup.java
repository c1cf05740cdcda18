package io.sparkllama.engine.runner;

/**
 * Groups the layers that share a block table.
 *
 * @param layers in the group
 * @param window positions that its attention reaches back over; 0 for all
 * @param bytesPerBlock of one block over all layers of the group, keys and values
 */
public record KvGroup(int layers, int window, long bytesPerBlock) {}
