package io.sparkllama.engine.api;

import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Says how the logits of single tokens are changed before a token is chosen: first the bias, then
 * the repetition penalty, then frequency and presence, as vLLM orders them; temperature and filters
 * come after. All is computed in 32-bit floats. The prompt is what the model was given, BOS
 * included; the answer is all that was generated, thoughts included.
 *
 * @param repetition divides the logit of every token of prompt and answer where it is above 0, and
 *     multiplies it elsewhere, in [0.01, 100], so that logits stay finite; 1 changes nothing. As in
 *     CTRL (Keskar et al., 2019) and Hugging Face's RepetitionPenaltyLogitsProcessor.
 * @param presence is taken from the logit of every token of the answer, in [-2, 2]; 0 changes
 *     nothing. As OpenAI's API defines it.
 * @param frequency is taken from the logit of every token of the answer as many times as the answer
 *     has it, in [-2, 2]; 0 changes nothing. As OpenAI's API defines it.
 * @param logitBias added to the logits of these token ids, in [-100, 100] each; at most {@link
 *     #MOST_BIASES}. As OpenAI's API defines it.
 */
public record Penalties(
    double repetition, double presence, double frequency, Map<Integer, Double> logitBias)
    implements Serializable {
  /** Ids that may have a bias: all of them are sent to the runner at every token. */
  public static final int MOST_BIASES = 1024;

  /** Changes nothing. */
  public static final Penalties NONE = new Penalties(1, 0, 0, Map.of());

  public Penalties {
    if (!(repetition >= 0.01 && repetition <= 100)) {
      throw new IllegalArgumentException(
          "repetition-penalty must be between 0.01 and 100 (1 changes nothing), not " + repetition);
    }
    requireWithinTwo("presence-penalty", presence);
    requireWithinTwo("frequency-penalty", frequency);
    if (logitBias.size() > MOST_BIASES) {
      throw new IllegalArgumentException(
          "logit-bias must name at most " + MOST_BIASES + " token ids, not " + logitBias.size());
    }
    logitBias.forEach(Penalties::requireBias);
    logitBias = Collections.unmodifiableMap(new TreeMap<>(logitBias));
  }

  /** Returns whether it matters which tokens the answer has. */
  public boolean countAnswer() {
    return countPrompt() || presence != 0 || frequency != 0;
  }

  /** Returns whether it matters which tokens the prompt has. */
  public boolean countPrompt() {
    return repetition != 1;
  }

  private static void requireWithinTwo(String name, double value) {
    if (!(value >= -2 && value <= 2)) {
      throw new IllegalArgumentException(name + " must be between -2 and 2, not " + value);
    }
  }

  private static void requireBias(int id, double bias) {
    if (id < 0) {
      throw new IllegalArgumentException("logit-bias must name token ids of at least 0, not " + id);
    }
    if (!(bias >= -100 && bias <= 100)) {
      throw new IllegalArgumentException(
          "logit-bias must be between -100 and 100, not " + bias + " (token " + id + ")");
    }
  }
}
