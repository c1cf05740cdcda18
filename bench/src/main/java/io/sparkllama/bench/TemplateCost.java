package io.sparkllama.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.chat.ChatTemplate;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Measures what a chat template costs beyond tokenizing: the rendering, and what the origins of its
 * parts add to tokenizing the same text.
 *
 * <p>Arguments: vocabulary (GGUF), chat template, text to converse about. Prints one JSON object,
 * in milliseconds of one thread. Two conversations of about 8,000 tokens, rendered: a system
 * message with one long question, and forty questions with the answers between them.
 */
public final class TemplateCost {
  private static final int TOKENS = 8_000;
  private static final int QUESTIONS = 40;

  /** Rounds that are not counted, so that everything is compiled to the end. */
  private static final int WARM_UP = 500;

  private static final int ROUNDS = 500;
  private static final LocalDate DATE = LocalDate.of(2024, 7, 26);

  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final String text;
  private final String bos;

  private TemplateCost(Tokenizer tokenizer, ChatTemplate template, String text) {
    this.tokenizer = tokenizer;
    this.template = template;
    this.text = text;
    this.bos = tokenizer.vocabulary().text(tokenizer.bosId().orElseThrow());
  }

  public static void main(String[] arguments) throws IOException {
    TemplateCost bench =
        new TemplateCost(
            Tokenizers.of(GgufFile.read(Path.of(arguments[0])).metadata()),
            ChatTemplate.compile(Files.readString(Path.of(arguments[1]))),
            Files.readString(Path.of(arguments[2])));
    ObjectNode result = new ObjectMapper().createObjectNode();
    result.put("template", Path.of(arguments[1]).getFileName().toString());
    result.set("one_question", bench.measure(1));
    result.set("forty_questions", bench.measure(QUESTIONS));
    System.out.println(result);
  }

  private ObjectNode measure(int questions) {
    Map<String, Object> arguments = fitted(questions);
    Prompt prompt = template.render(arguments, DATE);
    Prompt ofTemplate = Prompt.ofTemplate(prompt.text());
    int[] ids = tokenizer.encodeWithBos(prompt);
    if (!Arrays.equals(ids, tokenizer.encodeWithBos(ofTemplate))) {
      throw new IllegalStateException("The text must hold no special tokens");
    }
    double[] rendering = new double[ROUNDS];
    double[] withOrigins = new double[ROUNDS];
    double[] withoutOrigins = new double[ROUNDS];
    for (int i = -WARM_UP; i < ROUNDS; i++) {
      long start = System.nanoTime();
      Prompt rendered = template.render(arguments, DATE);
      long afterRendering = System.nanoTime();
      int tokens = tokenizer.encodeWithBos(rendered).length;
      long afterOrigins = System.nanoTime();
      int same = tokenizer.encodeWithBos(ofTemplate).length;
      long end = System.nanoTime();
      if (tokens != ids.length || same != ids.length) {
        throw new IllegalStateException("Every round must do the same work: " + tokens);
      }
      if (i >= 0) {
        rendering[i] = (afterRendering - start) / 1e6;
        withOrigins[i] = (afterOrigins - afterRendering) / 1e6;
        withoutOrigins[i] = (end - afterOrigins) / 1e6;
      }
    }
    ObjectNode result = new ObjectMapper().createObjectNode();
    result.put("tokens", ids.length);
    result.put("characters", prompt.text().length());
    result.put("spans", prompt.spans().size());
    result.set("median", figures(median(rendering), median(withOrigins), median(withoutOrigins)));
    result.set("least", figures(least(rendering), least(withOrigins), least(withoutOrigins)));
    return result;
  }

  private static ObjectNode figures(double rendering, double withOrigins, double withoutOrigins) {
    ObjectNode figures = new ObjectMapper().createObjectNode();
    figures.put("render_ms", rendering);
    figures.put("tokenize_with_origins_ms", withOrigins);
    figures.put("tokenize_without_origins_ms", withoutOrigins);
    figures.put("beyond_tokenizing_ms", rendering + Math.max(0, withOrigins - withoutOrigins));
    return figures;
  }

  /** Returns a conversation that has, rendered, about the tokens wanted. */
  private Map<String, Object> fitted(int questions) {
    int characters = 4 * TOKENS;
    for (int i = 0; i < 5; i++) {
      Prompt prompt = template.render(conversation(questions, characters), DATE);
      int tokens = tokenizer.encodeWithBos(prompt).length;
      characters = Math.toIntExact((long) characters * TOKENS / tokens);
    }
    return conversation(questions, characters);
  }

  /** Cuts so many characters of the text into questions and the answers between them. */
  private Map<String, Object> conversation(int questions, int characters) {
    List<Map<String, String>> messages = new ArrayList<>();
    messages.add(message("system", "You are a careful reader. Answer briefly."));
    int count = 2 * questions - 1;
    for (int i = 0; i < count; i++) {
      String part = text.substring(characters * i / count, characters * (i + 1) / count);
      messages.add(message(i % 2 == 0 ? "user" : "assistant", part));
    }
    return Map.of(
        "messages", messages, "add_generation_prompt", true, "bos_token", Prompt.ofTemplate(bos));
  }

  private static Map<String, String> message(String role, String content) {
    return Map.of("role", role, "content", content);
  }

  private static double least(double[] values) {
    return Arrays.stream(values).min().orElseThrow();
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
