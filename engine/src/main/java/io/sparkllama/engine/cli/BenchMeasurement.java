package io.sparkllama.engine.cli;

import io.sparkllama.engine.EngineStatistics;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * Measures prefill and decode of batches on one engine. A batch runs twice, once for a single token
 * and once for all: decode is the difference, so that steps which hold both count rightly.
 */
final class BenchMeasurement {
  private static final Path STATUS = Path.of("/proc/self/status");

  private static final long NANOS_TO_SETTLE = 10_000_000_000L;

  private final LlamaEngine engine;
  private final int newTokens;

  BenchMeasurement(LlamaEngine engine, int newTokens) {
    this.engine = engine;
    this.newTokens = newTokens;
  }

  /** Brings weights into memory and code into the processor's caches. */
  void warmUp(List<Prompt> prompts) {
    run(prompts, Math.min(newTokens, 4));
  }

  BenchResult measured(List<Prompt> prompts) throws IOException {
    BenchResult.Phase prefill = run(prompts, 1);
    BenchResult.Phase all = run(prompts, newTokens);
    return new BenchResult(prompts.size(), prefill, all.minus(prefill), residentBytes());
  }

  private BenchResult.Phase run(List<Prompt> prompts, int tokens) {
    EngineStatistics before = settledStatistics();
    long begin = System.nanoTime();
    List<CompletableFuture<GenerationResult>> answers =
        IntStream.range(0, prompts.size())
            .mapToObj(i -> engine.generate(request(prompts.get(i), i, tokens)))
            .toList();
    for (CompletableFuture<GenerationResult> answer : answers) {
      answer
          .join()
          .error()
          .ifPresent(
              error -> {
                throw new EngineFailedException("A prompt has no answer: " + error.message());
              });
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    EngineStatistics after = settledStatistics();
    return new BenchResult.Phase(
        after.computedTokens() - before.computedTokens(),
        after.sampledTokens() - before.sampledTokens(),
        after.steps() - before.steps(),
        seconds);
  }

  // Answers are given a moment before their step is counted.
  private EngineStatistics settledStatistics() {
    long deadline = System.nanoTime() + NANOS_TO_SETTLE;
    EngineStatistics statistics = engine.statistics();
    while (statistics.running() + statistics.waiting() > 0) {
      if (System.nanoTime() - deadline > 0) {
        throw new EngineFailedException("The engine still works after its last answer.");
      }
      Thread.onSpinWait();
      statistics = engine.statistics();
    }
    return statistics;
  }

  private static GenerationRequest request(Prompt prompt, int index, int tokens) {
    return new GenerationRequest(
        new RowKey(0, index), prompt, SamplingParams.greedy(tokens), OverlongPolicy.ERROR);
  }

  private static long residentBytes() throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith("VmRSS:")) {
        return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("The system does not tell the memory of this process: " + STATUS);
  }
}
