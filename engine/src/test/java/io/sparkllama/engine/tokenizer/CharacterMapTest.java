package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Reads sound and damaged maps; what rules do is compared in TinyTokenizersTest. */
class CharacterMapTest {
  private static final int LEAF = 1 << 8;
  private static final int VALUE = 1 << 31;

  /** A double array: the root, whose children lie behind it; 'a' leads to a value. */
  private static int[] units() {
    int[] units = new int[512];
    units[0] = offset(256); // the root's children are at 256 ^ label
    units[256 ^ 'a'] = 'a' | LEAF | offset(1 ^ 256 ^ 'a'); // its value is at 1
    units[1] = VALUE; // the replacement at 0
    return units;
  }

  private static int offset(int offset) {
    return offset << 10;
  }

  private static byte[] map(int[] units, byte... replacements) {
    ByteBuffer bytes =
        ByteBuffer.allocate(4 + 4 * units.length + replacements.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(4 * units.length);
    Arrays.stream(units).forEach(bytes::putInt);
    return bytes.put(replacements).array();
  }

  @Test
  void aRuleReplacesWhatItFits() {
    CharacterMap map = new CharacterMap(map(units(), "\u00e9x\0".getBytes(UTF_8)), "map.gguf");
    assertThat(map.normalize("")).isEmpty();
    assertThat(map.normalize("ba\0a\uD83E\uDD99")).isEqualTo("b\u00e9x\0\u00e9x\uD83E\uDD99");
    assertThat(new CharacterMap(map(units(), (byte) 0), "map.gguf").normalize("aba"))
        .isEqualTo("b");
  }

  @Test
  void lengthsThatAreNotThereAreRefused() {
    for (byte[] bytes : new byte[][] {{}, {1}, {0, 0, 0}, {0, 0, 0, 0}, {4, 0, 0, 0, 1, 1, 1}}) {
      refuses(bytes, "no double array of the length");
    }
    byte[] sound = map(units(), (byte) 0);
    for (int length : new int[] {-1, Integer.MIN_VALUE, 3, 6, 4 * 512 + 4}) {
      byte[] bytes = sound.clone();
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(length);
      refuses(bytes, "no double array of the length");
    }
  }

  @Test
  void waysOutOfTheArrayAreRefused() {
    int[] units = units();
    units[0] = offset(512);
    refuses(map(units, (byte) 0), "outside of its array");
    units = units();
    units[256 ^ 'a'] = 'a' | offset(1024);
    refuses(map(units, (byte) 0), "outside of its array");
    units = units();
    units[256 ^ 'a'] = 'a' | 1 << 9 | offset(1 << 20); // offset in steps of 256
    refuses(map(units, (byte) 0), "outside of its array");
  }

  @Test
  void replacementsThatAreNotThereAreRefused() {
    refuses(map(units()), "does not hold");
    int[] units = units();
    units[1] = VALUE | 2;
    refuses(map(units, (byte) 'x', (byte) 0), "does not hold");
    refuses(map(units(), (byte) 'x'), "without an end");
    refuses(map(units(), (byte) 0xc3, (byte) 0), "not UTF-8");
  }

  @Test
  void replacementsAreBounded() {
    String most = "\u00e9".repeat(128); // 256 bytes
    CharacterMap map = new CharacterMap(map(units(), (most + '\0').getBytes(UTF_8)), "map.gguf");
    assertThat(map.normalize("aa")).isEqualTo(most + most);
    refuses(map(units(), (most + "x\0").getBytes(UTF_8)), "of more than 256 bytes (257)");
  }

  /** Adds a rule that replaces 'b' by what begins at a byte. */
  private static int[] unitsWithB(int start) {
    int[] units = units();
    int child = 256 ^ 'b';
    units[child] = 'b' | LEAF | offset(child ^ 2); // its value is at 2
    units[2] = VALUE | start;
    return units;
  }

  @Test
  void replacementsMayBeEndsOfOthers() {
    byte[] replacements = "x\u00e9y\0z\0".getBytes(UTF_8);
    for (String end : new String[] {"x\u00e9y", "\u00e9y", "y", "", "z"}) {
      int start = end.equals("z") ? 5 : 4 - end.getBytes(UTF_8).length;
      CharacterMap map = new CharacterMap(map(unitsWithB(start), replacements), "map.gguf");
      assertThat(map.normalize("bab")).isEqualTo(end + "x\u00e9y" + end);
    }
    refuses(map(unitsWithB(2), replacements), "not UTF-8 (2)");
    refuses(map(unitsWithB(5), "x\u00e9y\0z".getBytes(UTF_8)), "without an end (5)");
    refuses(map(unitsWithB(3), new byte[] {'x', 'y', 0, (byte) 0xc3, 0}), "not UTF-8 (3)");
  }

  @Test
  void aWayInACircleEnds() {
    int[] units = units();
    units[256 ^ 'a'] = 'a' | offset('a'); // leads back to the root's children
    CharacterMap map = new CharacterMap(map(units, (byte) 0), "map.gguf");
    String run = "a".repeat(1_000_000);
    assertThat(map.normalize(run)).isEqualTo(run);
  }

  @Test
  void damageIsRefusedOrHarmless() throws IOException {
    String encoded =
        GoldenFiles.lines("tiny-bpe-mapped.json")
            .get(0)
            .get("metadata")
            .get("precompiled_charsmap")
            .asText();
    byte[] sound = Base64.getDecoder().decode(encoded);
    String text = "\ufb01\uff21 e\u0301...\u2764\ufe0f\r\n\u200b x";
    assertThat(new CharacterMap(sound, "map.gguf").normalize(text))
        .isEqualTo("fiA \u00e9\u2026<3  x");
    Random random = new Random(3);
    int refused = 0;
    for (int trial = 0; trial < 20_000; trial++) {
      byte[] bytes = sound.clone();
      for (int i = random.nextInt(40); i >= 0; i--) {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      if (trial % 4 == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      }
      try {
        String normal = new CharacterMap(bytes, "map.gguf").normalize(text);
        assertThat(new String(normal.getBytes(UTF_8), UTF_8)).isEqualTo(normal);
      } catch (ModelFormatException e) {
        refused++;
      }
    }
    assertThat(refused).isBetween(1_000, 19_000);
  }

  private static void refuses(byte[] bytes, String problem) {
    assertThatThrownBy(() -> new CharacterMap(bytes, "map.gguf"))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("character map")
        .hasMessageEndingWith(": map.gguf")
        .hasMessageContaining(problem);
  }
}
