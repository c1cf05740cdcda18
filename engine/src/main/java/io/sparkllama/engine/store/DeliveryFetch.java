package io.sparkllama.engine.store;

import java.io.IOException;
import java.util.BitSet;
import java.util.List;

/** Takes a copy's ranges as they are delivered, in whatever order. */
final class DeliveryFetch implements RangeFetch {
  private final ModelDelivery.Sender sender;

  DeliveryFetch(ModelDelivery.Sender sender) {
    this.sender = sender;
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public void run(IncomingCopy copy, Arrivals arrivals) throws IOException, InterruptedException {
    List<ModelRange> ranges = copy.ranges();
    for (ModelRange range : ranges) {
      if (copy.holds(range)) {
        arrivals.arrived(range);
      }
    }
    BitSet held = arrivals.held();
    if (held.cardinality() == ranges.size()) {
      return;
    }
    try (ModelDelivery delivery = sender.open()) {
      while (held.cardinality() < ranges.size()) {
        ModelDelivery.Piece piece = delivery.next((BitSet) held.clone());
        ModelRange range = wanted(piece, ranges, held);
        try (IncomingCopy.RangeWriter writer = copy.write(range)) {
          writer.write(piece.bytes(), range.length());
          writer.finish();
        }
        arrivals.arrived(range);
        held.set(range.index());
      }
    }
  }

  private ModelRange wanted(ModelDelivery.Piece piece, List<ModelRange> ranges, BitSet held)
      throws IOException {
    int index = piece.range();
    if (index < 0
        || index >= ranges.size()
        || held.get(index)
        || piece.bytes().length != ranges.get(index).length()) {
      throw new IOException(
          "a part of the model was sent that nobody asked for; start the job again: part "
              + index
              + " of "
              + ranges.size()
              + " with "
              + piece.bytes().length
              + " bytes from "
              + sender.location());
    }
    return ranges.get(index);
  }
}
