package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads from storages that fail, for a moment or for good. */
class SourceFetchTest {
  private static final int RANGE = 10_000;
  private static final int LENGTH = 40 * RANGE + 3;
  private static final CopySettings SETTINGS = new CopySettings(RANGE, 3, Duration.ofMillis(1));

  @TempDir Path directory;
  private final byte[] content = new byte[LENGTH];
  private ModelStore store;

  @BeforeEach
  void makeContent() {
    new Random(11).nextBytes(content);
    store = new ModelStore(directory.resolve("cache"), SETTINGS);
  }

  /** With what the connectors of object stores throw and do not declare, too. */
  @Test
  void aReadThatFailsIsTriedAgain() throws Exception {
    AtomicInteger failures = new AtomicInteger();
    RangedSource source =
        new RangedSource(
            content,
            offset -> {
              if (offset == 3 * RANGE) {
                switch (failures.getAndIncrement()) {
                  case 0 -> throw new IOException("connection reset");
                  case 1 ->
                      throw new IllegalStateException("this block should have been available");
                  default -> {}
                }
              }
            });

    assertThat(store.localize(source).path()).hasBinaryContent(content);
    assertThat(failures).hasValue(3);
  }

  @Test
  void whatAConnectorWrapsIsTakenOutOfIt() {
    AtomicInteger tries = new AtomicInteger();
    RangedSource source =
        new RangedSource(
            content,
            offset -> {
              if (offset == 0) {
                tries.incrementAndGet();
                throw new UncheckedIOException(new FileNotFoundException("tiny.gguf"));
              }
            });
    assertThatThrownBy(() -> store.localize(source)).isInstanceOf(FileNotFoundException.class);
    assertThat(tries).hasValue(1);
  }

  @Test
  void openingIsTriedAgainAsReadsAre() throws Exception {
    AtomicInteger opened = new AtomicInteger();
    RangedSource source =
        new RangedSource(content, offset -> {})
            .opening(
                () -> {
                  if (opened.getAndIncrement() < 2) {
                    throw new IllegalStateException("no connection in the pool");
                  }
                });
    assertThat(store.localize(source).path()).hasBinaryContent(content);

    AtomicInteger closed = new AtomicInteger();
    RangedSource never =
        new RangedSource(content.clone(), 1, offset -> {})
            .opening(
                () -> {
                  closed.incrementAndGet();
                  throw new IOException("no route");
                });
    assertThatThrownBy(() -> new ModelStore(directory.resolve("other"), SETTINGS).localize(never))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("could not be opened in its storage")
        .hasMessageContaining("tried 3 times, store:/tiny.gguf (no route)");
    assertThat(closed).hasValue(3);
  }

  @Test
  void readsAreTriedAsOftenAsIsSaidAndNoMore() {
    AtomicInteger tries = new AtomicInteger();
    RangedSource source =
        new RangedSource(
            content,
            offset -> {
              if (offset == 3 * RANGE) {
                tries.incrementAndGet();
                throw new IOException("connection reset");
              }
            });

    assertThatThrownBy(() -> store.localize(source))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "the model could not be read from its storage; what was copied is kept, and the next"
                + " start goes on from there, once the storage answers: tried 3 times, tiny.gguf"
                + " from byte 30000 of store:/tiny.gguf (connection reset)");
    assertThat(tries).hasValue(3);
  }

  @Test
  void whatIsGoneIsNotWaitedFor() {
    AtomicInteger tries = new AtomicInteger();
    RangedSource source =
        new RangedSource(
            content,
            offset -> {
              if (offset == 0) {
                tries.incrementAndGet();
                throw new FileNotFoundException("tiny.gguf");
              }
            });
    assertThatThrownBy(() -> store.localize(source)).isInstanceOf(FileNotFoundException.class);
    assertThat(tries).hasValue(1);
  }
}
