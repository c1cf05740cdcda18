package io.sparkllama.job.admission;

import io.sparkllama.job.config.SizeOrShare;

/**
 * Chooses the bytes of a KV cache by what there is room for.
 *
 * <p>Where the choice is ours, the cache has one whole context at least, or as much as it has with
 * all the room in the world: which rows get the error kv-cache-too-small must not depend on the
 * machine that they run on.
 *
 * @param usual bytes that an engine takes where nothing bounds it
 * @param context bytes of one whole context
 */
record KvCacheFit(long usual, long context) {
  /**
   * Left to Java beside its heap where we choose: classes, compiled code, stacks and network
   * buffers of an executor. What fills a container to the last page is killed in it.
   */
  static final long BESIDE_HEAP = 256L << 20;

  /**
   * Returns the cache's bytes; they may be more than the room there is, which is to be refused.
   *
   * @param room what the limit leaves beside heap, weights and buffers; negative where it leaves
   *     nothing
   */
  long bytes(SizeOrShare wanted, long room) {
    long spare = room - BESIDE_HEAP;
    if (wanted instanceof SizeOrShare.Share share) {
      return Math.max(context, share.of(spare));
    }
    long given = ((SizeOrShare.Size) wanted).bytes();
    return given > 0 ? given : Math.max(Math.min(context, usual), Math.min(usual, spare));
  }
}
