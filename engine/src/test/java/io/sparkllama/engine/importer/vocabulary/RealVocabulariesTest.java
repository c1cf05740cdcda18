package io.sparkllama.engine.importer.vocabulary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds real tokenizers to what llama.cpp's converter made of them. */
class RealVocabulariesTest {
  private static final int CHARACTERS = 324;

  @Test
  void sentencePieceModelOfLlama2() throws IOException {
    Path path = SharedData.path("tokenizers/llama2.tokenizer.model");
    SentencePieceFile file =
        SentencePieceFile.read(path, ByteBuffer.wrap(Files.readAllBytes(path)));
    GgufMetadata expected = GgufFile.read(SharedData.path("tokenizers/llama-spm.gguf")).metadata();

    GgufVocabulary vocabulary = file.vocabulary(32_000);

    assertThat(vocabulary.tokens().texts())
        .isEqualTo(expected.stringArray("tokenizer.ggml.tokens"));
    assertThat(vocabulary.tokens().scores())
        .isEqualTo(expected.floatArray("tokenizer.ggml.scores"));
    assertThat(vocabulary.tokens().types())
        .isEqualTo(expected.optionalIntArray("tokenizer.ggml.token_type").orElseThrow());
    assertThat(file.roles()).isEqualTo(Map.of("unk", 0, "bos", 1, "eos", 2));
    assertThat(vocabulary.rules())
        .isEqualTo(new CuttingRules.SentencePiece(true, false, Optional.empty()));
  }

  @Test
  void tiktokenModelOfLlama3() {
    Path path = SharedData.path("tokenizers/llama-bpe.gguf");
    GgufMetadata expected = GgufFile.read(path).metadata();
    List<String> texts = expected.stringArray("tokenizer.ggml.tokens");
    StringBuilder lines = new StringBuilder();
    for (int rank = 0; rank < 128_000; rank++) {
      byte[] bytes = bytes(texts.get(rank));
      lines.append(Base64.getEncoder().encodeToString(bytes)).append(' ').append(rank).append('\n');
    }

    GgufVocabulary vocabulary =
        TiktokenFile.read(path, lines.toString()).vocabulary(128_256, TiktokenFile.Since.LLAMA_3);

    assertThat(vocabulary.rules())
        .isEqualTo(
            new CuttingRules.BytePair(
                "llama-bpe", Optional.empty(), expected.stringArray("tokenizer.ggml.merges")));
    assertThat(vocabulary.tokens().texts()).isEqualTo(texts);
    assertThat(vocabulary.tokens().types())
        .isEqualTo(expected.optionalIntArray("tokenizer.ggml.token_type").orElseThrow());
  }

  /** Reads GPT-2's alphabet, by its definition. */
  private static byte[] bytes(String token) {
    int[] byCharacter = new int[CHARACTERS];
    Arrays.fill(byCharacter, -1);
    int next = 256;
    for (int value = 0; value < 256; value++) {
      boolean printable = value > 32 && value < 127 || value > 160 && value < 173 || value > 173;
      byCharacter[printable ? value : next++] = value;
    }
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) byCharacter[token.charAt(i)];
    }
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "IQ== 0\nIg== 2",
        "IQ== 0\nIQ== 1",
        "IQ== 0\n!? 1",
        "IQ== 0\n 1",
        "IQ==0",
        "IQ== 0 0"
      })
  void refusesDamagedTiktokenFiles(String text) {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> TiktokenFile.read(Path.of("tokenizer.model"), text))
        .withMessageContaining("a line of the tokenizer")
        .withMessageEndingWith("tokenizer.model");
  }

  private static String line(byte[] token, int rank) {
    return Base64.getEncoder().encodeToString(token) + " " + rank + "\n";
  }

  @Test
  void tokensOfTiktokenFilesAreBounded() {
    Path path = Path.of("tokenizer.model");
    assertThat(
            TiktokenFile.read(path, line(new byte[128], 0))
                .vocabulary(257, TiktokenFile.Since.LLAMA_3)
                .rules())
        .isInstanceOfSatisfying(
            CuttingRules.BytePair.class, rules -> assertThat(rules.merges()).isEmpty());
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> TiktokenFile.read(path, line(new byte[129], 0)))
        .withMessage(
            "a line of the tokenizer is not a token's bytes and the next rank, line 1: "
                + "tokenizer.model");
  }

  @Test
  void mergesOfTiktokenFilesAreBounded() {
    // All words of two letters up to a length: each is made in as many ways as it has cuts.
    StringBuilder lines = new StringBuilder();
    int rank = 0;
    for (int length = 1; length <= 16; length++) {
      for (int word = 0; word < 1 << length; word++) {
        byte[] token = new byte[length];
        for (int i = 0; i < length; i++) {
          token[i] = (byte) ('a' + (word >> i & 1));
        }
        lines.append(line(token, rank++));
      }
    }
    int size = rank + 256;
    TiktokenFile file = TiktokenFile.read(Path.of("tokenizer.model"), lines.toString());
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> file.vocabulary(size, TiktokenFile.Since.LLAMA_3))
        .withMessageContaining("in too many ways")
        .withMessageEndingWith(" 16777216 characters: tokenizer.model");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0a",
        "0a05",
        "0affffffff7f",
        "0affffffffffffffffffff01",
        "0a020a05",
        "0a020805",
        "0a0315ffff",
        "0a051500007f7f",
        "0a050a016118ff",
        "00",
        "0b",
        "1a021807",
        "0a030a0161"
      })
  void refusesDamagedSentencePieceModels(String hexadecimal) {
    byte[] bytes = HexFormat.of().parseHex(hexadecimal);
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(
            () -> SentencePieceFile.read(Path.of("tokenizer.model"), ByteBuffer.wrap(bytes)))
        .withMessageStartingWith("the SentencePiece model ")
        .withMessageEndingWith("tokenizer.model");
  }
}
