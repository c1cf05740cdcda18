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
