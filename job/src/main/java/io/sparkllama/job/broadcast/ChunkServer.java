package io.sparkllama.job.broadcast;

import io.sparkllama.engine.store.CacheUse;
import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.ModelRange;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends one model from the driver's copy, a chunk at a time: makes a broadcast of each when the
 * carousel says so, and ends it when every executor that fetches has it.
 */
final class ChunkServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChunkServer.class);

  /** So many different chunks do hosts have to give each other. */
  private static final int WINDOW = 4;

  /**
   * Half as many as a chunk has blocks: that each who fetches takes its first block from one who
   * has the chunk costs that one half a copy.
   */
  private static final int SHARE = 4;

  /** Executors of a job's first tasks ask within so much of each other. */
  private static final Duration GATHER = Duration.ofSeconds(1);

  /** A chunk of 32 MiB takes less on any network that this is for. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final LocalModel model;
  private final List<ModelRange> chunks;
  private final JavaSparkContext spark;
  private final ChunkCarousel<Broadcast<byte[]>> carousel;
  private final AtomicBoolean turning = new AtomicBoolean();

  /** One thread while there is something to do. */
  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          10,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          task -> {
            Thread made = new Thread(task, "model-chunks");
            made.setDaemon(true);
            return made;
          });

  private final CacheUse use;
  private volatile String failure; // null while all is well

  /**
   * @param model the driver's verified copy, which stays in its cache until this is closed
   */
  ChunkServer(LocalModel model, int chunkBytes, JavaSparkContext spark) {
    this.model = model;
    this.use = CacheUse.of(model);
    this.chunks = ModelRange.of(model.manifest().files(), chunkBytes);
    this.spark = spark;
    this.carousel =
        new ChunkCarousel<>(chunks.size(), WINDOW, SHARE, GATHER, PATIENCE, System::nanoTime);
    thread.allowCoreThreadTimeOut(true);
  }

  /**
   * Answers an executor at once: with a chunk, as its index and its broadcast; with nothing where
   * it must ask again a little later; or with a text, why it will get no more.
   */
  Object answer(String executor, BitSet held) {
    if (failure != null) {
      return failure;
    }
    Optional<ChunkCarousel.Dealt<Broadcast<byte[]>>> dealt = carousel.ask(executor, held);
    turnLater();
    return dealt
        .map(chunk -> new Object[] {chunk.chunk(), chunk.handle()})
        .orElseGet(() -> new Object[0]);
  }

  /** Tells whether executors that ask are refused. */
  boolean hasFailed() {
    return failure != null;
  }

  /** Forgets an executor that fetches no more; it passes on what it got. */
  void leave(String executor, BitSet held) {
    carousel.leave(executor, held);
    turnLater();
  }

  /** Forgets an executor that is no more. */
  void lose(String executor) {
    carousel.lose(executor);
    turnLater();
  }

  private void turnLater() {
    if (failure == null && turning.compareAndSet(false, true)) {
      thread.execute(this::turn);
    }
  }

  private void turn() {
    turning.set(false);
    try {
      carousel.retire().forEach(Broadcast::destroy);
      for (OptionalInt next = carousel.next(); next.isPresent(); next = carousel.next()) {
        ModelRange range = chunks.get(next.getAsInt());
        Broadcast<byte[]> chunk = spark.broadcast(read(range));
        if (!carousel.made(range.index(), chunk)) {
          chunk.destroy(); // this was closed meanwhile
          return;
        }
      }
    } catch (OutOfMemoryError e) {
      fail(
          "the driver has not the memory to send its copy of the model; raise spark.driver.memory,"
              + " and start the job again: ",
          e);
    } catch (Exception e) { // Spark throws what Java would have to declare
      fail(
          "the driver could not read or send its copy of the model; see its log, and start the job"
              + " again: ",
          e);
    } catch (Error e) {
      fail("the driver failed while it sent its copy of the model; see its log: ", e);
      throw e;
    }
  }

  /** Tells all who ask from now on, and gives back what the live chunks take. */
  private void fail(String advice, Throwable reason) {
    if (failure != null) {
      return; // it was closed meanwhile, which interrupts
    }
    failure = advice + reason;
    LOG.error("The model cannot be sent to the executors any more", reason);
    carousel.clear().forEach(Broadcast::destroy);
  }

  private byte[] read(ModelRange range) throws IOException {
    Path file = model.path().resolveSibling(model.manifest().files().get(range.part()).name());
    byte[] bytes = new byte[range.length()];
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      int done = 0;
      while (done < bytes.length) {
        // Java copies what it reads into its heap: a little at a time.
        int most = Math.min(1 << 20, bytes.length - done);
        int count = in.read(ByteBuffer.wrap(bytes, done, most), range.offset() + done);
        if (count < 0) {
          throw new EOFException("the driver's copy of the model was cut short: " + file);
        }
        done += count;
      }
    }
    return bytes;
  }

  /** Ends all chunks. Who asks later is told that there are no more. */
  @Override
  public void close() {
    failure = "the job that sent the model has ended";
    thread.shutdownNow();
    carousel.clear().forEach(Broadcast::destroy);
    use.close();
  }
}
