package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.runner.NativeModelRunner;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Writes the summary of a model file for people. */
final class SummaryText {
  /** Longer values, such as chat templates, are cut. */
  private static final int MOST_CHARACTERS = 100;

  private final ModelSummary summary;
  private final Optional<ExpectedSpeed> speed;
  private final StringBuilder text = new StringBuilder();

  /**
   * @param speed where the machine was measured
   */
  SummaryText(ModelSummary summary, Optional<ExpectedSpeed> speed) {
    this.summary = summary;
    this.speed = speed;
  }

  String text() {
    line("file", summary.file().parts().get(0) + " (GGUF " + summary.file().version() + ")");
    line("architecture", summary.architecture().orElse("none"));
    summary.config().ifPresent(this::appendConfig);
    ModelSummary.TypeTotal total = summary.total();
    line("tensors", describe(total));
    for (Map.Entry<QuantizationType, ModelSummary.TypeTotal> type : summary.totals().entrySet()) {
      line("  " + type.getKey().name(), describe(type.getValue()));
    }
    if (summary.parametersPerToken() != total.elements()) {
      line(
          "used per token",
          String.format(Locale.ROOT, "%,d elements", summary.parametersPerToken()));
    }
    summary.packedBytes().ifPresent(this::appendPacked);
    summary.config().ifPresent(this::appendMemory);
    speed.ifPresent(this::appendSpeed);
    summary.problem().ifPresent(this::appendProblem);
    text.append("metadata\n");
    GgufMetadata metadata = summary.file().metadata();
    for (String key : metadata.keys()) {
      text.append("  ").append(key).append(" = ");
      text.append(shortened(metadata.value(key).orElseThrow().toString())).append('\n');
    }
    return text.toString().stripTrailing();
  }

  private void appendConfig(ModelConfig config) {
    line(
        "shape",
        "%d layers of width %d, %d heads of %d over %d, feed-forward %s"
            .formatted(
                config.layerCount(),
                config.embeddingLength(),
                config.attention().headCount(),
                config.attention().headDimension(),
                config.attention().kvHeadCount(),
                feedForward(config.feedForward())));
    line("vocabulary", Integer.toString(config.vocabularySize()));
    line("context", Integer.toString(config.contextLength()));
    windows(config)
        .forEach(
            (window, layers) ->
                line(
                    "window",
                    "%d tokens in %d of %d layers".formatted(window, layers, config.layerCount())));
  }

  /** Returns how many layers have each window. */
  private static Map<Integer, Long> windows(ModelConfig config) {
    return config.layers().stream()
        .filter(layer -> layer.window() > 0)
        .collect(
            Collectors.groupingBy(ModelConfig.Layer::window, TreeMap::new, Collectors.counting()));
  }

  private static String feedForward(ModelConfig.FeedForward feedForward) {
    String length = Integer.toString(feedForward.length());
    return feedForward
        .experts()
        .map(
            experts ->
                "%d of %d experts of %d"
                        .formatted(experts.used(), experts.count(), experts.length())
                    + (feedForward.length() > 0 ? " and one of " + length + " for all" : ""))
        .orElse(length);
  }

  private void appendSpeed(ExpectedSpeed speed) {
    MachinePeaks peaks = speed.peaks();
    line(
        "decode at most",
        String.format(
            Locale.ROOT,
            "%.1f tokens/s for one row: each reads %s of weights, at %.1f GB/s by %d threads",
            speed.decodeTokensPerSecond(),
            ByteCount.readable(Math.round(speed.bytesPerToken())),
            peaks.bytesRead() * 1e-9,
            peaks.threads()));
    line(
        "prefill at most",
        String.format(
            Locale.ROOT,
            "%.1f tokens/s: each takes %.2f G multiply-adds, at %.0f G/s by %s",
            speed.prefillTokensPerSecond(),
            speed.work().layerMultiplyAdds() * 1e-9,
            peaks.int8MultiplyAdds() * 1e-9,
            peaks.instructionSet()));
  }

  private void appendPacked(long bytes) {
    line(
        "packed weights",
        String.format(
            Locale.ROOT,
            "%s, %.3f times their size in the file",
            ByteCount.readable(bytes),
            summary.packedFactor()));
  }

  private void appendMemory(ModelConfig config) {
    line("KV per token", kvSizes(config, 1));
    line("KV full context", kvSizes(config, config.contextLength()));
  }

  private void appendProblem(String problem) {
    line("cannot be run", problem);
    if (!summary.missing().isEmpty()) {
      line("missing", String.join(", ", summary.missing()));
    }
  }

  private static String kvSizes(ModelConfig config, long tokens) {
    return Arrays.stream(KvCacheType.values())
        .map(
            type ->
                type.label()
                    + " "
                    + ByteCount.readable(tokens * NativeModelRunner.kvBytesPerToken(config, type)))
        .collect(Collectors.joining(", "));
  }

  private static String describe(ModelSummary.TypeTotal total) {
    return String.format(
        Locale.ROOT,
        "%d, %,d elements, %s",
        total.tensors(),
        total.elements(),
        ByteCount.readable(total.bytes()));
  }

  private void line(String name, String value) {
    text.append(String.format(Locale.ROOT, "%-16s %s%n", name, value));
  }

  private static String shortened(String value) {
    String line = value.replaceAll("\\s*\\R\\s*", " ");
    return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS) + "…";
  }
}
