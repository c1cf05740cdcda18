package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.engine.runner.WorkerModelRunner;
import io.sparkllama.engine.runner.WorkerRunners;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Runs whole engines on a GPU that is emulated: the kernels are those of a real one, compiled for
 * the processor. Every result has the bits that it has without it.
 */
@Timeout(300)
class EmulatedDeviceTest {
  private static final List<String> PROMPTS =
      List.of("Once upon a time", "Tom", "The dog and the cat were", "One day, a girl", "It is");

  /** Small steps: rows of each kind share them, and prompts are cut into chunks. */
  private static final EngineOptions PROCESSOR =
      EngineOptions.defaults().withThreads(2).withBatchLimits(4, 32, 16);

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @TempDir Path folder;
  private EngineOptions onGpu;

  @BeforeEach
  void placeLibrary() throws IOException {
    EmulatedLibrary.copyTo(folder);
    onGpu = PROCESSOR.withNativeDirectory(folder).withDevice(Device.Cuda.numbered(0));
  }

  /** Is what an engine answers, of each kind of request. */
  private record Answers(
      List<GenerationResult> completions, ScoreResult score, ClassifyResult labels) {}

  private static Answers answers(LlamaEngine engine) {
    List<CompletableFuture<GenerationResult>> completions =
        IntStream.range(0, PROMPTS.size()).mapToObj(i -> engine.generate(request(i))).toList();
    CompletableFuture<ScoreResult> score =
        engine.score(
            new ScoreRequest(
                Prompt.ofData(PROMPTS.get(0)), Prompt.ofData(", there was a little girl named")));
    CompletableFuture<ClassifyResult> labels =
        engine.classify(
            new ClassifyRequest(
                Prompt.ofData(PROMPTS.get(2)),
                List.of(" happy", " sad", " hungry and tired"),
                OverlongPolicy.ERROR,
                ClassifyRequest.Normalization.NONE));
    return new Answers(
        completions.stream().map(CompletableFuture::join).toList(), score.join(), labels.join());
  }

  /** Greedy, sampled, cut, and held to a form. */
  private static GenerationRequest request(int row) {
    SamplingParams sampling =
        new SamplingParams(
            row % 2 == 0 ? 0 : 0.9, row == 3 ? 7 : 0, 1, 0, 11, 8, List.of(), List.of());
    GenerationRequest request =
        new GenerationRequest(
            new RowKey(row, 1), Prompt.ofData(PROMPTS.get(row)), sampling, OverlongPolicy.ERROR);
    return row == 4 ? request.within(new AnswerConstraint.Regex("[a-m ]{2,5}")) : request;
  }

  private static Answers answers(Path model, EngineOptions options) {
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      return answers(engine);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "models/stories260K.f32.gguf, F16",
    "models/quantized/tinystories656K.Q8_0.gguf, Q8",
    "models/quantized/stories260K.Q4_K_M.gguf, F32"
  })
  void everyAnswerHasTheProcessorsBits(String name, KvCacheType type) {
    Path model = SharedData.path(name);
    Answers expected = answers(model, PROCESSOR.withKvCacheType(type));
    assertThat(expected.completions()).allMatch(result -> result.error().isEmpty());
    assertThat(answers(model, onGpu.withKvCacheType(type)))
        .usingRecursiveComparison()
        .isEqualTo(expected);
  }

  @Test
  void theDeviceTellsWhatItIsBeforeAnythingIsFetched() {
    DeviceFacts facts = LlamaEngine.checkMachine(onGpu).orElseThrow();
    assertThat(facts.name()).isNotBlank();
    assertThat(facts.freeBytes()).isBetween(1L, facts.totalBytes());
    assertThat(facts.multiprocessors()).isPositive();
  }

  @Test
  void whatTheDeviceHasNoMemoryForIsRefusedBeforeWeightsArePacked() throws IOException {
    Path model = SharedData.path("models/stories260K.f32.gguf");
    long free = LlamaEngine.checkMachine(onGpu).orElseThrow().freeBytes();
    Path cache = folder.resolve("cache");
    EngineOptions options = onGpu.withCacheDirectory(cache).withKvCacheMemory(free);
    assertThatThrownBy(() -> LlamaEngine.open(model, options))
        .isInstanceOf(InsufficientMemoryException.class)
        .hasMessageContainingAll("The GPU's memory does not suffice", "engine.kv-cache-memory");
    assertThat(cache).doesNotExist();
  }

  /** As a fault of the device does, the end of the worker costs a restart and no byte. */
  @Test
  void aLostWorkerOpensTheDeviceAnewAndItsRowsAreReplayed() throws Exception {
    ModelFile model = ModelFile.open(SharedData.path("models/stories260K.f32.gguf"));
    Answers expected = answers(model.path(), PROCESSOR);
    int[] ids = model.tokenizer().encode(Prompt.ofData("\u03be")); // bytes that no other row has
    List<String> faults = List.of("abort " + ids[ids.length - 1]);
    WorkerModelRunner runner =
        WorkerRunners.faulty(model, onGpu, folder, faults, PATIENCE, PATIENCE.multipliedBy(2));
    TokenizerText text = new TokenizerText(model.tokenizer());
    try (LlamaEngine engine = LlamaEngine.on(text, runner.contextLength(), onGpu, runner)) {
      CompletableFuture<GenerationResult> fatal =
          engine.generate(
              new GenerationRequest(
                  new RowKey(99, 1),
                  Prompt.ofData("A \u03be"),
                  SamplingParams.greedy(3),
                  OverlongPolicy.ERROR));
      assertThat(answers(engine)).usingRecursiveComparison().isEqualTo(expected);
      assertThat(fatal.join().error().orElseThrow().message()).contains("signal 6");
      assertThat(engine.statistics().losses().rowsSetAside()).isEqualTo(1);
    }
  }
}
