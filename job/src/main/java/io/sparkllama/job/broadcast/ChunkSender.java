package io.sparkllama.job.broadcast;

import io.sparkllama.engine.store.ModelDelivery;
import io.sparkllama.engine.store.ModelManifest;
import java.io.IOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.Optional;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches a model from the driver, on an executor: asks for a chunk that it lacks until it has all.
 */
public final class ChunkSender implements ModelDelivery.Sender {
  private static final Logger LOG = LoggerFactory.getLogger(ChunkSender.class);

  /** Between questions that had no answer yet: each is twice as long as the one before. */
  private static final long FIRST_PAUSE_MILLIS = 20;

  /** A thousand executors that wait ask the driver so seldom that it has time for them. */
  private static final long LONGEST_PAUSE_MILLIS = 320;

  /** As long as the slowest of the others may hold a chunk up, several times over. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  /** A chunk may be gone when its turn was missed; then the next question gets another. */
  private static final int ATTEMPTS = 5;

  private final ModelManifest manifest;
  private final int chunkBytes;
  private final String executor;
  private final Driver driver;

  /** Is the driver, who answers as {@link ModelOffers} does. */
  @FunctionalInterface
  public interface Driver {
    Object ask(Object message) throws Exception;
  }

  /**
   * @param chunkBytes as the driver offers the model
   * @param executor as Spark names it
   */
  public ChunkSender(ModelManifest manifest, int chunkBytes, String executor, Driver driver) {
    this.manifest = manifest;
    this.chunkBytes = chunkBytes;
    this.executor = executor;
    this.driver = driver;
  }

  @Override
  public String location() {
    return "the driver";
  }

  @Override
  public int rangeBytes() {
    return chunkBytes;
  }

  @Override
  public ModelDelivery open() {
    return new Delivery();
  }

  private final class Delivery implements ModelDelivery {
    private int failures; // in a row
    private BitSet held = new BitSet(); // as the driver was told last, and what came since

    @Override
    public Piece next(BitSet heldNow) throws IOException, InterruptedException {
      held = (BitSet) heldNow.clone();
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      long pause = FIRST_PAUSE_MILLIS;
      while (System.nanoTime() - deadline < 0) {
        Object answer = ask(ChunkRequest.Purpose.ASK);
        if (answer instanceof Object[] dealt && dealt.length == 2) {
          Optional<Piece> piece = piece((Integer) dealt[0], (Broadcast<?>) dealt[1]);
          if (piece.isPresent()) {
            failures = 0;
            held.set(piece.get().range()); // its blocks stay here, and are given to others
            return piece.get();
          }
        }
        Thread.sleep(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
      }
      throw new IOException(
          "the driver has sent no part of the model for too long; look at the driver's log and at"
              + " the network between the hosts: minutes "
              + PATIENCE.toMinutes());
    }

    /**
     * Reads a chunk from the driver and from those who have it. This is no thread of a task: there
     * a chunk would stay locked until the task ends, and could not be given back.
     */
    private Optional<Piece> piece(int chunk, Broadcast<?> broadcast)
        throws IOException, InterruptedException {
      try {
        return Optional.of(new Piece(chunk, (byte[]) broadcast.value()));
      } catch (Exception e) { // Scala throws what Java would have to declare
        if (Thread.interrupted()) {
          throw (InterruptedException)
              new InterruptedException("interrupted while the model was fetched").initCause(e);
        }
        failures++;
        if (failures == ATTEMPTS) {
          throw new IOException(
              "a part of the model could not be fetched from the driver and the other executors;"
                  + " what has come is kept, and the next task goes on from there: tried "
                  + ATTEMPTS
                  + " times, part "
                  + chunk,
              e);
        }
        LOG.warn("Part {} of the model could not be fetched and is asked for again", chunk, e);
        return Optional.empty();
      }
    }

    /**
     * Tells the driver that nobody waits for this executor any more, and what it has to give: the
     * last chunk, too, which no question tells of.
     */
    @Override
    public void close() throws IOException {
      try {
        ask(ChunkRequest.Purpose.LEAVE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the driver finds out by its patience
      }
    }

    private Object ask(ChunkRequest.Purpose purpose) throws IOException, InterruptedException {
      Object answer;
      try {
        answer = driver.ask(new ChunkRequest(manifest.key(), executor, held, purpose).message());
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException("the driver does not answer an executor that needs the model", e);
      }
      if (answer instanceof String refusal) {
        throw new IOException(refusal);
      }
      return answer;
    }
  }
}
