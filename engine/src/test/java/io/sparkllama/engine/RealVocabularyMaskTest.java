package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.constraint.AnswerTokens;
import io.sparkllama.engine.constraint.ConstrainedAnswer;
import io.sparkllama.engine.constraint.TokenConstraint;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.tokenizer.TokenType;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.Tokenizers;
import io.sparkllama.engine.tokenizer.Vocabulary;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checks masks of real vocabularies token by token with {@code java.util.regex}: a token is allowed
 * where the text with it is a match, or the beginning of one.
 */
class RealVocabularyMaskTest {
  private static final List<String> EXPRESSIONS =
      List.of(
          "\\{\"name\": \"[^\"\\\\\\n]{1,30}\", \"age\": [1-9]\\d?\\}",
          "(billing|shipping|warranty) [a-z]{2,12}",
          "[ -~]{5,40}",
          ".*",
          "[\\u00e0-\\u00ff]{3} .+");

  private static final Map<String, int[]> COMPLETIONS = new HashMap<>(); // by the bytes begun

  @ParameterizedTest
  @ValueSource(strings = {"llama-bpe", "llama-spm", "qwen2"})
  void masksAllowTheTokensThatKeepAMatchPossible(String name) {
    Tokenizer tokenizer =
        Tokenizers.of(
            Vocabulary.of(
                GgufFile.read(SharedData.path("tokenizers/" + name + ".gguf")).metadata()));
    AnswerTokens tokens = ConstraintCache.tokensOf(new TokenizerText(tokenizer));
    Random random = new Random(name.hashCode());
    for (String expression : EXPRESSIONS) {
      TokenConstraint constraint =
          TokenConstraint.of(new AnswerConstraint.Regex(expression), tokens);
      checkAlongAnAnswer(constraint, Pattern.compile(expression), tokenizer, random);
    }
  }

  private static void checkAlongAnAnswer(
      TokenConstraint constraint, Pattern pattern, Tokenizer tokenizer, Random random) {
    ConstrainedAnswer answer = constraint.begin(50);
    byte[] text = new byte[0];
    for (int step = 0; step < 5; step++) {
      long[] mask = answer.place().mask().words();
      List<Integer> allowed = new ArrayList<>();
      for (int id = 0; id < tokenizer.vocabulary().size(); id++) {
        boolean set = (mask[id / 64] >>> id & 1) != 0;
        assertThat(set)
            .as("%s after %s: token %d", pattern, new String(text, StandardCharsets.UTF_8), id)
            .isEqualTo(expected(pattern, tokenizer, text, id));
        if (set && tokenizer.tokenBytes(id).length > 0) {
          allowed.add(id);
        }
      }
      int id = allowed.get(random.nextInt(allowed.size()));
      text = join(text, tokenizer.tokenBytes(id));
      if (answer.append(id) != ConstrainedAnswer.Progress.GOES_ON) {
        return;
      }
    }
  }

  private static boolean expected(Pattern pattern, Tokenizer tokenizer, byte[] text, int id) {
    for (int end : tokenizer.endIds()) {
      if (end == id) {
        return matches(pattern, text);
      }
    }
    TokenType type = tokenizer.vocabulary().type(id);
    byte[] bytes = tokenizer.tokenBytes(id);
    boolean textual =
        type == TokenType.NORMAL || type == TokenType.BYTE || type == TokenType.USER_DEFINED;
    return textual && bytes.length > 0 && begins(pattern, join(text, bytes));
  }

  /** Returns whether a match begins so; the last character may be there in part. */
  private static boolean begins(Pattern pattern, byte[] text) {
    int whole = wholeCharacters(text);
    if (whole < 0) {
      return false;
    }
    if (whole == text.length) {
      return beginsWith(pattern, new String(text, StandardCharsets.UTF_8));
    }
    String before = new String(text, 0, whole, StandardCharsets.UTF_8);
    // A part of a character: one that it may become must do. Sampled where there are many.
    for (int point : completions(text, whole)) {
      if (beginsWith(pattern, before + Character.toString(point))) {
        return true;
      }
    }
    return false;
  }

  private static boolean beginsWith(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.matches() || matcher.hitEnd();
  }

  private static boolean matches(Pattern pattern, byte[] text) {
    return wholeCharacters(text) == text.length
        && pattern.matcher(new String(text, StandardCharsets.UTF_8)).matches();
  }

  /** Returns the bytes of whole characters at the beginning; -1 where what follows is no part. */
  private static int wholeCharacters(byte[] text) {
    for (int cut = 0; cut < 4 && cut <= text.length; cut++) {
      int whole = text.length - cut;
      if (decodes(text, whole)) {
        return cut == 0 || completions(text, whole).length > 0 ? whole : -1;
      }
    }
    return -1;
  }

  private static boolean decodes(byte[] text, int length) {
    try {
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(text, 0, length));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /**
   * Returns characters whose UTF-8 begins with the last bytes: the lowest and the highest, and
   * those that an expression here tells apart from others.
   */
  private static int[] completions(byte[] text, int whole) {
    byte[] begun = java.util.Arrays.copyOfRange(text, whole, text.length);
    return COMPLETIONS.computeIfAbsent(
        new String(begun, StandardCharsets.ISO_8859_1),
        key -> {
          int[] all =
              IntStream.rangeClosed(0x80, Character.MAX_CODE_POINT)
                  .filter(point -> point < 0xd800 || point > 0xdfff)
                  .filter(point -> beginsWith(point, begun))
                  .toArray();
          return IntStream.range(0, all.length)
              .filter(i -> i == 0 || i == all.length - 1 || all[i] < 0x100)
              .map(i -> all[i])
              .toArray();
        });
  }

  private static boolean beginsWith(int point, byte[] begun) {
    byte[] utf8 = Character.toString(point).getBytes(StandardCharsets.UTF_8);
    return utf8.length >= begun.length
        && java.util.Arrays.equals(utf8, 0, begun.length, begun, 0, begun.length);
  }

  private static byte[] join(byte[] text, byte[] more) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    joined.writeBytes(text);
    joined.writeBytes(more);
    return joined.toByteArray();
  }
}
