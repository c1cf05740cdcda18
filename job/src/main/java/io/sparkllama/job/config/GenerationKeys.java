package io.sparkllama.job.config;

import io.sparkllama.engine.api.Penalties;
import java.util.List;
import java.util.Map;

/** Declares the keys of a job file below {@code generation}. */
public final class GenerationKeys {
  static final DeclaredKeys DECLARED = new DeclaredKeys();

  public static final ConfigKey<Double> TEMPERATURE =
      DECLARED.of(
          "generation.temperature",
          ConfigType.number("of at least 0", number -> number >= 0),
          0.0,
          "",
          "0 takes the most probable token; otherwise logits are divided by it.");
  public static final ConfigKey<Integer> N =
      DECLARED.of(
          "generation.n",
          ConfigType.integer(1, 1024),
          1,
          "rows",
          "Completions of each prompt, which is computed once for all of them. With more than one,"
              + " each has random numbers and a row of its own, told apart by the column sample (0"
              + " and on), and generation.temperature must be above 0.");
  public static final ConfigKey<Integer> TOP_K =
      DECLARED.of(
          "generation.top-k",
          ConfigType.integer(0, Integer.MAX_VALUE),
          0,
          "tokens",
          "Keeps the k most probable tokens; 0 keeps all.");
  public static final ConfigKey<Double> TOP_P =
      DECLARED.of(
          "generation.top-p",
          ConfigType.number("above 0 and at most 1", number -> number > 0 && number <= 1),
          1.0,
          "",
          "Keeps the smallest set of tokens whose probability reaches p; 1 keeps all.");
  public static final ConfigKey<Double> MIN_P =
      DECLARED.of(
          "generation.min-p",
          ConfigType.number("between 0 and 1", number -> number >= 0 && number <= 1),
          0.0,
          "",
          "Drops tokens less probable than p times the most probable; 0 drops none.");
  public static final ConfigKey<Double> REPETITION_PENALTY =
      DECLARED.of(
          "generation.repetition-penalty",
          ConfigType.number("between 0.01 and 100", number -> number >= 0.01 && number <= 100),
          1.0,
          "",
          "Divides the logits of the tokens of prompt and answer where they are above 0, and"
              + " multiplies them elsewhere, as Hugging Face does; 1 changes nothing. Like the other"
              + " penalties it comes before temperature and filters.");
  public static final ConfigKey<Double> PRESENCE_PENALTY =
      DECLARED.of(
          "generation.presence-penalty",
          ConfigType.number("between -2 and 2", number -> number >= -2 && number <= 2),
          0.0,
          "",
          "Is taken from the logits of the completion's tokens, as OpenAI defines it; 0 changes"
              + " nothing.");
  public static final ConfigKey<Double> FREQUENCY_PENALTY =
      DECLARED.of(
          "generation.frequency-penalty",
          ConfigType.number("between -2 and 2", number -> number >= -2 && number <= 2),
          0.0,
          "",
          "Is taken from the logits of the completion's tokens, once for each time that they stand"
              + " there, as OpenAI defines it; 0 changes nothing.");
  public static final ConfigKey<Map<Integer, Double>> LOGIT_BIAS =
      DECLARED.of(
          "generation.logit-bias",
          ConfigType.biases(Penalties.MOST_BIASES),
          Map.of(),
          "",
          "Numbers between -100 and 100 by token id, such as { \"15\" = -100 }: each is added to"
              + " that token's logit before any penalty.");
  public static final ConfigKey<Long> SEED =
      DECLARED.of(
          "generation.seed",
          ConfigType.wholeNumber(Long.MIN_VALUE, Long.MAX_VALUE),
          0L,
          "",
          "Seed of the random generator; with the row's key it fixes the answer.");
  public static final ConfigKey<SeedBy> SEED_BY =
      DECLARED.of(
          "generation.seed-by",
          ConfigType.oneOf(SeedBy.class),
          SeedBy.KEY,
          "",
          "What fixes a row's random numbers beside the seed: its key, so that rows with equal"
              + " prompts differ where input.key names their keys, or its prompt's columns.");
  public static final ConfigKey<Integer> MAX_TOKENS =
      DECLARED.of(
          "generation.max-tokens",
          ConfigType.integer(1, Integer.MAX_VALUE),
          128,
          "tokens",
          "The longest completion.");
  public static final ConfigKey<List<String>> STOP =
      DECLARED.of(
          "generation.stop",
          ConfigType.strings(),
          List.of(),
          "",
          "Texts that end a completion; they are not part of it.");
  public static final ConfigKey<List<Integer>> STOP_TOKENS =
      DECLARED.of(
          "generation.stop-tokens",
          ConfigType.integers(0, Integer.MAX_VALUE),
          List.of(),
          "",
          "Token ids that end a completion, beside the model's own end tokens.");
  public static final ConfigKey<String> REGEX =
      DECLARED.optional(
          "generation.regex",
          ConfigType.string(),
          "Every completion of the task complete matches this regular expression from end to end, or"
              + " its row has an error. docs/constraints.md has the dialect. It goes without"
              + " generation.stop, generation.stop-tokens and generation.choices.");
  public static final ConfigKey<List<String>> CHOICES =
      DECLARED.optional(
          "generation.choices",
          ConfigType.strings(),
          "Every completion of the task complete is one of these texts. The task classify chooses"
              + " among labels more surely: it measures each one as a whole.");

  private GenerationKeys() {}
}
