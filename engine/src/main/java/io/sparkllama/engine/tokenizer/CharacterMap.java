package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.util.BitSet;

/**
 * Replaces characters as a SentencePiece model says: at each place the longest rule that fits, by a
 * double array in darts-clone's format with the replacements behind it, each ended by a zero byte.
 */
public final class CharacterMap implements TextNormalizer {
  /** Bytes of a rule's left side: those in use have at most a few dozen. */
  private static final int LONGEST_RULE = 256;

  /** Bytes of a rule's right side: the longest that Unicode's own rules have is 33. */
  private static final int LONGEST_REPLACEMENT = 256;

  private final int[]
      units; // [a multiple of 256] 32 bits: label 0-7, leaf 8, offset 9-30, value 31
  private final String source;
  private final byte[] replacements; // UTF-8, each ended by 0

  /**
   * Reads and checks a map.
   *
   * @param bytes length of the double array in bytes, 32 bits little-endian, the array, the
   *     replacements
   * @param source where they come from, for messages
   * @throws ModelFormatException if it is damaged
   */
  public CharacterMap(byte[] bytes, String source) {
    this.source = source;
    long length =
        bytes.length < 4 ? -1 : Integer.toUnsignedLong(littleEndian(bytes, 0)); // of the array
    if (length < 4 || length % 4 != 0 || length + 4 > bytes.length) {
      throw damaged("is no double array of the length that it states", bytes.length);
    }
    units = new int[(int) (length / 4)];
    for (int i = 0; i < units.length; i++) {
      units[i] = littleEndian(bytes, 4 + 4 * i);
    }
    replacements = new byte[bytes.length - 4 - (int) length];
    System.arraycopy(bytes, 4 + (int) length, replacements, 0, replacements.length);
    check();
  }

  /** Returns the map as it was read. */
  public byte[] bytes() {
    ByteBuffer bytes =
        ByteBuffer.allocate(4 + 4 * units.length + replacements.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(4 * units.length).asIntBuffer().put(units);
    bytes.position(4 + 4 * units.length);
    return bytes.put(replacements).array();
  }

  private static int littleEndian(byte[] bytes, int at) {
    return bytes[at] & 0xff
        | (bytes[at + 1] & 0xff) << 8
        | (bytes[at + 2] & 0xff) << 16
        | (bytes[at + 3] & 0xff) << 24;
  }

  private ModelFormatException damaged(String problem, long value) {
    return new ModelFormatException(
        "the tokenizer's character map " + problem + " (" + value + "): " + source);
  }

  /** Follows every way through the array once, so that no text can lead outside of it. */
  private void check() {
    BitSet seen = new BitSet(units.length);
    BitSet starts = new BitSet(replacements.length);
    IntList open = new IntList(256);
    long root = offset(units[0]);
    if (root >= units.length) {
      throw damaged("leads outside of its array", root);
    }
    seen.set((int) root);
    open.add((int) root);
    for (int next = 0; next < open.size(); next++) {
      int node = open.get(next);
      for (int label = 1; label < 256; label++) {
        int child = node ^ label;
        if (child >= units.length || label(units[child]) != label) {
          continue;
        }
        long below = child ^ offset(units[child]);
        if (below >= units.length) {
          throw damaged("leads outside of its array", below);
        }
        if (hasLeaf(units[child])) {
          int start = value(units[(int) below]);
          if (start >= replacements.length) {
            throw damaged("names a replacement that it does not hold", start);
          }
          starts.set(start);
        }
        if (!seen.get((int) below)) {
          seen.set((int) below);
          open.add((int) below);
        }
      }
    }
    checkReplacements(starts);
  }

  /**
   * Checks the replacements in one pass: those that end with the same zero byte are ends of the
   * first of them.
   */
  private void checkReplacements(BitSet starts) {
    int first = starts.nextSetBit(0);
    while (first >= 0) {
      int end = replacementEnd(first);
      if (end == replacements.length) {
        throw damaged("holds a replacement without an end", first);
      }
      if (end - first > LONGEST_REPLACEMENT) {
        throw damaged(
            "holds a replacement of more than " + LONGEST_REPLACEMENT + " bytes", end - first);
      }
      checkUtf8(first, end);
      int next = starts.nextSetBit(first + 1);
      while (next >= 0 && next <= end) {
        if (!startsCharacter(replacements[next])) {
          throw damaged("holds a replacement that is not UTF-8", next);
        }
        next = starts.nextSetBit(next + 1);
      }
      first = next;
    }
  }

  private void checkUtf8(int start, int end) {
    try {
      UTF_8.newDecoder().decode(ByteBuffer.wrap(replacements, start, end - start));
    } catch (CharacterCodingException e) {
      throw damaged("holds a replacement that is not UTF-8", start);
    }
  }

  private int replacementEnd(int start) {
    int end = start;
    while (end < replacements.length && replacements[end] != 0) {
      end++;
    }
    return end;
  }

  @Override
  public String normalize(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    ByteArrayOutputStream mapped = new ByteArrayOutputStream(bytes.length + 16);
    int at = 0;
    while (at < bytes.length) {
      int matched = 0; // bytes
      int replacement = 0;
      int node = (int) offset(units[0]);
      int limit = Math.min(bytes.length, at + LONGEST_RULE);
      for (int i = at; i < limit; i++) {
        int label = bytes[i] & 0xff;
        int child = node ^ label;
        if (label == 0 || child >= units.length || label(units[child]) != label) {
          break;
        }
        node = (int) (child ^ offset(units[child]));
        if (hasLeaf(units[child]) && (i + 1 == bytes.length || startsCharacter(bytes[i + 1]))) {
          matched = i + 1 - at;
          replacement = value(units[node]);
        }
      }
      if (matched > 0) {
        mapped.write(replacements, replacement, replacementEnd(replacement) - replacement);
        at += matched;
        continue;
      }
      do {
        mapped.write(bytes[at++]);
      } while (at < bytes.length && !startsCharacter(bytes[at]));
    }
    return mapped.toString(UTF_8);
  }

  private static boolean startsCharacter(byte one) {
    return (one & 0xc0) != 0x80;
  }

  private static boolean hasLeaf(int unit) {
    return (unit >>> 8 & 1) != 0;
  }

  private static int value(int unit) {
    return unit & 0x7fff_ffff;
  }

  /** Returns a label; what holds a value has the sign bit, which no label has. */
  private static int label(int unit) {
    return unit & 0x8000_00ff;
  }

  private static long offset(int unit) {
    return (long) (unit >>> 10) << ((unit & 1 << 9) >>> 6);
  }
}
