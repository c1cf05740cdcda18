package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import io.sparkllama.engine.api.TemplateException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Renders any bytes as a template and fails where that breaks a promise of {@link ChatTemplate}. A
 * fuzzer calls {@link #fuzzerTestOneInput}; {@code scripts/fuzz_templates.sh} runs one.
 *
 * <p>The first byte picks the dialect by its lowest bit and the arguments by the others; the rest
 * is the template.
 */
final class TemplateFuzzer {
  /** Stands in the arguments alone; nothing in the language makes or changes its characters. */
  private static final String SENTINEL = "\uE0A1\uE0B7\uE0C3\uE0D9";

  private static final String SEEDS = "/template/fuzz-seeds.txt";
  private static final String BETWEEN_SEEDS = "\n%%%%\n";
  private static final List<Map<String, ?>> ARGUMENTS = List.of(conversation(), nested(), odd());

  private TemplateFuzzer() {}

  /** Returns how many values of an input's first byte differ in what they do. */
  static int choices() {
    return 2 * ARGUMENTS.size();
  }

  /** Renders one input. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    int choice = (input[0] & 0xFF) % choices();
    String source = new String(input, 1, input.length - 1, StandardCharsets.UTF_8);
    Map<String, ?> arguments = ARGUMENTS.get(choice / 2);
    boolean canWriteSentinel = hasSentinel(source) || escapes(source);
    try {
      ChatTemplate template =
          choice % 2 == 0 ? ChatTemplate.compile(source) : ChatTemplate.compilePrompt(source);
      Prompt prompt = template.render(arguments, TemplateCases.DATE);
      checkSpans(prompt, canWriteSentinel);
      if (!prompt.equals(template.render(arguments, TemplateCases.DATE))) {
        throw new IllegalStateException("a second rendering differs");
      }
    } catch (TemplateException refused) {
      if (refused.kind() == TemplateException.Kind.FAULT) {
        throw new IllegalStateException("a fault of the interpreter", refused);
      }
      checkRefusal(refused, canWriteSentinel);
    }
  }

  private static void checkSpans(Prompt prompt, boolean canWriteSentinel) {
    Origin before = null;
    for (Span span : prompt.spans()) {
      if (span.text().isEmpty()) {
        throw new IllegalStateException("an empty span");
      }
      if (span.origin() == before) {
        throw new IllegalStateException("neighbours of one origin");
      }
      if (span.origin() == Origin.TEMPLATE && !canWriteSentinel && hasSentinel(span.text())) {
        throw new IllegalStateException("data in a span of the template: " + span.text());
      }
      before = span.origin();
    }
  }

  private static void checkRefusal(TemplateException refused, boolean canWriteSentinel) {
    String message = String.valueOf(refused.getMessage());
    if (!refused.holdsData() && !canWriteSentinel && hasSentinel(message)) {
      throw new IllegalStateException("data in a message that says it has none", refused);
    }
    // Depth is bounded; half a megabyte must do, and whoever runs this has more.
    if (message.contains("this thread's stack")) {
      throw new IllegalStateException("the stack ended before the budget", refused);
    }
  }

  /** Tells whether a text has a character of the sentinel. */
  private static boolean hasSentinel(String text) {
    return text.chars().anyMatch(c -> SENTINEL.indexOf(c) >= 0);
  }

  /** Tells whether a template may spell characters out, and so write the sentinel itself. */
  private static boolean escapes(String source) {
    return source.contains("\\u") || source.contains("\\U");
  }

  /** Returns the seeds: templates of our own that use the whole language. */
  static List<String> seeds() throws IOException {
    try (InputStream in = TemplateFuzzer.class.getResourceAsStream(SEEDS)) {
      String all = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Arrays.stream(all.split(BETWEEN_SEEDS)).map(String::stripTrailing).toList();
    }
  }

  /** Makes an input of a template. */
  static byte[] input(int choice, String template) {
    byte[] rest = template.getBytes(StandardCharsets.UTF_8);
    byte[] input = new byte[rest.length + 1];
    input[0] = (byte) choice;
    System.arraycopy(rest, 0, input, 1, rest.length);
    return input;
  }

  /** Writes every seed with every choice into a folder, one file each, for a fuzzer to start at. */
  public static void main(String[] folder) throws IOException {
    Path target = Files.createDirectories(Path.of(folder[0]));
    List<String> seeds = seeds();
    for (int seed = 0; seed < seeds.size(); seed++) {
      for (int choice = 0; choice < choices(); choice++) {
        Path file = target.resolve("seed-" + seed + "-" + choice);
        Files.write(file, input(choice, seeds.get(seed)));
      }
    }
  }

  private static Map<String, ?> conversation() {
    Map<String, Object> arguments = new LinkedHashMap<>();
    arguments.put(
        "messages",
        List.of(
            Map.of("role", "system", "content", "Be brief. " + SENTINEL),
            Map.of("role", "user", "content", "  <b>Hi</b> & \"bye\"\n\n" + SENTINEL + "\n"),
            Map.of("role", SENTINEL, "content", ""),
            Map.of(
                "role", "assistant", "content", List.of(Map.of("type", "text", "text", "a b")))));
    arguments.put("bos_token", Prompt.ofTemplate("<s>"));
    arguments.put("eos_token", Prompt.ofTemplate("</s>"));
    arguments.put("add_generation_prompt", true);
    arguments.put("tools", null);
    arguments.put("a", SENTINEL);
    arguments.put("b", "x");
    arguments.put("n", 3);
    return arguments;
  }

  private static Map<String, ?> nested() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(SENTINEL, SENTINEL);
    map.put("k", List.of(1, 2.5, "z" + SENTINEL, List.of(), Map.of()));
    map.put("sep", List.of(SENTINEL, "x"));
    Object deep = SENTINEL;
    for (int i = 0; i < 20; i++) {
      deep = i % 2 == 0 ? List.of(deep, i) : Map.of("x", deep);
    }
    Map<String, Object> arguments = new LinkedHashMap<>();
    arguments.put("messages", List.of(map, map, Map.of("role", "user", "content", map)));
    arguments.put("a", map);
    arguments.put("b", List.of(List.of("k", SENTINEL), List.of("l", 2)));
    arguments.put("n", deep);
    return arguments;
  }

  private static Map<String, ?> odd() {
    Map<Object, Object> keys = new HashMap<>();
    keys.put(1, "one");
    keys.put(2.5, SENTINEL);
    keys.put(true, false);
    keys.put(null, "\uDC00\uD800");
    List<Object> numbers =
        new ArrayList<>(List.of(0, -1, 1L << 40, BigInteger.TEN.pow(400), 0.1, -0.0, 1e308));
    numbers.addAll(List.of(Double.NaN, Double.POSITIVE_INFINITY, Double.MIN_VALUE));
    numbers.add(null);
    Map<String, Object> arguments = new LinkedHashMap<>();
    arguments.put(
        "messages", List.of(Map.of("role", "user", "content", "\uD83E\uDD99" + SENTINEL)));
    arguments.put(
        "a", "\uD800" + SENTINEL + "\uD83D\uDC69\u200D\uD83D\uDC67\uDC00 \u01C6\u00DF\u0130");
    arguments.put("b", keys);
    arguments.put("n", numbers);
    return arguments;
  }
}
