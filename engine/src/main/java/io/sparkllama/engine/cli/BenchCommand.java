package io.sparkllama.engine.cli;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.runner.NativeModelRunner;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures tokens per second by batch size, and shares of the machine's peaks. */
@Command(
    name = "bench",
    description = "Measures tokens per second and shares of the machine's peaks.")
final class BenchCommand implements Callable<Integer> {
  /** Bytes of a KV block's worth of positions are rounded up; this is more than a block. */
  private static final int SPARE_POSITIONS = 64;

  @Mixin private ModelArgument model;
  @Mixin private EngineArguments engineArguments;
  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @Option(
      names = "--batch",
      split = ",",
      paramLabel = "N",
      description = "Prompts at once, one measurement each (default: ${DEFAULT-VALUE}).")
  private List<Integer> batches = List.of(1, 8, 32);

  @Option(
      names = "--prompt-tokens",
      paramLabel = "N",
      description = "Tokens of each prompt (default: ${DEFAULT-VALUE}).")
  private int promptTokens = 128;

  @Option(
      names = "--new-tokens",
      paramLabel = "N",
      description = "Tokens of each answer that count, at least 2 (default: ${DEFAULT-VALUE}).")
  private int newTokens = 64;

  @Option(
      names = "--shared-prefix",
      paramLabel = "N",
      description = "Tokens that all prompts begin with (default: ${DEFAULT-VALUE}).")
  private int sharedPrefix;

  @Override
  public Integer call() throws IOException {
    check();
    ModelFile file = ModelFile.open(model.path());
    EngineOptions options = options(file);
    Optional<MachinePeaks> peaks = peaks(options);
    BenchPrompts prompts = new BenchPrompts(file.tokenizer());
    try (LlamaEngine engine = LlamaEngine.open(file, options)) {
      BenchMeasurement measurement = new BenchMeasurement(engine);
      measurement.completed(prompts.prompts(1, promptTokens, 0), Math.min(newTokens, 4));
      for (int batch : batches) {
        output.remark("measuring batch " + batch);
        BenchResult result =
            measurement.measured(
                prompts.prompts(batch, promptTokens, sharedPrefix),
                newTokens - 1,
                options.contextLength() - promptTokens - 1);
        BenchLine line = new BenchLine(result, WeightWork.of(file), options.device(), peaks);
        output.print(line::write, line::text);
      }
    }
    return 0;
  }

  /** Those of a GPU are not measured: a share of the processor's would say nothing. */
  private Optional<MachinePeaks> peaks(EngineOptions options) {
    if (options.device().isGpu()) {
      return Optional.empty();
    }
    output.remark("measuring the machine's peaks");
    return Optional.of(MachinePeaks.measured(options));
  }

  private void check() {
    require(!batches.isEmpty() && batches.stream().allMatch(b -> b >= 1), "--batch", 1);
    require(promptTokens >= 1, "--prompt-tokens", 1);
    require(newTokens >= 2, "--new-tokens", 2);
    require(sharedPrefix >= 0, "--shared-prefix", 0);
    if (sharedPrefix > promptTokens) {
      throw new InvalidConfigurationException(
          "--shared-prefix must be at most --prompt-tokens: " + sharedPrefix);
    }
  }

  // Room for all sequences of the largest batch at once, so that none waits for another.
  private EngineOptions options(ModelFile file) {
    int least = promptTokens + newTokens + 1;
    if (least > file.config().contextLength()) {
      throw new InvalidConfigurationException(
          "--prompt-tokens and --new-tokens must fit into the model's context of "
              + file.config().contextLength()
              + ": "
              + least);
    }
    int most = batches.stream().mapToInt(Integer::intValue).max().getAsInt();
    if (most > engineArguments.options(0).maxBatchTokens()) {
      throw new InvalidConfigurationException(
          "--batch must be at most --max-batch-tokens: each sequence decodes one in a step: "
              + most);
    }
    // What the first sequences write while the prompts of the last are computed comes on top.
    int newTokensAtMost =
        BenchMeasurement.newTokens(most, promptTokens, newTokens - 1, engineArguments.options(0));
    int context = Math.min(promptTokens + newTokensAtMost + 1, file.config().contextLength());
    EngineOptions given = engineArguments.options(context);
    int largest = Math.max(given.maxSequences(), most);
    EngineOptions options =
        given
            .withBatchLimits(largest, given.maxBatchTokens(), given.prefillChunk())
            .withPrefixCache(false); // each batch runs twice, and is to be computed twice
    if (options.kvCacheMemory() != 0) {
      return options;
    }
    long perToken = NativeModelRunner.kvBytesPerToken(file.config(), options.kvCacheType());
    return options.withKvCacheMemory(perToken * (context + SPARE_POSITIONS) * most);
  }

  private static void require(boolean holds, String option, int least) {
    if (!holds) {
      throw new InvalidConfigurationException(option + " must be at least " + least);
    }
  }
}
