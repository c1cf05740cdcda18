package io.sparkllama.engine.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkllama.engine.api.TemplateException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Renders conversations by a chat template; the model may be a vocabulary without weights. */
@Command(name = "render", description = "Renders conversations by a chat template.")
final class RenderCommand implements Callable<Integer> {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
          .build();

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @Option(
      names = "--messages",
      required = true,
      paramLabel = "FILE",
      description =
          "Rows of JSON with \"messages\"; other fields, such as \"tools\" or"
              + " \"add_generation_prompt\", are arguments of the template.")
  private Path messages;

  @Option(
      names = "--date",
      paramLabel = "DATE",
      converter = IsoDate.class,
      description = "The date that the template sees, as 2024-07-26 (default: today in UTC).")
  private LocalDate date;

  /** Says where the template comes from. */
  private static final class Source {
    @Option(
        names = "--model",
        paramLabel = "FILE",
        description = "A model whose template it is: a GGUF file, or one part of a split model.")
    private Path model;

    @Option(names = "--template", paramLabel = "FILE", description = "A file that is the template.")
    private Path template;

    @Option(
        names = "--built-in",
        paramLabel = "NAME",
        description = "A template that needs no file, such as chatml or llama-2.")
    private String builtIn;

    private ChatFormat format() throws IOException {
      if (model != null) {
        return ChatFormat.ofModel(model);
      }
      return template != null ? ChatFormat.ofFile(template) : ChatFormat.ofBuiltIn(builtIn);
    }
  }

  /** Reads a date, and refuses others in words without the name of a class. */
  private static final class IsoDate implements ITypeConverter<LocalDate> {
    @Override
    public LocalDate convert(String text) {
      try {
        return LocalDate.parse(text);
      } catch (DateTimeParseException e) {
        throw new TypeConversionException("must be written as 2024-07-26: " + text);
      }
    }
  }

  @Override
  public Integer call() throws IOException {
    ChatFormat format = source.format();
    LocalDate seen = date == null ? LocalDate.now(ZoneOffset.UTC) : date;
    int exitCode = 0;
    try (TextFile lines = new TextFile(messages)) {
      String line = lines.nextLine();
      while (line != null) {
        if (!line.isBlank() && !print(format, arguments(format, line, lines), seen)) {
          exitCode = FailedRows.ROWS_SET_ASIDE;
        }
        line = lines.nextLine();
      }
    }
    return exitCode;
  }

  private static Map<String, Object> arguments(ChatFormat format, String line, TextFile lines) {
    Object row;
    try {
      row = JSON.readValue(line, Object.class);
    } catch (JsonProcessingException e) {
      throw lines.invalidLine("is not JSON");
    }
    if (!(row instanceof Map<?, ?> fields)) {
      throw lines.invalidLine("must be a JSON object");
    }
    if (!(fields.get("messages") instanceof List<?>)) {
      throw lines.invalidLine("must have an array in its field \"messages\"");
    }
    Map<String, Object> arguments = new LinkedHashMap<>(format.defaults());
    fields.forEach((name, value) -> arguments.put((String) name, value));
    return arguments;
  }

  /** Prints one row's text, or why there is none; returns whether there is one. */
  private boolean print(ChatFormat format, Map<String, Object> arguments, LocalDate seen)
      throws IOException {
    String rendered;
    try {
      rendered = format.templateFor(arguments).render(arguments, seen).text();
    } catch (TemplateException e) {
      String message = e.getMessage();
      output.print(json -> json.writeStringField("error", message), () -> "error: " + message);
      return false;
    }
    output.print(json -> json.writeStringField("rendered", rendered), () -> rendered);
    return true;
  }
}
