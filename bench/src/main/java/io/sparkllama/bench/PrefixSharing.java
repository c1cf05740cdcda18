package io.sparkllama.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.EngineStatistics;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * Measures what the prefix cache saves: rows that begin with the same instructions, answered with
 * the cache and without, by turns.
 *
 * <p>Arguments: model (GGUF), rows with the cache, rows without, shared tokens, own tokens, new
 * tokens, rounds. Prints one JSON object a round; answers must be the same bytes.
 */
public final class PrefixSharing {
  private static final long SEED = 11;

  private final Path model;
  private final int sharedTokens;
  private final int ownTokens;
  private final int newTokens;

  private PrefixSharing(Path model, int sharedTokens, int ownTokens, int newTokens) {
    this.model = model;
    this.sharedTokens = sharedTokens;
    this.ownTokens = ownTokens;
    this.newTokens = newTokens;
  }

  private record Run(double seconds, EngineStatistics statistics, List<int[]> answers) {}

  public static void main(String[] arguments) throws Exception {
    int[] numbers = Arrays.stream(arguments).skip(1).mapToInt(Integer::parseInt).toArray();
    PrefixSharing bench =
        new PrefixSharing(Path.of(arguments[0]), numbers[2], numbers[3], numbers[4]);
    for (int round = 0; round < numbers[5]; round++) {
      Run with = bench.run(numbers[0], true);
      Run without = bench.run(numbers[1], false);
      System.out.println(bench.line(with, without));
    }
  }

  private ObjectNode line(Run with, Run without) {
    int compared = Math.min(with.answers().size(), without.answers().size());
    for (int row = 0; row < compared; row++) {
      if (!Arrays.equals(with.answers().get(row), without.answers().get(row))) {
        throw new IllegalStateException("Row " + row + " has another answer with the cache");
      }
    }
    // The shared tokens once, each row's own, and all new ones but the last.
    long distinct = sharedTokens + (long) with.answers().size() * (ownTokens + newTokens - 1);
    ObjectNode json = new ObjectMapper().createObjectNode();
    put(json.putObject("with"), with);
    put(json.putObject("without"), without);
    json.put("distinct_tokens", distinct);
    json.put("computed_to_distinct", (double) with.statistics().computedTokens() / distinct);
    json.put("speedup", rate(with) / rate(without));
    json.put("rows_with_equal_answers", compared);
    return json;
  }

  private static void put(ObjectNode json, Run run) {
    json.put("rows", run.answers().size());
    json.put("rows_per_second", rate(run));
    json.put("computed_tokens", run.statistics().computedTokens());
    json.put("cached_tokens", run.statistics().cachedTokens());
    json.put("preemptions", run.statistics().preemptions());
  }

  private static double rate(Run run) {
    return run.answers().size() / run.seconds();
  }

  private Run run(int rows, boolean cache) throws Exception {
    EngineOptions options =
        EngineOptions.defaults()
            .withContextLength(sharedTokens + ownTokens + newTokens + 64)
            .withPrefixCache(cache);
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      Tokenizer tokenizer = engine.model().tokenizer();
      Random random = new Random(SEED);
      String shared = text(tokenizer, sharedTokens - 1, random); // and the token that begins all
      List<Prompt> prompts = new ArrayList<>();
      for (int row = 0; row < rows; row++) {
        prompts.add(Prompt.ofData(shared + text(tokenizer, ownTokens, random)));
      }
      List<int[]> answers = new ArrayList<>();
      Queue<CompletableFuture<GenerationResult>> flying = new ArrayDeque<>();
      SamplingParams sampling = new SamplingParams(0, 0, 1, 0, 0, newTokens, List.of(), List.of());
      long begin = System.nanoTime();
      for (int row = 0; row < rows; row++) {
        flying.add(
            engine.generate(
                new GenerationRequest(
                    new RowKey(0, row), prompts.get(row), sampling, OverlongPolicy.ERROR)));
        if (flying.size() == 2 * options.maxSequences()) {
          answers.add(flying.remove().get().tokens());
        }
      }
      while (!flying.isEmpty()) {
        answers.add(flying.remove().get().tokens());
      }
      return new Run((System.nanoTime() - begin) * 1e-9, engine.statistics(), answers);
    }
  }

  // Words whose number of tokens is that of the letters of a made-up vocabulary.
  private static String text(Tokenizer tokenizer, int tokens, Random random) {
    StringBuilder text = new StringBuilder();
    while (tokenizer.encode(Prompt.ofData(text.toString())).length < tokens) {
      text.append(' ').append((char) ('a' + random.nextInt(26)));
      text.append((char) ('a' + random.nextInt(26)));
    }
    return text.toString();
  }
}
