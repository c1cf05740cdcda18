package io.sparkllama.engine.runner;

import java.util.List;

/**
 * Groups the layers that share a block table.
 *
 * @param layers of the group, in order
 * @param window positions that its attention reaches back over; 0 for all
 * @param bytesPerBlock of one block over all layers of the group, keys and values
 */
public record KvGroup(List<Integer> layers, int window, long bytesPerBlock) {
  public KvGroup {
    layers = List.copyOf(layers);
  }
}
