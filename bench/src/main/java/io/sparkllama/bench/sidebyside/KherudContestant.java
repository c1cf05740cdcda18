package io.sparkllama.bench.sidebyside;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.cli.BenchPrompts;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/**
 * Generates with de.kherud:llama, from text to text: as many slots as prompts, each asked by a
 * thread of its own. Arguments: those of {@link ContestantSetup}.
 */
final class KherudContestant implements Contestant {
  private static final String POM = "/META-INF/maven/de.kherud/llama/pom.properties";
  private static final long NANOS_FOR_LOG = 5_000_000_000L;
  private static final long NANOS_BETWEEN_LOOKS = 20_000_000L;

  private final BenchPrompts prompts;
  private final KherudLog log;
  private final LlamaModel model;
  private final ExecutorService askers;
  private int nextPrompt = 1;

  private KherudContestant(ContestantSetup setup, int slots, int slotTokens, Path logFile) {
    prompts = new BenchPrompts(ModelFile.open(setup.model()).tokenizer());
    log = new KherudLog(logFile);
    model =
        new LlamaModel(
            new ModelParameters()
                .setModel(setup.model().toString())
                .setThreads(setup.threads())
                .setThreadsBatch(setup.threads())
                .setGpuLayers(0)
                .setParallel(slots)
                .enableContBatching()
                .setCtxSize(slots * slotTokens)
                .setLogFile(logFile.toString()));
    askers = Executors.newFixedThreadPool(slots);
  }

  public static void main(String[] arguments) throws IOException {
    ContestantSetup setup = ContestantSetup.of(arguments);
    // The library is extracted there.
    Path folder = Files.createTempDirectory("de.kherud.llama");
    System.setProperty("de.kherud.llama.tmpdir", folder.toString());
    try {
      ContestantLoop.run(() -> open(setup, folder.resolve("log")));
    } finally {
      deleteAll(folder);
    }
    Runtime.getRuntime().halt(0); // its threads do not end by themselves
  }

  private static KherudContestant open(ContestantSetup setup, Path logFile) {
    List<Work> works = setup.works().stream().filter(Work.Generate.class::isInstance).toList();
    if (works.isEmpty()) {
      throw new IllegalArgumentException("it only generates, and no such work is asked for");
    }
    int slots = works.stream().mapToInt(Work::sequences).max().getAsInt();
    int slotTokens = works.stream().mapToInt(Work::longestSequence).max().getAsInt();
    return new KherudContestant(setup, slots, slotTokens, logFile);
  }

  private static void deleteAll(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  @Override
  public Reply.Ready introduction() {
    return new Reply.Ready("de.kherud:llama", version(), List.of("generate"));
  }

  private String version() {
    Properties properties = new Properties();
    try (InputStream pom = LlamaModel.class.getResourceAsStream(POM)) {
      if (pom != null) {
        properties.load(pom);
      }
      return properties.getProperty("version", "unknown version") + " (" + log.system() + ")";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Reply.Measured measured(Work work) {
    if (!(work instanceof Work.Generate generate)) {
      throw new IllegalArgumentException("This contestant only generates.");
    }
    try {
      return generated(generate);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Reply.Measured generated(Work.Generate work) throws IOException {
    List<InferenceParameters> requests =
        prompts.prompts(nextPrompt, work.prompts(), work.promptTokens(), 0).stream()
            .map(prompt -> request(prompt, work.newTokens()))
            .toList();
    nextPrompt += work.prompts();
    KherudLog.Tokens before = log.tokens();
    long begin = System.nanoTime();
    List<CompletableFuture<String>> answers =
        requests.stream()
            .map(request -> CompletableFuture.supplyAsync(() -> model.complete(request), askers))
            .toList();
    answers.forEach(CompletableFuture::join);
    double seconds = (System.nanoTime() - begin) * 1e-9;
    return new Reply.Measured(seconds, checkedTokens(work, before));
  }

  private static InferenceParameters request(Prompt prompt, int newTokens) {
    return new InferenceParameters(prompt.text())
        .setNPredict(newTokens)
        .setIgnoreEos(true)
        .setTemperature(0)
        .setCachePrompt(false);
  }

  private long checkedTokens(Work.Generate work, KherudLog.Tokens before) throws IOException {
    long wanted = (long) work.prompts() * work.newTokens();
    long wantedOfPrompts = (long) work.prompts() * work.promptTokens();
    // The library logs from a thread of its own, maybe after the answer.
    long deadline = System.nanoTime() + NANOS_FOR_LOG;
    KherudLog.Tokens done = log.tokens().minus(before);
    while (done.generated() < wanted && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(NANOS_BETWEEN_LOOKS);
      done = log.tokens().minus(before);
    }
    // A prompt may be a token or two short where words do not come out even.
    long missing = wantedOfPrompts - done.prompt();
    if (done.generated() != wanted || missing < 0 || missing > 2L * work.prompts()) {
      throw new IllegalStateException(
          "The library did other work than "
              + wantedOfPrompts
              + " tokens of prompts and "
              + wanted
              + " new ones: "
              + done);
    }
    return done.generated();
  }

  @Override
  public void close() {
    askers.shutdown(); // closing the model may wait for ever; the process ends instead
  }
}
