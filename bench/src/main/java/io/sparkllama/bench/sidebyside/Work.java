package io.sparkllama.bench.sidebyside;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Locale;

/**
 * Says what a contestant is to do while its time is taken. Written as {@code prefill:TOKENS},
 * {@code decode:SEQUENCESxCONTEXTxSTEPS} or {@code generate:PROMPTSxTOKENSxNEW}.
 */
sealed interface Work {
  /** Computes one prompt, with logits for its last token only. */
  record Prefill(int tokens) implements Work {
    @Override
    public String text() {
      return kind() + ":" + tokens;
    }

    @Override
    public String label() {
      return "prefill of " + tokens;
    }

    @Override
    public int sequences() {
      return 1;
    }

    @Override
    public int longestSequence() {
      return tokens + 1;
    }

    @Override
    public ObjectNode toJson() {
      return command(kind()).put("tokens", tokens);
    }
  }

  /**
   * Computes one token of each sequence a step, with logits for all.
   *
   * @param context tokens that each sequence has before the first step; computing them is not timed
   */
  record Decode(int sequences, int context, int steps) implements Work {
    @Override
    public String text() {
      return kind() + ":" + sequences + "x" + context + "x" + steps;
    }

    @Override
    public String label() {
      return "decode of " + sequences + " at " + context;
    }

    @Override
    public int longestSequence() {
      return context + steps + 1;
    }

    @Override
    public ObjectNode toJson() {
      return command(kind())
          .put("sequences", sequences)
          .put("context", context)
          .put("steps", steps);
    }
  }

  /** Computes prompts and their answers, all together. */
  record Generate(int prompts, int promptTokens, int newTokens) implements Work {
    @Override
    public String text() {
      return kind() + ":" + prompts + "x" + promptTokens + "x" + newTokens;
    }

    @Override
    public String label() {
      return prompts + " prompts of " + promptTokens + " + " + newTokens;
    }

    @Override
    public int sequences() {
      return prompts;
    }

    @Override
    public int longestSequence() {
      return promptTokens + newTokens + 1;
    }

    @Override
    public ObjectNode toJson() {
      return command(kind())
          .put("prompts", prompts)
          .put("prompt_tokens", promptTokens)
          .put("new_tokens", newTokens);
    }
  }

  /** Says whether memory bounds it: the weights are read once for every token. */
  default boolean isBoundByMemory() {
    return this instanceof Decode decode && decode.sequences() == 1;
  }

  /** Returns the name of the kind: {@code prefill}, {@code decode} or {@code generate}. */
  default String kind() {
    return getClass().getSimpleName().toLowerCase(Locale.ROOT);
  }

  /** Returns what {@link #parse} reads. */
  String text();

  /** Returns the words of a table's row. */
  String label();

  /** Returns how many sequences are there at once. */
  int sequences();

  /** Returns the tokens that a sequence has in the end. */
  int longestSequence();

  /** Returns the command that asks for this work. */
  ObjectNode toJson();

  /**
   * Reads a command.
   *
   * @throws IllegalArgumentException for one that asks for no work, or lacks a number
   */
  static Work of(JsonNode command) {
    String kind = command.path("work").asText();
    return switch (kind) {
      case "prefill" -> new Prefill(number(command, "tokens"));
      case "decode" ->
          new Decode(
              number(command, "sequences"), number(command, "context"), number(command, "steps"));
      case "generate" ->
          new Generate(
              number(command, "prompts"),
              number(command, "prompt_tokens"),
              number(command, "new_tokens"));
      default -> throw new IllegalArgumentException("There is no such work: " + kind);
    };
  }

  /**
   * Reads what a user writes.
   *
   * @throws IllegalArgumentException for what is no work
   */
  static Work parse(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length == 2 && parts[1].matches("[1-9][0-9]{0,8}(x[1-9][0-9]{0,8}){0,2}")) {
      int[] sizes = Arrays.stream(parts[1].split("x")).mapToInt(Integer::parseInt).toArray();
      if (parts[0].equals("prefill") && sizes.length == 1) {
        return new Prefill(sizes[0]);
      }
      if (parts[0].equals("decode") && sizes.length == 3) {
        return new Decode(sizes[0], sizes[1], sizes[2]);
      }
      if (parts[0].equals("generate") && sizes.length == 3) {
        return new Generate(sizes[0], sizes[1], sizes[2]);
      }
    }
    throw new IllegalArgumentException(
        "Work is prefill:TOKENS, decode:SEQUENCESxCONTEXTxSTEPS or generate:PROMPTSxTOKENSxNEW: "
            + text);
  }

  private static ObjectNode command(String kind) {
    return JsonNodeFactory.instance.objectNode().put("work", kind);
  }

  private static int number(JsonNode command, String field) {
    JsonNode value = command.path(field);
    if (!value.isInt() || value.intValue() < 1) {
      throw new IllegalArgumentException(
          "The command's " + field + " must be a whole number of at least 1: " + command);
    }
    return value.intValue();
  }
}
