package io.sparkllama.engine.cli;

import io.sparkllama.engine.EngineStatistics;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
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
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Measures what batches of prompts take on one engine that nobody else uses meanwhile. One thread
 * at a time.
 */
public final class BenchMeasurement {
  private static final long NANOS_TO_SETTLE = 10_000_000_000L;

  /** Often enough for steps of milliseconds, and nothing that a core would feel. */
  private static final long NANOS_BETWEEN_LOOKS = 300_000L;

  /** Steps that may pass between the prompts' end and the first one that is timed. */
  private static final int SPARE_STEPS = 64;

  private final LlamaEngine engine;

  public BenchMeasurement(LlamaEngine engine) {
    this.engine = engine;
  }

  /**
   * Measures prefill, and then decode by steps in which nothing else runs: of long prompts the
   * difference of two runs would be noise. Where a model ends an answer early, steps before that
   * count; where it does so before all decode, that difference is all there is.
   *
   * @param steps of decode at most
   * @param mostNewTokens of a sequence; see {@link #newTokens}
   */
  BenchResult measured(List<Prompt> prompts, int steps, int mostNewTokens) throws IOException {
    BenchResult.Phase prefill = completed(prompts, 1);
    BenchResult.Phase decode = uninterrupted(prompts, steps, mostNewTokens);
    if (decode.steps() == 0) {
      decode = completed(prompts, steps + 1).minus(prefill);
    }
    return new BenchResult(prompts.size(), prefill, decode, residentBytes());
  }

  /**
   * Returns how many tokens a sequence needs so that all decode at once for so many steps: the
   * first do already while prompts of others are computed.
   */
  public static int newTokens(int sequences, int promptTokens, int steps, EngineOptions options) {
    // The least of a step's tokens that are left for prompts.
    int room = Math.max(1, options.maxBatchTokens() - sequences);
    long prefill = ((long) sequences * promptTokens + room - 1) / room;
    return Math.toIntExact(prefill + sequences / 2 + steps + SPARE_STEPS);
  }

  /** Measures from the first request to the last answer, prompts and answers together. */
  public BenchResult.Phase completed(List<Prompt> prompts, int newTokens) {
    EngineStatistics before = settledStatistics();
    long begin = System.nanoTime();
    List<CompletableFuture<GenerationResult>> answers = submitted(prompts, newTokens);
    answers.forEach(answer -> requireAnswer(answer.join()));
    double seconds = (System.nanoTime() - begin) * 1e-9;
    return phase(before, settledStatistics(), seconds);
  }

  /**
   * Measures steps in which all sequences decode and nothing else runs. Until the last prompt is
   * computed, sequences already decode: their contexts are then longer by as many tokens.
   *
   * @param mostNewTokens of a sequence, those before the measured steps included
   * @throws EngineFailedException where a sequence ended before the last measured step
   */
  public BenchResult.Phase decoded(List<Prompt> prompts, int steps, int mostNewTokens) {
    BenchResult.Phase phase = uninterrupted(prompts, steps, mostNewTokens);
    if (phase.steps() < steps) {
      throw endedEarly();
    }
    return phase;
  }

  /**
   * Measures steps in which all decode, until there are enough or the first sequence ends: none
   * where that is before all decode.
   */
  private BenchResult.Phase uninterrupted(List<Prompt> prompts, int steps, int mostNewTokens) {
    EngineStatistics before = settledStatistics();
    List<CompletableFuture<GenerationResult>> answers = submitted(prompts, mostNewTokens);
    try {
      EngineStatistics begin = awaited(now -> allDecode(before, now, prompts.size()), answers);
      // A prompt that lacked one token may have looked like a decoding sequence; one step on, none.
      EngineStatistics first = awaited(now -> now.steps() > begin.steps(), answers);
      long start = System.nanoTime();
      BenchResult.Phase phase = phase(first, first, 0);
      while (phase.steps() < steps && !anyDone(answers)) {
        EngineStatistics now = engine.statistics();
        BenchResult.Phase longer = phase(first, now, (System.nanoTime() - start) * 1e-9);
        if (longer.computedTokens() != prompts.size() * longer.steps()) {
          break; // a sequence ended
        }
        if (longer.steps() > phase.steps()) {
          phase = longer;
        }
        LockSupport.parkNanos(NANOS_BETWEEN_LOOKS);
      }
      return phase;
    } finally {
      answers.forEach(answer -> answer.cancel(false));
      awaitTaken();
      settledStatistics();
    }
  }

  /**
   * Returns when the engine has taken all requests and withdrawals there were: on their way to it
   * they count neither as running nor as waiting. It takes them in order, so that one more tells.
   */
  private void awaitTaken() {
    requireAnswer(engine.generate(request(Prompt.ofData("a"), 0, 1)).join());
  }

  private static boolean anyDone(List<CompletableFuture<GenerationResult>> answers) {
    return answers.stream().anyMatch(CompletableFuture::isDone);
  }

  private static boolean allDecode(EngineStatistics before, EngineStatistics now, int sequences) {
    // A decoding step computes and samples one token; a prompt samples its first with its last.
    long computedOfPrompts =
        (now.computedTokens() - before.computedTokens())
            - (now.sampledTokens() - before.sampledTokens());
    long prompts = now.promptTokens() - before.promptTokens();
    return now.running() == sequences
        && now.waiting() == 0
        && computedOfPrompts == prompts - sequences;
  }

  private EngineStatistics awaited(
      Predicate<EngineStatistics> reached, List<CompletableFuture<GenerationResult>> answers) {
    EngineStatistics now = engine.statistics();
    while (!reached.test(now) && !anyDone(answers)) {
      LockSupport.parkNanos(NANOS_BETWEEN_LOOKS);
      now = engine.statistics();
    }
    answers.stream()
        .filter(CompletableFuture::isDone)
        .forEach(answer -> requireAnswer(answer.join()));
    return now;
  }

  private static EngineFailedException endedEarly() {
    return new EngineFailedException("A sequence ended before the steps to measure did.");
  }

  private List<CompletableFuture<GenerationResult>> submitted(List<Prompt> prompts, int newTokens) {
    return IntStream.range(0, prompts.size())
        .mapToObj(i -> engine.generate(request(prompts.get(i), i, newTokens)))
        .toList();
  }

  private static void requireAnswer(GenerationResult answer) {
    answer
        .error()
        .ifPresent(
            error -> {
              throw new EngineFailedException("A prompt has no answer: " + error.message());
            });
  }

  private static BenchResult.Phase phase(
      EngineStatistics before, EngineStatistics after, double seconds) {
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

  /** Returns what this process and its worker have in memory; their steps' buffer counts twice. */
  private static long residentBytes() throws IOException {
    long bytes = residentBytes(ProcessHandle.current());
    for (ProcessHandle worker : ProcessHandle.current().children().toList()) {
      bytes += residentBytes(worker);
    }
    return bytes;
  }

  private static long residentBytes(ProcessHandle process) throws IOException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmRSS:")) {
        return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("The system does not tell the memory of a process: " + status);
  }
}
