package io.sparkllama.bench.sidebyside;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.cli.BenchMeasurement;
import io.sparkllama.engine.cli.BenchPrompts;
import io.sparkllama.engine.cli.BenchResult;
import io.sparkllama.engine.model.ModelConfig;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * Does works with this project's engine, from text to text. Arguments: those of {@link
 * ContestantSetup}.
 */
final class EngineContestant implements Contestant {
  /** More tokens than a KV block has: blocks are rounded up. */
  private static final int SPARE_POSITIONS = 64;

  private static final int MOST_TRIES = 5;

  private final EngineOptions options;
  private final LlamaEngine engine;
  private final BenchPrompts prompts;
  private final BenchMeasurement measurement;
  private int nextPrompt = 1;

  private EngineContestant(ModelFile model, EngineOptions options) {
    this.options = options;
    this.engine = LlamaEngine.open(model, options);
    this.prompts = new BenchPrompts(model.tokenizer());
    this.measurement = new BenchMeasurement(engine);
  }

  public static void main(String[] arguments) throws IOException {
    ContestantSetup setup = ContestantSetup.of(arguments);
    ContestantLoop.run(() -> open(setup));
  }

  static EngineContestant open(ContestantSetup setup) {
    ModelFile model = ModelFile.open(setup.model());
    return new EngineContestant(model, options(model.config(), setup));
  }

  // Room for all sequences of the largest work that the model's context allows.
  private static EngineOptions options(ModelConfig model, ContestantSetup setup) {
    EngineOptions options =
        EngineOptions.defaults()
            .withThreads(setup.threads())
            .withPrefixCache(false)
            .withIsolation(Isolation.NONE); // the memory measured is this process's, as its peers'
    int sequences = setup.works().stream().mapToInt(Work::sequences).max().orElse(1);
    options =
        options.withBatchLimits(
            Math.max(sequences, options.maxSequences()),
            options.maxBatchTokens(),
            options.prefillChunk());
    long positions = 1;
    int longest = 1;
    for (Work work : setup.works()) {
      int length = longestSequence(work, options);
      if (length <= model.contextLength()) {
        longest = Math.max(longest, length);
        positions = Math.max(positions, (long) work.sequences() * (length + SPARE_POSITIONS));
      }
    }
    // Two bytes for each of a position's keys and values: the default type is f16.
    long bytesPerPosition =
        4L
            * model.layerCount()
            * model.attention().kvHeadCount()
            * model.attention().headDimension();
    return options.withContextLength(longest).withKvCacheMemory(positions * bytesPerPosition);
  }

  /** Sequences decode already while others' prompts are computed, and so grow longer. */
  private static int longestSequence(Work work, EngineOptions options) {
    if (!(work instanceof Work.Decode decode)) {
      return work.longestSequence();
    }
    return decode.context() + newTokens(decode, options);
  }

  private static int newTokens(Work.Decode decode, EngineOptions options) {
    return BenchMeasurement.newTokens(
        decode.sequences(), decode.context(), decode.steps(), options);
  }

  @Override
  public Reply.Ready introduction() {
    return new Reply.Ready(
        "spark-llama",
        "engine of this checkout, KV cache "
            + options.kvCacheType().name().toLowerCase(Locale.ROOT)
            + ", "
            + options.maxBatchTokens()
            + " tokens a step",
        List.of("prefill", "decode", "generate"));
  }

  @Override
  public Reply.Measured measured(Work work) {
    for (int tries = 1; ; tries++) {
      try {
        return measuredOnce(work);
      } catch (EngineFailedException e) {
        // Random weights may choose the end token: other prompts rarely do so again.
        if (engine.hasEnded() || tries == MOST_TRIES) {
          throw e;
        }
      }
    }
  }

  private Reply.Measured measuredOnce(Work work) {
    int length = longestSequence(work, options);
    if (length > engine.contextLength()) {
      throw new InvalidConfigurationException(
          "The model's context is too short; the work needs " + length + " tokens");
    }
    if (work instanceof Work.Prefill prefill) {
      BenchResult.Phase phase = measurement.completed(nextPrompts(1, prefill.tokens()), 1);
      return new Reply.Measured(phase.seconds(), phase.computedTokens());
    }
    if (work instanceof Work.Decode decode) {
      BenchResult.Phase phase =
          measurement.decoded(
              nextPrompts(decode.sequences(), decode.context()),
              decode.steps(),
              newTokens(decode, options));
      return new Reply.Measured(phase.seconds(), phase.sampledTokens());
    }
    Work.Generate generate = (Work.Generate) work;
    BenchResult.Phase phase =
        measurement.completed(
            nextPrompts(generate.prompts(), generate.promptTokens()), generate.newTokens());
    long wanted = (long) generate.prompts() * generate.newTokens();
    if (phase.sampledTokens() != wanted) {
      throw new EngineFailedException(
          "An answer ended early: " + phase.sampledTokens() + " tokens of " + wanted);
    }
    return new Reply.Measured(phase.seconds(), phase.sampledTokens());
  }

  // Other prompts each time: nothing of an earlier round may be of use.
  private List<Prompt> nextPrompts(int count, int tokens) {
    List<Prompt> next = prompts.prompts(nextPrompt, count, tokens, 0);
    nextPrompt += count;
    return next;
  }

  @Override
  public void close() {
    engine.close();
  }
}
