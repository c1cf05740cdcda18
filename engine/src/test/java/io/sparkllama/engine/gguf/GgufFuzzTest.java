package io.sparkllama.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages a valid file in thousands of ways: each is read or refused, never with another exception,
 * and never taking more memory than the file's few hundred bytes justify.
 */
class GgufFuzzTest {
  /** The reader's own buffer, exceptions with their traces, and as much again for safety. */
  private static final long MAX_ALLOCATION = 512 << 10;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TempDir Path directory;

  private static byte[] valid() {
    return GgufBytes.header(2, 5)
        .entry("general.architecture", GgufBytes.STRING)
        .string("llama")
        .entry("general.alignment", GgufBytes.UINT32)
        .u32(32)
        .entry("flag", GgufBytes.BOOL)
        .bytes(1)
        .entry("tokenizer.ggml.tokens", GgufBytes.ARRAY)
        .u32(GgufBytes.STRING)
        .u64(3)
        .string("<s>")
        .string("")
        .string("é")
        .entry("tokenizer.ggml.token_type", GgufBytes.ARRAY)
        .u32(GgufBytes.INT32)
        .u64(3)
        .u32(3)
        .u32(1)
        .u32(1)
        .tensor("a.weight", 0, 0, 8)
        .tensor("b.weight", 8, 32, 32, 2)
        .align(32)
        .zeros(32 + 68)
        .toByteArray();
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    byte[] valid = valid();
    assertThat(accepted(valid)).isTrue();
    for (int length = 0; length < valid.length; length++) {
      assertThat(accepted(Arrays.copyOf(valid, length))).as("cut to %d bytes", length).isFalse();
    }
  }

  @Test
  void everyByteChanged() throws IOException {
    byte[] valid = valid();
    int refused = 0;
    for (int position = 0; position < valid.length; position++) {
      for (int change : new int[] {0x01, 0x80, 0xff}) {
        byte[] damaged = valid.clone();
        damaged[position] ^= (byte) change;
        refused += accepted(damaged) ? 0 : 1;
      }
    }
    assertThat(refused).isGreaterThan(valid.length / 2);
  }

  @Test
  void everyNumberReplacedByAnExtremeOne() throws IOException {
    byte[] valid = valid();
    for (int position = 4; position + 8 <= valid.length; position++) {
      for (long extreme : new long[] {-1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32, 1L << 61}) {
        byte[] damaged = valid.clone();
        for (int i = 0; i < 8; i++) {
          damaged[position + i] = (byte) (extreme >>> 8 * i);
        }
        accepted(damaged);
      }
    }
  }

  @Test
  void randomDamage() throws IOException {
    Random random = new Random(20260101);
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = valid();
      int changes = 1 + random.nextInt(8);
      for (int i = 0; i < changes; i++) {
        damaged[4 + random.nextInt(damaged.length - 4)] = (byte) random.nextInt(256);
      }
      accepted(damaged);
    }
  }

  /** Reads a file twice: the first time, the JVM itself may allocate to load what it needs. */
  private boolean accepted(byte[] bytes) throws IOException {
    Path path = Files.write(directory.resolve("damaged.gguf"), bytes);
    read(path);
    long before = threads.getCurrentThreadAllocatedBytes();
    boolean accepted = read(path);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MAX_ALLOCATION);
    return accepted;
  }

  private static boolean read(Path path) throws IOException {
    try {
      GgufFile.read(path);
      return true;
    } catch (ModelFormatException e) {
      if (!e.getMessage().contains(path.toString())) {
        throw new AssertionError("The message does not name the file: " + e.getMessage(), e);
      }
      return false;
    }
  }
}
