package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.constraint.RandomRegex;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;

/**
 * Holds answers of a model with random weights, which knows nothing, and a real vocabulary to
 * random expressions; and their bytes to every way of running them.
 */
class ConstrainedModelTest {
  private static final String MODEL = "models/llama-2-tiny-random.gguf";
  private static final EngineOptions OPTIONS =
      EngineOptions.defaults().withThreads(2).withContextLength(128).withKvCacheMemory(8 << 20);

  private static LlamaEngine engine; // opened by the first property

  @AfterContainer
  static void close() {
    if (engine != null) {
      engine.close();
    }
  }

  @Provide
  static Arbitrary<String> expressions() {
    return RandomRegex.expressions();
  }

  @Property(tries = 120, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  void everyAnswerMatches(@ForAll("expressions") String expression) {
    if (engine == null) {
      engine = LlamaEngine.open(SharedData.path(MODEL), OPTIONS);
    }
    Pattern pattern = Pattern.compile(expression);
    List<CompletableFuture<GenerationResult>> futures = new ArrayList<>();
    try {
      for (int i = 0; i < 12; i++) {
        futures.add(engine.generate(request(i, 1 + i * i).within(regex(expression))));
      }
    } catch (InvalidConfigurationException empty) {
      assertThat(empty).hasMessageContaining("no text but the empty one");
      return;
    }
    for (CompletableFuture<GenerationResult> future : futures) {
      GenerationResult result = future.join();
      if (result.error().isPresent()) {
        assertThat(result.error().get().errorClass()).isEqualTo(RowError.CONSTRAINT_DOES_NOT_FIT);
      } else {
        assertThat(result.text()).isEqualTo(decoded(result.tokens())).matches(pattern);
      }
    }
  }

  /** Refuses bytes that are no UTF-8; U+FFFD itself is a token of this vocabulary. */
  private static String decoded(int[] tokens) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int token : tokens) {
      bytes.writeBytes(engine.model().tokenizer().tokenBytes(token));
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw new AssertionError("An answer is no UTF-8", e);
    }
  }

  @Test
  void bytesAreTheSameHoweverTheyAreRun() {
    ModelFile model = ModelFile.open(SharedData.path(MODEL));
    EngineOptions plain = OPTIONS.withPrefixCache(false);
    List<GenerationResult> expected = answers(model, plain.withBatchLimits(1, 512, 512));
    for (InstructionSet set : InstructionSet.values()) {
      try {
        assertThat(answers(model, plain.withInstructionSet(set)))
            .as("%s", set)
            .usingRecursiveComparison()
            .isEqualTo(expected);
      } catch (InvalidConfigurationException absent) {
        assertThat(absent).hasMessageContaining("This processor lacks");
      }
    }
    for (EngineOptions options :
        List.of(
            OPTIONS.withThreads(1),
            OPTIONS.withBatchLimits(3, 16, 4),
            OPTIONS.withBatchLimits(64, 37, 1).withThreads(3))) {
      assertThat(answers(model, options)).usingRecursiveComparison().isEqualTo(expected);
    }
  }

  private static List<GenerationResult> answers(ModelFile model, EngineOptions options) {
    List<String> expressions =
        List.of(".{1,30}", "\\d{4}-\\d\\d", "(yes|no|perhaps)", "[ж-щ😀 ]{3,8}", "\\w+ .*");
    try (LlamaEngine opened = LlamaEngine.open(model, options)) {
      List<CompletableFuture<GenerationResult>> futures = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        futures.add(opened.generate(request(i, 10 + i).within(regex(expressions.get(i % 5)))));
      }
      return futures.stream().map(CompletableFuture::join).toList();
    }
  }

  private static AnswerConstraint regex(String expression) {
    return new AnswerConstraint.Regex(expression);
  }

  /** Every way of sampling comes about. */
  private static GenerationRequest request(int i, int maxTokens) {
    Penalties penalties =
        i % 4 == 3 ? new Penalties(1.2, 0.5, 0.2, Map.of(300, 5.0)) : Penalties.NONE;
    return new GenerationRequest(
        new RowKey(i, 3),
        Prompt.ofData("Row " + i % 7 + " says"),
        new SamplingParams(
            i % 3 == 0 ? 0 : 0.9,
            i % 4 == 1 ? 40 : 0,
            i % 5 == 2 ? 0.8 : 1,
            i % 6 == 3 ? 0.05 : 0,
            i,
            Math.min(maxTokens, 100),
            List.of(),
            List.of(),
            penalties),
        OverlongPolicy.ERROR);
  }
}
