package io.sparkllama.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.EngineStatistics;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.job.prompt.RowKeys;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Measures what constraints add to a step when every row has one: 64 sequences, a record of several
 * fields, and the same rows without.
 *
 * <p>Arguments: model, rows. Prints a JSON object for each run: without a constraint, with it while
 * its masks are made, and with it again, at temperatures 0 and 0.8. The host's part of a step is
 * what it takes without native code; the step's time that of both, from the first request to the
 * last answer. A short run before the first gets the code compiled.
 */
public final class ConstrainedRows {
  private static final int MOST_TOKENS = 160;
  private static final String RECORD =
      "\\{\"name\": \"[A-Z][a-z]{2,15}( [A-Z][a-z]{2,15}){0,2}\","
          + " \"born\": \"(19|20)\\d\\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])\","
          + " \"amount\": -?\\d{1,7}\\.\\d\\d,"
          + " \"tags\": \\[\"[a-z]{3,12}\"(, \"[a-z]{3,12}\"){0,4}\\],"
          + " \"note\": \"[^\"\\\\\\n]{0,120}\"\\}";

  private final LlamaEngine engine;
  private final int rows;

  private ConstrainedRows(LlamaEngine engine, int rows) {
    this.engine = engine;
    this.rows = rows;
  }

  public static void main(String[] arguments) throws Exception {
    Optional<AnswerConstraint> free = Optional.empty();
    Optional<AnswerConstraint> constrained = Optional.of(new AnswerConstraint.Regex(RECORD));
    int rows = Integer.parseInt(arguments[1]);
    for (double temperature : new double[] {0, 0.8}) {
      try (LlamaEngine engine =
          LlamaEngine.open(Path.of(arguments[0]), EngineOptions.defaults().withThreads(2))) {
        ConstrainedRows bench = new ConstrainedRows(engine, rows);
        new ConstrainedRows(engine, 64).run("warm-up", free, temperature);
        System.out.println(bench.run("free", free, temperature));
        System.out.println(bench.run("constrained, cold", constrained, temperature));
        System.out.println(bench.run("constrained, warm", constrained, temperature));
      }
    }
  }

  private ObjectNode run(String name, Optional<AnswerConstraint> constraint, double temperature)
      throws Exception {
    EngineStatistics before = engine.statistics();
    long begin = System.nanoTime();
    List<CompletableFuture<GenerationResult>> answers =
        IntStream.range(0, rows).mapToObj(row -> ask(row, constraint, temperature)).toList();
    long tokens = 0;
    for (CompletableFuture<GenerationResult> answer : answers) {
      GenerationResult result = answer.get();
      tokens += result.tokens().length;
      if (constraint.isPresent() && !Pattern.matches(RECORD, result.text())) {
        throw new IllegalStateException("An answer does not match: " + result);
      }
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    return line(name, temperature, tokens, seconds, before);
  }

  private ObjectNode line(
      String name, double temperature, long tokens, double seconds, EngineStatistics before) {
    EngineStatistics end = engine.statistics();
    long steps = end.steps() - before.steps();
    long host =
        end.times().schedule()
            + end.times().completion()
            - before.times().schedule()
            - before.times().completion();
    long sequences = end.occupancy().stepSequences() - before.occupancy().stepSequences();
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("run", name);
    json.put("temperature", temperature);
    json.put("rows", rows);
    json.put("tokens", tokens);
    json.put("seconds", seconds);
    json.put("steps", steps);
    json.put("sequences_a_step", (double) sequences / steps);
    json.put("host_milliseconds_a_step", host / 1e6 / steps);
    json.put(
        "native_milliseconds_a_step",
        (end.times().runner() - before.times().runner()) / 1e6 / steps);
    return json;
  }

  private CompletableFuture<GenerationResult> ask(
      int row, Optional<AnswerConstraint> constraint, double temperature) {
    String prompt = "record " + row;
    GenerationRequest request =
        new GenerationRequest(
            RowKeys.derive(List.of(prompt)),
            Prompt.ofData(prompt),
            new SamplingParams(temperature, 0, 1, 0, 0, MOST_TOKENS, List.of(), List.of()),
            OverlongPolicy.ERROR);
    return engine.generate(constraint.map(request::within).orElse(request));
  }
}
