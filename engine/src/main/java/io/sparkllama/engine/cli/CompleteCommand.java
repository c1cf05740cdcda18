package io.sparkllama.engine.cli;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.TemplateException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Completes prompts; equal prompts get equal answers, wherever they stand. */
@Command(name = "complete", description = "Completes prompts.")
final class CompleteCommand implements Callable<Integer> {
  @Mixin private ModelArgument model;
  @Mixin private EngineArguments engineArguments;
  @Mixin private AdapterArgument adapter;
  @Mixin private SamplingArguments samplingArguments;
  @Mixin private ConstraintArguments constraintArguments;
  @Mixin private ChatArguments chatArguments;
  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--no-special",
      description = "Take special tokens in the prompts for plain text.")
  private boolean noSpecial;

  @Option(
      names = "--context",
      paramLabel = "N",
      description = "Most tokens of prompt and answer; 0 takes the model's (default: 0).")
  private int context;

  private Optional<AnswerConstraint> constraint = Optional.empty();
  private final FailedRows failed = new FailedRows();

  /** Says where prompts come from. */
  private static final class Source {
    @Option(names = "--prompt", paramLabel = "TEXT", description = "One prompt.")
    private String prompt;

    @Option(
        names = "--prompts",
        paramLabel = "FILE",
        description = "A file of prompts, one a line; JSON strings if its name ends in .jsonl.")
    private Path file;
  }

  private record Row(long index, String text) {}

  @Override
  public Integer call() throws IOException {
    ModelFile file = ModelFile.open(model.path());
    SamplingParams sampling = samplingArguments.params(file);
    constraint = constraintArguments.constraint(file, sampling);
    try (LlamaEngine engine = LlamaEngine.open(file, adapter.in(engineArguments.options(context)));
        RequestWindow<Row, GenerationResult> window = window(engine, sampling)) {
      if (source.file == null) {
        window.add(new Row(0, source.prompt));
      } else {
        addLines(window);
      }
      window.drain();
    }
    return failed.exitCode();
  }

  private RequestWindow<Row, GenerationResult> window(LlamaEngine engine, SamplingParams sampling) {
    Optional<ChatArguments.Format> format = chatArguments.format(engine.model());
    return new RequestWindow<>(
        engineArguments.requestsInFlight(),
        row -> submit(engine, row, sampling, format),
        this::print);
  }

  private void addLines(RequestWindow<Row, GenerationResult> window) throws IOException {
    try (TextFile texts = new TextFile(source.file)) {
      long index = 0;
      Optional<String> text = texts.next();
      while (text.isPresent()) {
        window.add(new Row(index++, text.get()));
        text = texts.next();
      }
    }
  }

  private CompletableFuture<GenerationResult> submit(
      LlamaEngine engine, Row row, SamplingParams sampling, Optional<ChatArguments.Format> format) {
    Prompt prompt;
    try {
      prompt = format.isPresent() ? format.get().prompt(row.text()) : plain(row.text());
    } catch (TemplateException refused) {
      RowError error = new RowError(RowError.TEMPLATE, refused.getMessage());
      return CompletableFuture.completedFuture(GenerationResult.failed(0, error));
    }
    return engine.generate(
        new GenerationRequest(
            rowKey(row.text()),
            prompt,
            sampling,
            OverlongPolicy.ERROR,
            constraint.isPresent()
                ? Optional.empty() // all that the model writes is the answer
                : format.flatMap(ChatArguments.Format::marks),
            constraint,
            adapter.name()));
  }

  private Prompt plain(String text) {
    return noSpecial ? Prompt.ofData(text) : Prompt.ofTemplate(text);
  }

  private void print(Row row, GenerationResult result) throws IOException {
    output.print(
        json -> {
          json.writeNumberField("index", row.index());
          json.writeStringField("text", result.text());
          if (result.reasoning().isPresent()) {
            json.writeStringField("reasoning", result.reasoning().get());
          }
          json.writeFieldName("tokens");
          json.writeArray(result.tokens(), 0, result.tokens().length);
          json.writeStringField("finish_reason", result.finishReason().label());
          json.writeNumberField("prompt_tokens", result.promptTokens());
          if (result.error().isPresent()) {
            RowErrorField.write(json, result.error().get());
          }
        },
        () -> result.error().map(RowError::message).map(m -> "error: " + m).orElse(result.text()));
    failed.count(result.error());
  }

  // The prompt is the row's only input.
  private static RowKey rowKey(String prompt) {
    try {
      ByteBuffer hash =
          ByteBuffer.wrap(
              MessageDigest.getInstance("SHA-256")
                  .digest(prompt.getBytes(StandardCharsets.UTF_16BE)));
      return new RowKey(hash.getLong(), hash.getLong());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
