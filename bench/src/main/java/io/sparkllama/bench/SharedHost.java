package io.sparkllama.bench;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/**
 * Measures what several engines of one host get done at once, each in a process of its own, as
 * executors are: whether they get in each other's way.
 *
 * <p>Arguments: model (GGUF), sequences of each engine, new tokens, seconds, and ways such as
 * {@code 1x2 2x1 2x2} (processes x threads of each). Prints for each way the tokens that all
 * engines computed in a second, and each one's. Rows are always at hand, and every engine is at
 * work from before the first second until after the last.
 */
public final class SharedHost {
  private static final String CHILD = "child";
  private static final String READY = "ready";
  private static final long WARM_UP = 2_000_000_000L;

  private SharedHost() {}

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals(CHILD)) {
      beOneEngine(List.of(arguments).subList(1, arguments.length));
      return;
    }
    List<String> common = List.of(arguments).subList(0, 4);
    for (String way : List.of(arguments).subList(4, arguments.length)) {
      String[] parts = way.split("x", 2);
      measure(way, common, Integer.parseInt(parts[0]), parts[1]);
    }
  }

  private static void measure(String way, List<String> common, int processes, String threads)
      throws IOException {
    List<Process> engines = new ArrayList<>();
    try {
      List<BufferedReader> results = new ArrayList<>();
      for (int i = 0; i < processes; i++) {
        Process engine = start(common, threads);
        engines.add(engine);
        results.add(engine.inputReader(StandardCharsets.UTF_8));
      }
      for (BufferedReader result : results) {
        expect(result.readLine(), READY);
      }
      for (Process engine : engines) {
        engine.getOutputStream().write('\n');
        engine.getOutputStream().flush();
      }
      double sum = 0;
      StringBuilder each = new StringBuilder();
      for (BufferedReader result : results) {
        double rate = Double.parseDouble(result.readLine());
        sum += rate;
        each.append(String.format(Locale.ROOT, " %.0f", rate));
      }
      System.out.printf(Locale.ROOT, "%s: %.0f tokens/s, of each%s%n", way, sum, each);
    } finally {
      engines.forEach(Process::destroy);
    }
  }

  private static void expect(String line, String expected) {
    if (!expected.equals(line)) {
      throw new IllegalStateException("An engine's process said otherwise than ready: " + line);
    }
  }

  private static Process start(List<String> common, String threads) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx512m");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(SharedHost.class.getName(), CHILD, threads));
    command.addAll(common);
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** Works until the parent has read the rate and ends this process. */
  private static void beOneEngine(List<String> arguments) throws Exception {
    int sequences = Integer.parseInt(arguments.get(2));
    EngineOptions options =
        EngineOptions.defaults()
            .withThreads(Integer.parseInt(arguments.get(0)))
            .withBatchLimits(sequences, Math.max(512, sequences), 512);
    SamplingParams sampling = SamplingParams.greedy(Integer.parseInt(arguments.get(3)));
    long window = Long.parseLong(arguments.get(4)) * 1_000_000_000L;
    try (LlamaEngine engine = LlamaEngine.open(Path.of(arguments.get(1)), options)) {
      ArrayDeque<CompletableFuture<GenerationResult>> flying = new ArrayDeque<>();
      long begin = System.nanoTime();
      long from = Long.MAX_VALUE;
      long before = 0;
      boolean ready = false;
      boolean told = false;
      for (int row = 0; ; row++) {
        flying.add(
            engine.generate(
                new GenerationRequest(
                    new RowKey(0, row),
                    Prompt.ofData("Order " + row + " came late and I want my money back."),
                    sampling,
                    OverlongPolicy.ERROR)));
        if (flying.size() < 2 * sequences) {
          continue;
        }
        flying.remove().join();
        long now = System.nanoTime();
        if (!ready && now - begin > WARM_UP) {
          ready = true;
          System.out.println(READY);
        }
        if (ready && from == Long.MAX_VALUE && System.in.available() > 0) {
          from = now;
          before = engine.statistics().computedTokens();
        }
        if (!told && from != Long.MAX_VALUE && now - from > window) {
          told = true;
          System.out.println((engine.statistics().computedTokens() - before) * 1e9 / (now - from));
        }
      }
    }
  }
}
