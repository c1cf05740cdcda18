package io.sparkllama.job.broadcast;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.store.ModelDelivery;
import io.sparkllama.engine.store.ModelManifest;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import org.junit.jupiter.api.Test;
import scala.reflect.ClassTag$;

class ChunkSenderTest {
  private static final ModelManifest MANIFEST =
      new ModelManifest("ab".repeat(32), List.of(new ModelManifest.Entry("m.gguf", 12)));

  /** Is a chunk that is here already. */
  private static final class Here extends Broadcast<byte[]> {
    private static final long serialVersionUID = 1;

    Here() {
      super(0, ClassTag$.MODULE$.apply(byte[].class));
    }

    @Override
    public byte[] getValue() {
      return new byte[6];
    }

    @Override
    public void doUnpersist(boolean blocking) {}

    @Override
    public void doDestroy(boolean blocking) {}
  }

  @Test
  void itsFarewellTellsOfTheLastChunk() throws Exception {
    List<ChunkRequest> asked = new ArrayList<>();
    ChunkSender sender =
        new ChunkSender(
            MANIFEST,
            6,
            "7",
            message -> {
              asked.add(ChunkRequest.of(message).orElseThrow());
              return asked.size() == 1 ? new Object[] {1, new Here()} : new Object[0];
            });
    BitSet held = new BitSet();
    held.set(0);
    try (ModelDelivery delivery = sender.open()) {
      assertThat(delivery.next(held).range()).isEqualTo(1);
    }
    BitSet all = new BitSet();
    all.set(0, 2);
    assertThat(asked)
        .containsExactly(
            new ChunkRequest(MANIFEST.key(), "7", held, ChunkRequest.Purpose.ASK),
            new ChunkRequest(MANIFEST.key(), "7", all, ChunkRequest.Purpose.LEAVE));
  }

  @Test
  void whatIsNoRequestIsNone() {
    assertThat(ChunkRequest.of(new long[] {1, 2, 3})).isEmpty();
    assertThat(ChunkRequest.of(new Object[] {"model", "executor"})).isEmpty();
  }
}
