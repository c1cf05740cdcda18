package io.sparkllama.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/** Reads the greedy completions that an independent implementation computed in float64. */
public final class ExpectedCompletions {
  /**
   * Holds one prompt's completion.
   *
   * @param margins logit of the best id less that of the second, per step
   * @param best logit of the best id per step
   * @param logSumExp of all logits per step
   */
  public record Case(
      String prompt,
      int[] promptIds,
      int[] greedyIds,
      String greedyText,
      double[] margins,
      double[] best,
      double[] logSumExp) {}

  private ExpectedCompletions() {}

  public static List<Case> of(String model) {
    List<Case> cases = new ArrayList<>();
    for (JsonNode node : json("expected/" + model + ".json").get("cases")) {
      JsonNode steps = node.get("top5_per_step");
      int count = steps.size();
      double[] margins = new double[count];
      double[] best = new double[count];
      double[] logSumExp = new double[count];
      for (int i = 0; i < count; i++) {
        JsonNode step = steps.get(i);
        best[i] = step.get(0).get(1).asDouble();
        margins[i] = best[i] - step.get(1).get(1).asDouble();
        logSumExp[i] = step.get(step.size() - 1).get(1).asDouble();
      }
      cases.add(
          new Case(
              node.get("prompt").asText(),
              ints(node.get("prompt_ids")),
              ints(node.get("greedy_ids")),
              node.get("greedy_text").asText(),
              margins,
              best,
              logSumExp));
    }
    return cases;
  }

  static JsonNode json(String name) {
    try {
      return new ObjectMapper().readTree(SharedData.path(name).toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
