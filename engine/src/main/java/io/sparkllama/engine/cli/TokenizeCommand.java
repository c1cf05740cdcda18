package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Turns text into token ids; the model may be a vocabulary without weights. */
@Command(name = "tokenize", description = "Turns text into token ids.")
final class TokenizeCommand implements Callable<Integer> {
  @Mixin private ModelArgument model;
  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(names = "--no-special", description = "Take special tokens in the text for plain text.")
  private boolean noSpecial;

  @Option(names = "--bos", description = "Begin with the token that begins a text.")
  private boolean bos;

  /** Says where the text comes from. */
  private static final class Source {
    @Option(names = "--text", paramLabel = "TEXT", description = "The text.")
    private String text;

    @Option(
        names = "--file",
        paramLabel = "FILE",
        description =
            "A file that is the text; if its name ends in .jsonl, one text a line as a JSON"
                + " string.")
    private Path file;
  }

  @Override
  public Integer call() throws IOException {
    Tokenizer tokenizer = Tokenizers.of(GgufFile.read(model.path()).metadata());
    if (source.text != null) {
      print(tokenizer, source.text, "The text cannot be tokenized");
    } else if (TextFile.isJsonLines(source.file)) {
      printLines(tokenizer, source.file);
    } else {
      print(tokenizer, TextFile.whole(source.file), "The file cannot be tokenized");
    }
    return 0;
  }

  private void printLines(Tokenizer tokenizer, Path file) throws IOException {
    try (TextFile texts = new TextFile(file)) {
      Optional<String> text = texts.next();
      while (text.isPresent()) {
        print(tokenizer, text.get(), "Line " + texts.lineNumber() + " cannot be tokenized");
        text = texts.next();
      }
    }
  }

  private void print(Tokenizer tokenizer, String text, String failure) throws IOException {
    int[] ids;
    try {
      Prompt prompt = noSpecial ? Prompt.ofData(text) : Prompt.ofTemplate(text);
      ids = bos ? tokenizer.encodeWithBos(prompt) : tokenizer.encode(prompt);
    } catch (InvalidTextException e) {
      throw new InvalidInputException(failure + ": " + e.getMessage());
    }
    output.print(
        json -> {
          json.writeFieldName("ids");
          json.writeArray(ids, 0, ids.length);
        },
        () -> Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
  }
}
