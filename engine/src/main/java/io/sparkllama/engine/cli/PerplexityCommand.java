package io.sparkllama.engine.cli;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.engine.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Computes a model's perplexity on a text as llama.cpp does: the text's tokens are cut into windows
 * without overlap, each begins with the begin token in place of its first one, and the second half
 * of each is scored. Tokens after the last whole window are left out.
 */
@Command(name = "perplexity", description = "Computes a model's perplexity on a text.")
final class PerplexityCommand implements Callable<Integer> {
  @Mixin private ModelArgument model;
  @Mixin private EngineArguments engineArguments;
  @Mixin private AdapterArgument adapter;
  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @Option(names = "--file", required = true, paramLabel = "FILE", description = "The text.")
  private Path textPath;

  @Option(
      names = "--context",
      paramLabel = "N",
      description = "Tokens of a window (default: ${DEFAULT-VALUE}).")
  private int context = 512;

  private double negativeLogLikelihood;
  private long scored;

  @Override
  public Integer call() throws IOException {
    if (context < 4) {
      throw new InvalidConfigurationException("--context must be at least 4: " + context);
    }
    ModelFile file = ModelFile.open(model.path());
    Tokenizer tokenizer = file.tokenizer();
    int[] tokens = tokens(tokenizer);
    try (LlamaEngine engine = LlamaEngine.open(file, adapter.in(engineArguments.options(context)));
        RequestWindow<int[], ScoreResult> window =
            new RequestWindow<>(
                engineArguments.requestsInFlight(),
                part -> engine.scoreTokens(first(part), second(part), adapter.name()),
                (part, result) -> add(result))) {
      for (int start = 0; start + context <= tokens.length; start += context) {
        window.add(windowAt(tokens, start, tokenizer));
      }
      window.drain();
    }
    double perplexity = Math.exp(negativeLogLikelihood / scored);
    output.print(
        json -> {
          json.writeNumberField("perplexity", perplexity);
          json.writeNumberField("tokens", scored);
        },
        () -> String.format(Locale.ROOT, "perplexity %.4f over %d tokens", perplexity, scored));
    return 0;
  }

  private int[] tokens(Tokenizer tokenizer) throws IOException {
    String text = TextFile.whole(textPath);
    int[] tokens;
    try {
      tokens = tokenizer.encodeWithBos(Prompt.ofData(text));
    } catch (InvalidTextException e) {
      throw new InvalidInputException("The file cannot be tokenized: " + e.getMessage());
    }
    if (tokens.length < context) {
      throw new InvalidInputException(
          "The text has "
              + tokens.length
              + " tokens, fewer than one window of "
              + context
              + "; give a longer text or a smaller --context: "
              + textPath);
    }
    return tokens;
  }

  private int[] windowAt(int[] tokens, int start, Tokenizer tokenizer) {
    int[] window = Arrays.copyOfRange(tokens, start, start + context);
    OptionalInt bos = tokenizer.bosId();
    if (tokenizer.vocabulary().rules().addBos() && bos.isPresent()) {
      window[0] = bos.getAsInt();
    }
    return window;
  }

  // The token in the middle of a window is the last one that is only read.
  private static int[] first(int[] window) {
    return Arrays.copyOf(window, window.length / 2 + 1);
  }

  private static int[] second(int[] window) {
    return Arrays.copyOfRange(window, window.length / 2 + 1, window.length);
  }

  private void add(ScoreResult result) {
    if (result.error().isPresent()) {
      throw new EngineFailedException(
          "A window could not be scored: " + result.error().get().message());
    }
    negativeLogLikelihood -= result.logLikelihood();
    scored += result.tokens().length;
  }
}
