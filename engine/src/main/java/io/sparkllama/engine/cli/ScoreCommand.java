package io.sparkllama.engine.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Computes the log-likelihood of continuations. Texts are data: special tokens in them stay plain
 * text.
 */
@Command(name = "score", description = "Computes the log-likelihood of continuations.")
final class ScoreCommand implements Callable<Integer> {
  // Other fields go through as they are written, numbers to their last digit.
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  @Mixin private ModelArgument model;
  @Mixin private EngineArguments engineArguments;
  @Mixin private AdapterArgument adapter;
  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @Option(
      names = "--file",
      required = true,
      paramLabel = "FILE",
      description = "Rows of JSON with \"context\" and \"continuation\"; other fields are kept.")
  private Path file;

  @Option(
      names = "--context",
      paramLabel = "N",
      description = "Most tokens of both texts; 0 takes the model's (default: 0).")
  private int context;

  private final FailedRows failed = new FailedRows();

  private record Row(ObjectNode fields, ScoreRequest request) {}

  @Override
  public Integer call() throws IOException {
    try (TextFile lines = new TextFile(file);
        LlamaEngine engine =
            LlamaEngine.open(model.path(), adapter.in(engineArguments.options(context)));
        RequestWindow<Row, ScoreResult> window =
            new RequestWindow<>(
                engineArguments.requestsInFlight(), row -> submit(engine, row), this::print)) {
      String line = lines.nextLine();
      while (line != null) {
        if (!line.isBlank()) {
          window.add(row(line, lines));
        }
        line = lines.nextLine();
      }
      window.drain();
    }
    return failed.exitCode();
  }

  private CompletableFuture<ScoreResult> submit(LlamaEngine engine, Row row) {
    return engine.score(row.request().withAdapter(adapter.name()));
  }

  private static Row row(String line, TextFile lines) throws IOException {
    JsonNode node;
    try {
      node = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw lines.invalidLine("is not JSON");
    }
    if (!(node instanceof ObjectNode fields)) {
      throw lines.invalidLine("must be a JSON object");
    }
    Prompt context = Prompt.ofData(text(fields, "context", lines));
    Prompt continuation = Prompt.ofData(text(fields, "continuation", lines));
    return new Row(fields, new ScoreRequest(context, continuation));
  }

  private static String text(ObjectNode fields, String name, TextFile lines) {
    JsonNode value = fields.get(name);
    if (value == null || !value.isTextual()) {
      throw lines.invalidLine("must have a text in its field \"" + name + "\"");
    }
    return value.textValue();
  }

  private void print(Row row, ScoreResult result) throws IOException {
    output.print(
        json -> {
          writeOtherFields(json, row.fields());
          if (result.error().isPresent()) {
            RowErrorField.write(json, result.error().get());
          } else {
            json.writeNumberField("log_likelihood", result.logLikelihood());
            json.writeNumberField("tokens", result.tokens().length);
            json.writeBooleanField("greedy", result.greedy());
          }
        },
        () -> result.error().map(RowError::message).map(m -> "error: " + m).orElse(line(result)));
    failed.count(result.error());
  }

  // The row's own fields, but those that the result replaces.
  private static void writeOtherFields(JsonGenerator json, ObjectNode fields) throws IOException {
    for (Map.Entry<String, JsonNode> field : fields.properties()) {
      switch (field.getKey()) {
        case "log_likelihood", "tokens", "greedy", "error" -> {}
        default -> {
          json.writeFieldName(field.getKey());
          JSON.writeTree(json, field.getValue());
        }
      }
    }
  }

  private static String line(ScoreResult result) {
    return String.format(
        Locale.ROOT,
        "%.6f\t%d tokens\t%s",
        result.logLikelihood(),
        result.tokens().length,
        result.greedy() ? "greedy" : "not greedy");
  }
}
