package io.sparkllama.job.prompt;

import io.sparkllama.engine.api.RowKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Derives the 128-bit key of a row from the texts of columns: the first 16 bytes of SHA-256 over,
 * for each column in order, one byte (0 null, 1 a value), and for a value its length in UTF-8 bytes
 * (4 bytes, big-endian) and those bytes.
 */
public final class RowKeys {
  private RowKeys() {}

  /**
   * Derives a key.
   *
   * @param texts in the columns' order; null for a null value
   */
  public static RowKey derive(List<String> texts) {
    MessageDigest digest = sha256();
    for (String text : texts) {
      if (text == null) {
        digest.update((byte) 0);
        continue;
      }
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      digest.update((byte) 1);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
      digest.update(bytes);
    }
    ByteBuffer hash = ByteBuffer.wrap(digest.digest());
    return new RowKey(hash.getLong(), hash.getLong());
  }

  /**
   * Derives the key of one of the calls that a row with a long document takes: the first 16 bytes
   * of SHA-256 over a byte 2, which no key of columns begins with, the row's key (16 bytes), level
   * and index (4 bytes each, big-endian).
   *
   * @param level 0 for the document's parts, and one more each time that summaries are put together
   * @param index among the calls of the level
   */
  public static RowKey ofCall(RowKey row, int level, int index) {
    MessageDigest digest = sha256();
    digest.update((byte) 2);
    digest.update(
        ByteBuffer.allocate(2 * Long.BYTES + 2 * Integer.BYTES)
            .putLong(row.high())
            .putLong(row.low())
            .putInt(level)
            .putInt(index)
            .flip());
    ByteBuffer hash = ByteBuffer.wrap(digest.digest());
    return new RowKey(hash.getLong(), hash.getLong());
  }

  /** Returns the key as it stands in the output: 32 lower-case hexadecimal digits. */
  public static String text(RowKey key) {
    return HexFormat.of().toHexDigits(key.high()) + HexFormat.of().toHexDigits(key.low());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("Every Java platform has SHA-256.", impossible);
    }
  }
}
