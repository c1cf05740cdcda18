package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.runner.WorkerModelRunner;
import io.sparkllama.engine.runner.WorkerRunners;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs a few hundred tickets through worker processes that abort, hang and are killed: every other
 * row has the bytes that it has without them.
 */
@Timeout(300)
class IsolationTest {
  private static final int ROWS = 300;
  private static final int ABORTING = 57;
  private static final int HANGING = 211;
  private static final EngineOptions OPTIONS =
      EngineOptions.defaults().withThreads(2).withBatchLimits(24, 512, 128);

  private static final Duration SETUP = Duration.ofMinutes(10);

  private static ModelFile model;
  private static List<String> texts;
  private static List<GenerationResult> expected;

  @TempDir Path folder;

  @BeforeAll
  static void runInProcess() throws IOException {
    model =
        ModelFile.open(
            Path.of(System.getProperty("sparkllama.basedir"), "models", "tickets-6m.Q8_0.gguf"));
    texts = new ArrayList<>();
    ObjectMapper mapper = new ObjectMapper();
    try (InputStream stream = IsolationTest.class.getResourceAsStream("/demo_model/golden.jsonl")) {
      List<String> lines =
          new String(stream.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      for (int i = 0; i < ROWS; i++) {
        texts.add(mapper.readTree(lines.get(i % lines.size())).get("text").asText());
      }
    }
    texts.set(ABORTING, texts.get(ABORTING) + " \u03be");
    texts.set(HANGING, texts.get(HANGING) + " \u0416");
    try (LlamaEngine engine = LlamaEngine.open(model, OPTIONS.withIsolation(Isolation.NONE))) {
      expected = run(engine);
    }
    assertThat(expected).allMatch(result -> result.error().isEmpty());
  }

  private static List<GenerationResult> run(LlamaEngine engine) {
    List<CompletableFuture<GenerationResult>> futures = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      futures.add(engine.generate(request(i)));
    }
    return futures.stream().map(CompletableFuture::join).toList();
  }

  private static GenerationRequest request(int row) {
    SamplingParams sampling =
        new SamplingParams(row % 2 == 0 ? 0 : 0.9, 0, 1, 0, 11, 24, List.of(), List.of());
    GenerationRequest request =
        new GenerationRequest(
            new RowKey(row, 1), Prompt.ofData(texts.get(row)), sampling, OverlongPolicy.ERROR);
    return row % 5 == 0 ? request.within(new AnswerConstraint.Regex("[a-m ]{3,9}[0-9]?")) : request;
  }

  private static LlamaEngine engineOn(WorkerModelRunner runner) {
    TokenizerText text = new TokenizerText(model.tokenizer());
    return LlamaEngine.on(text, runner.contextLength(), OPTIONS, runner);
  }

  private static void expectAllBut(List<GenerationResult> results, Set<Integer> setAside) {
    for (int i = 0; i < ROWS; i++) {
      if (setAside.contains(i)) {
        assertThat(results.get(i).error()).as("row %d", i).isPresent();
        assertThat(results.get(i).error().get().errorClass()).isEqualTo(RowError.SET_ASIDE);
        assertThat(results.get(i).error().get().message()).doesNotContain(texts.get(i));
      } else {
        assertThat(results.get(i))
            .as("row %d", i)
            .usingRecursiveComparison()
            .isEqualTo(expected.get(i));
      }
    }
  }

  /** Returns an id that stands in a row's prompt and is neither in another nor in an answer. */
  private static int idOf(int row) {
    Set<Integer> others = new HashSet<>();
    for (int i = 0; i < ROWS; i++) {
      if (i != row) {
        for (int id : model.tokenizer().encodeWithBos(Prompt.ofData(texts.get(i)))) {
          others.add(id);
        }
      }
      for (int id : expected.get(i).tokens()) {
        others.add(id);
      }
    }
    for (int id : model.tokenizer().encodeWithBos(Prompt.ofData(texts.get(row)))) {
      if (!others.contains(id)) {
        return id;
      }
    }
    throw new AssertionError("No id is of the row alone: " + row);
  }

  @Test
  void anAbortAndAHangCostTheirRowsAlone() throws IOException {
    List<String> faults = List.of("abort " + idOf(ABORTING), "hang " + idOf(HANGING));
    try (LlamaEngine engine =
        engineOn(
            WorkerRunners.faulty(model, OPTIONS, folder, faults, Duration.ofSeconds(2), SETUP))) {
      List<GenerationResult> results = run(engine);

      expectAllBut(results, Set.of(ABORTING, HANGING));
      assertThat(results.get(ABORTING).error().get().message()).contains("signal 6");
      assertThat(results.get(HANGING).error().get().message()).contains("gave no reply");
      assertThat(engine.statistics().losses().rowsSetAside()).isEqualTo(2);
      // Each: the first loss, halves of at most 24, twice alone.
      assertThat(engine.statistics().losses().restarts()).isBetween(4L, 2 * (1 + 5 + 1L));
    }
  }

  /** The status page names the row that is sampled: nothing need be halved. */
  @Test
  void aFaultInSamplingNamesItsRow() throws IOException {
    int[] sampledBy = rowAndTokenOfItsOwn();
    List<String> faults = List.of("abort-sampling " + sampledBy[1]);
    try (LlamaEngine engine =
        engineOn(
            WorkerRunners.faulty(model, OPTIONS, folder, faults, Duration.ofSeconds(60), SETUP))) {
      expectAllBut(run(engine), Set.of(sampledBy[0]));
      // Two threads may be at two rows: one more try, where the other one is tried with it.
      assertThat(engine.statistics().losses().restarts()).isBetween(3L, 4L);
    }
  }

  /** It may have to read all weights from storage: it has the time that a start has. */
  @Test
  void theFirstStepOfAWorkerHasMoreTimeThanOthers() throws IOException {
    int first = (int) (2_654_435_761L % model.config().vocabularySize()); // of the fixed prompt
    Duration patience = Duration.ofMillis(200);
    Duration setup = Duration.ofSeconds(3);
    WorkerModelRunner runner =
        WorkerRunners.faulty(model, OPTIONS, folder, List.of("hang " + first), patience, setup);
    long begin = System.nanoTime();
    assertThatThrownBy(
            () -> {
              try (LlamaEngine engine = engineOn(runner)) {
                engine.generate(request(0)).join();
              }
            })
        .hasMessageContaining("gave no reply");
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(setup);
  }

  /** As it does where native code runs within this process. */
  @Test
  void anExceptionOfNoKnownKindFailsTheEngineWithItsWords() throws IOException {
    List<String> faults = List.of("throw " + idOf(ABORTING));
    try (LlamaEngine engine =
        engineOn(
            WorkerRunners.faulty(model, OPTIONS, folder, faults, Duration.ofSeconds(60), SETUP))) {
      CompletableFuture<GenerationResult> row = engine.generate(request(ABORTING));
      assertThatThrownBy(row::join)
          .hasCauseInstanceOf(EngineFailedException.class)
          .hasMessageContaining("planted, of no kind that the engine knows");
    }
  }

  private static int[] rowAndTokenOfItsOwn() {
    Map<Integer, Set<Integer>> rows = new HashMap<>();
    for (int i = 0; i < ROWS; i++) {
      for (int id : expected.get(i).tokens()) {
        rows.computeIfAbsent(id, any -> new HashSet<>()).add(i);
      }
    }
    return rows.entrySet().stream()
        .filter(entry -> entry.getValue().size() == 1)
        .map(entry -> new int[] {entry.getValue().iterator().next(), entry.getKey()})
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aWorkerThatIsKilledTwentyTimesCostsNoByte() throws Exception {
    WorkerModelRunner runner = WorkerRunners.open(model, OPTIONS);
    try (LlamaEngine engine = engineOn(runner)) {
      CompletableFuture<List<GenerationResult>> results =
          CompletableFuture.supplyAsync(() -> run(engine));
      int kills = 0;
      for (int row = 10; row <= 200; row += 10, kills++) {
        while (engine.statistics().finishedRequests() < row) {
          Thread.sleep(1);
        }
        Thread.sleep(kills % 7);
        ProcessHandle.of(WorkerRunners.pid(runner)).ifPresent(ProcessHandle::destroyForcibly);
      }
      expectAllBut(results.get(200, TimeUnit.SECONDS), Set.of());
      assertThat(kills).isEqualTo(20);
      assertThat(engine.statistics().losses().restarts()).isBetween(15L, 25L);
      assertThat(engine.statistics().losses().rowsSetAside()).isZero();
    }
  }

  @Test
  void closingLeavesNoProcessAndNoFile() throws IOException {
    EngineOptions options = OPTIONS.withNativeDirectory(folder);
    WorkerModelRunner runner = WorkerRunners.open(model, options);
    long pid = WorkerRunners.pid(runner);
    LlamaEngine engine = engineOn(runner);
    engine.generate(request(0)).join();
    String maps = Files.readString(Path.of("/proc/" + pid + "/smaps"));
    assertThat(Files.readString(Path.of("/proc/" + pid + "/limits")))
        .containsPattern("Max core file size +" + coreLimits());
    engine.close();

    assertThat(Path.of("/proc/" + pid)).doesNotExist(); // no zombie either
    assertThat(folder.toFile().list()).isEmpty();
    assertThat(weightPages(maps)).contains("r--s").containsPattern("Private_Dirty: +0 kB");
  }

  /** One byte, at which nothing at all is dumped; a hard limit of 0 is not everyone's to raise. */
  private static String coreLimits() throws IOException {
    boolean none =
        Files.readString(Path.of("/proc/self/limits"))
            .matches("(?s).*Max core file size +\\S+ +0 .*");
    return none ? "[01] +[01]" : "1 +1";
  }

  /** Returns what the system says of the mapping of the packed file. */
  private static String weightPages(String maps) {
    String[] mappings = maps.split("(?m)^(?=[0-9a-f]+-[0-9a-f]+ )");
    List<String> weights =
        Arrays.stream(mappings)
            .filter(one -> one.lines().findFirst().get().contains(".packed"))
            .toList();
    assertThat(weights).hasSize(1);
    return weights.get(0);
  }

  /** Opens an engine on a worker, says where it is, and waits to be killed. */
  static final class Parent {
    private Parent() {}

    public static void main(String[] arguments) throws Exception {
      try (LlamaEngine engine = LlamaEngine.open(Path.of(arguments[0]), OPTIONS)) {
        System.out.println(ProcessHandle.current().children().findFirst().orElseThrow().pid());
        Thread.sleep(Duration.ofMinutes(5).toMillis());
      }
    }
  }

  @Test
  void theWorkerOfAKilledParentIsGoneWithinASecond() throws Exception {
    Process parent =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Parent.class.getName(),
                model.gguf().parts().get(0).toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String pid =
        new String(parent.getInputStream().readNBytes(1), StandardCharsets.US_ASCII)
            + parent.inputReader().readLine();
    assertThat(hasEnded(pid)).isFalse();
    parent.destroyForcibly().waitFor();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    while (!hasEnded(pid) && System.nanoTime() < deadline) {
      Thread.sleep(5);
    }
    assertThat(hasEnded(pid)).isTrue();
  }

  /** Whoever inherits it may not have asked for its exit value yet. */
  private static boolean hasEnded(String pid) throws IOException {
    Path status = Path.of("/proc/" + pid + "/stat");
    return !Files.exists(status) || Files.readString(status).contains(") Z ");
  }

  @Test
  void anEngineHasOneWorkerUnlessItIsToHaveNone() {
    Set<Long> before = children();
    try (LlamaEngine engine = LlamaEngine.open(model, OPTIONS)) {
      assertThat(children()).hasSize(before.size() + 1).containsAll(before);
      expectAllBut(run(engine), Set.of());
      assertThat(engine.statistics().losses()).isEqualTo(Losses.NONE);
    }
    try (LlamaEngine engine = LlamaEngine.open(model, OPTIONS.withIsolation(Isolation.NONE))) {
      assertThat(children()).isEqualTo(before);
    }
  }

  private static Set<Long> children() {
    return ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
  }

  /** Before anything is packed: a large model's weights take minutes. */
  @Test
  void whereNoWorkerCanRunNothingIsPacked() throws IOException {
    Path worker = Files.writeString(folder.resolve("sparkllama-worker"), "#!/bin/sh\nexit 1\n");
    Files.setPosixFilePermissions(worker, PosixFilePermissions.fromString("rwx------"));
    EngineOptions options =
        OPTIONS.withNativeDirectory(folder).withCacheDirectory(folder.resolve("cache"));
    assertThatThrownBy(() -> LlamaEngine.open(model, options))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.isolation to none");
    assertThat(folder.resolve("cache")).doesNotExist();
    LlamaEngine.open(model, options.withIsolation(Isolation.NONE)).close();
    assertThat(folder.resolve("cache")).exists();
  }

  @Test
  void adaptersAreOpenAgainAfterALoss() throws Exception {
    AdapterModel adapted = AdapterModel.all().findFirst().orElseThrow();
    ModelFile file = ModelFile.open(adapted.family().gguf(folder));
    EngineOptions options =
        EngineOptions.defaults().withKvCacheType(KvCacheType.F32).withAdapters(adapted.adapters());
    WorkerModelRunner runner = WorkerRunners.open(file, options);
    file.adapters(options).forEach(runner::open);
    TokenizerText text = new TokenizerText(file.tokenizer());
    try (LlamaEngine engine = LlamaEngine.on(text, runner.contextLength(), options, runner)) {
      for (String name : AdapterModel.NAMES) {
        ProcessHandle.of(WorkerRunners.pid(runner)).orElseThrow().destroyForcibly();
        for (FamilyModel.Case one : adapted.cases(name)) {
          GenerationRequest request =
              new GenerationRequest(
                      new RowKey(0, 0),
                      Prompt.ofTemplate(one.prompt()),
                      SamplingParams.greedy(one.greedyIds().length),
                      OverlongPolicy.ERROR)
                  .withAdapter(Optional.of(name));
          assertThat(engine.generate(request).join().tokens()).isEqualTo(one.greedyIds());
        }
      }
      assertThat(engine.statistics().losses().restarts()).isEqualTo(2);
    }
  }
}
