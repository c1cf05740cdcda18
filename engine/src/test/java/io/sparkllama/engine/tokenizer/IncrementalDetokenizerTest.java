package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.Prompt;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Feeds ids one by one and looks at every piece. */
class IncrementalDetokenizerTest {
  /** A token for each byte, and one longer token. */
  private static final TokenPieces BYTES =
      new TokenPieces(
          257,
          TokenPieces.Invalid.BEGINNINGS,
          id -> id < 256 ? new byte[] {(byte) id} : "\u00e9\uD83E\uDD99".getBytes(UTF_8));

  @Test
  void noPieceHoldsHalfACharacter() {
    String text = "a\u00e9\u4e2d\uD83E\uDD99z";
    IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(BYTES);
    StringBuilder pieces = new StringBuilder();
    for (byte one : text.getBytes(UTF_8)) {
      String piece = detokenizer.append(one & 0xff);
      assertThat(piece).doesNotContain("\uFFFD");
      assertThat(piece.codePointCount(0, piece.length())).isLessThanOrEqualTo(1);
      pieces.append(piece);
    }
    assertThat(pieces).hasToString(text);
    assertThat(detokenizer.finish()).isEmpty();
  }

  @Test
  void aBegunCharacterIsReplacedAtTheEnd() {
    IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(BYTES);
    assertThat(detokenizer.append(0xf0)).isEmpty();
    assertThat(detokenizer.append(0x9f)).isEmpty();
    assertThat(detokenizer.append('a')).isEqualTo("\uFFFDa");
    assertThat(detokenizer.append(0xe4)).isEmpty();
    assertThat(detokenizer.finish()).isEqualTo("\uFFFD");
    assertThat(detokenizer.finish()).isEmpty();
    assertThat(detokenizer.append('b')).isEqualTo("b");
  }

  @Test
  void bytesThatCanBeginNoCharacterAreNotHeldBack() {
    int[][] sequences = {{0xc0}, {0x80}, {0xff}, {0xf5}, {0xed, 0xa0}, {0xf4, 0x90}, {0xe0, 0x80}};
    for (int[] sequence : sequences) {
      IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(BYTES);
      String text = "";
      for (int one : sequence) {
        text += detokenizer.append(one);
      }
      assertThat(text).isNotEmpty().matches("\uFFFD+");
      assertThat(detokenizer.finish()).isEmpty();
    }
  }

  @Test
  void eachByteOfABrokenCharacterIsAMistakeToSentencePiece() {
    TokenPieces bytes =
        new TokenPieces(256, TokenPieces.Invalid.BYTES, id -> new byte[] {(byte) id});
    IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(bytes);
    assertThat(detokenizer.append(0xf0)).isEmpty();
    assertThat(detokenizer.append(0x9f)).isEmpty();
    assertThat(detokenizer.append('a')).isEqualTo("\uFFFD\uFFFDa");
    assertThat(detokenizer.append(0xe4)).isEmpty();
    assertThat(detokenizer.append(0xe4)).isEqualTo("\uFFFD");
    assertThat(detokenizer.append(0xb8)).isEmpty();
    assertThat(detokenizer.finish()).isEqualTo("\uFFFD\uFFFD");
    assertThat(detokenizer.finish()).isEmpty();
  }

  @Test
  void aSurrogateIsThreeMistakes() {
    IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(BYTES);
    assertThat(detokenizer.append(0xed)).isEmpty();
    assertThat(detokenizer.append(0xa0)).isEqualTo("\uFFFD\uFFFD");
    assertThat(detokenizer.append(0x80)).isEqualTo("\uFFFD");
    assertThat(detokenizer.finish()).isEmpty();
  }

  @Test
  void allPiecesAreTheTextOfAllBytes() {
    Random random = new Random(11);
    int[] likely = {0xc3, 0xa9, 0xe4, 0xb8, 0xad, 0xf0, 0x9f, 0xa0, 0xe0, 0x80, 0xf4, 'a'};
    for (int trial = 0; trial < 20_000; trial++) {
      IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(BYTES);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 12; i++) {
        int kind = random.nextInt(10);
        // Surrogates are left to the test below: the JDK takes all their bytes for one mistake.
        int id =
            kind == 0
                ? 256
                : kind < 8 ? likely[random.nextInt(likely.length)] : random.nextInt(0xed);
        bytes.writeBytes(BYTES.bytes(id));
        text.append(detokenizer.append(id));
      }
      text.append(detokenizer.finish());
      assertThat(text).hasToString(bytes.toString(UTF_8));
    }
  }

  @Test
  void specialTokensGiveNoText() {
    Tokenizer tokenizer = SharedTokenizers.vocabulary("llama-spm");
    assertThat(tokenizer.decode(new int[] {1, 15043, 2})).isEqualTo(" Hello");
    int[] llama = tokenizer.encode(Prompt.ofData("\uD83E\uDD99\u0000"));
    assertThat(llama).hasSize(6); // the space, four bytes of the llama, NUL
    assertThat(tokenizer.decode(llama)).isEqualTo(" \uD83E\uDD99\u0000");
    assertThat(tokenizer.tokenBytes(llama[1])).containsExactly(0xf0);
  }
}
