package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.ScoreRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds answers with adapters: those of PEFT, and the same bits in any company. */
@Timeout(300)
class AdapterAnswersTest {
  private static final List<Optional<String>> KINDS =
      List.of(Optional.empty(), Optional.of("first"), Optional.of("second"));
  private static final List<String> PROMPTS =
      List.of(
          "The ship",
          "When the rain had stopped, we went down to the harbour and counted the boats.",
          "When the rain had stopped, we went down to the old station");
  private static final List<String> LABELS = List.of(" boats", " the old station", "!");

  @TempDir Path directory;

  private EngineOptions options() {
    return EngineOptions.defaults()
        .withThreads(2)
        .withKvCacheType(KvCacheType.F32)
        .withCacheDirectory(directory);
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.AdapterModel#all")
  void textIsEqual(AdapterModel model) {
    Path file = model.family().gguf(directory);
    try (LlamaEngine engine = LlamaEngine.open(file, options().withAdapters(model.adapters()))) {
      for (String name : AdapterModel.NAMES) {
        for (FamilyModel.Case expected : model.cases(name)) {
          GenerationRequest request =
              new GenerationRequest(
                      new RowKey(0, 0),
                      Prompt.ofTemplate(expected.prompt()),
                      SamplingParams.greedy(expected.greedyIds().length),
                      OverlongPolicy.ERROR)
                  .withAdapter(Optional.of(name));
          GenerationResult result = engine.generate(request).join();
          assertThat(result.tokens())
              .as("%s with %s", expected.prompt(), name)
              .isEqualTo(expected.greedyIds());
          assertThat(result.text()).isEqualTo(expected.greedyText());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.AdapterModel#all")
  void answersAreTheSameBitsInAnyCompany(AdapterModel model) {
    ModelFile file = ModelFile.open(model.family().gguf(directory));
    EngineOptions alone =
        options()
            .withThreads(1)
            .withBatchLimits(1, 512, 512)
            .withPrefixCache(false)
            .withAdapters(model.adapters());
    List<List<Object>> expected = new ArrayList<>();
    for (Optional<String> kind : KINDS) {
      try (LlamaEngine engine = LlamaEngine.open(file, alone)) {
        expected.add(answers(engine, List.of(kind)));
      }
    }
    assertThat(expected.get(0)).usingRecursiveComparison().isNotEqualTo(expected.get(1));
    assertThat(expected.get(1)).usingRecursiveComparison().isNotEqualTo(expected.get(2));
    List<UnaryOperator<EngineOptions>> changes =
        List.of(
            UnaryOperator.identity(),
            options -> options.withInstructionSet(InstructionSet.REFERENCE),
            options -> options.withBatchLimits(5, 24, 3).withThreads(3),
            options -> options.withPrefixCache(false));
    for (UnaryOperator<EngineOptions> change : changes) {
      EngineOptions together = change.apply(options().withAdapters(model.adapters()));
      try (LlamaEngine engine = LlamaEngine.open(file, together)) {
        for (String run : List.of("cold", "warm")) {
          List<Object> mixed = answers(engine, KINDS);
          for (int kind = 0; kind < KINDS.size(); kind++) {
            List<Object> own = new ArrayList<>();
            for (int i = kind; i < mixed.size(); i += KINDS.size()) {
              own.add(mixed.get(i));
            }
            assertThat(own)
                .as("%s with %s, %s", KINDS.get(kind), together, run)
                .usingRecursiveComparison()
                .isEqualTo(expected.get(kind));
          }
        }
      }
    }
    try (LlamaEngine engine = LlamaEngine.open(file, options())) {
      assertThat(answers(engine, KINDS.subList(0, 1)))
          .as("without adapters")
          .usingRecursiveComparison()
          .isEqualTo(expected.get(0));
    }
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.AdapterModel#all")
  void whatAnAdapterHasComputedIsNotTakenForAnother(AdapterModel model) {
    ModelFile file = ModelFile.open(model.family().gguf(directory));
    try (LlamaEngine engine = LlamaEngine.open(file, options().withAdapters(model.adapters()))) {
      for (Optional<String> kind : KINDS) {
        long before = engine.statistics().cachedTokens();
        engine.generate(request(PROMPTS.get(1), 0).withAdapter(kind)).join();
        assertThat(engine.statistics().cachedTokens()).as("%s", kind).isEqualTo(before);
        engine.generate(request(PROMPTS.get(1), 0).withAdapter(kind)).join();
        assertThat(engine.statistics().cachedTokens()).as("%s", kind).isGreaterThan(before);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.AdapterModel#all")
  void anAdapterThatIsNotThereIsTheRowsError(AdapterModel model) {
    ModelFile file = ModelFile.open(model.family().gguf(directory));
    try (LlamaEngine engine = LlamaEngine.open(file, options().withAdapters(model.adapters()))) {
      Optional<String> unknown = Optional.of("First");
      Prompt prompt = Prompt.ofData(PROMPTS.get(0));
      List<Optional<RowError>> errors =
          List.of(
              engine.generate(request(PROMPTS.get(0), 0).withAdapter(unknown)).join().error(),
              engine.classify(classification(prompt).withAdapter(unknown)).join().error(),
              engine.score(new ScoreRequest(prompt, prompt).withAdapter(unknown)).join().error());
      assertThat(errors)
          .allSatisfy(
              error -> {
                assertThat(error.orElseThrow().errorClass()).isEqualTo("unknown-adapter");
                assertThat(error.orElseThrow().message()).doesNotContain("First");
              });
      assertThat(engine.generate(request(PROMPTS.get(0), 0)).join().error()).isEmpty();
    }
  }

  /** Returns all answers: for each row those of each kind, side by side. */
  private static List<Object> answers(LlamaEngine engine, List<Optional<String>> kinds) {
    List<CompletableFuture<?>> futures = new ArrayList<>();
    for (int row = 0; row < 6; row++) {
      String text = PROMPTS.get(row % PROMPTS.size());
      Prompt prompt = Prompt.ofData(text);
      for (Optional<String> kind : kinds) {
        futures.add(engine.generate(request(text, row).withAdapter(kind), 1 + row % 3));
      }
      for (Optional<String> kind : kinds) {
        futures.add(engine.classify(classification(prompt).withAdapter(kind)));
      }
      for (Optional<String> kind : kinds) {
        ScoreRequest request = new ScoreRequest(prompt, Prompt.ofData(" the boats"));
        futures.add(engine.score(request.withAdapter(kind)));
      }
    }
    List<Object> answers = new ArrayList<>();
    futures.forEach(future -> answers.add(future.join()));
    return answers;
  }

  private static ClassifyRequest classification(Prompt prompt) {
    return new ClassifyRequest(
        prompt, LABELS, OverlongPolicy.ERROR, ClassifyRequest.Normalization.NONE);
  }

  private static GenerationRequest request(String text, int row) {
    SamplingParams greedy = SamplingParams.greedy(12);
    SamplingParams sampling =
        new SamplingParams(
            row % 2 == 0 ? 0 : 0.9,
            0,
            1,
            0,
            row,
            12,
            greedy.stopStrings(),
            greedy.stopTokens(),
            greedy.penalties());
    return new GenerationRequest(
        new RowKey(row, -row), Prompt.ofData(text), sampling, OverlongPolicy.ERROR);
  }
}
