package io.sparkllama.engine.store;

import java.util.ArrayList;
import java.util.List;

/**
 * Is a piece of a model that is copied, sent, and known to be there as one.
 *
 * @param index among all ranges of the model
 * @param part the file that it lies in, as the manifest counts them
 * @param offset in that file, in bytes
 * @param length in bytes, at least one
 */
public record ModelRange(int index, int part, long offset, int length) {

  /**
   * Cuts a model's files into ranges, in order: all of one length but the last of each file.
   *
   * @param rangeBytes at least one
   */
  public static List<ModelRange> of(List<ModelManifest.Entry> files, int rangeBytes) {
    if (rangeBytes < 1) {
      throw new IllegalArgumentException("a range must have at least one byte: " + rangeBytes);
    }
    List<ModelRange> ranges = new ArrayList<>();
    for (int part = 0; part < files.size(); part++) {
      long length = files.get(part).length();
      for (long offset = 0; offset < length; offset += rangeBytes) {
        int bytes = (int) Math.min(rangeBytes, length - offset);
        ranges.add(new ModelRange(ranges.size(), part, offset, bytes));
      }
    }
    return ranges;
  }
}
