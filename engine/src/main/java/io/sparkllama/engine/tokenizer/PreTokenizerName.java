package io.sparkllama.engine.tokenizer;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Says what a name in {@code tokenizer.ggml.pre} stands for: how text is cut into words, and what
 * else the maker of those tokenizers does that files do not say.
 *
 * @param preTokenizer cuts text into words
 * @param habits what else the maker does
 */
public record PreTokenizerName(PreTokenizer preTokenizer, Set<Habit> habits) {
  private static final Map<String, PreTokenizerName> NAMES = new LinkedHashMap<>();

  /** What makers do beside cutting words. */
  public enum Habit {
    /** A word that is itself a token becomes that token without any merging. */
    WHOLE_WORDS("whole-words"),
    /** Texts begin with the begin token unless the file says otherwise. */
    BEGIN_TOKEN("begin-token"),
    /** Text is brought into Unicode's normalization form C. */
    FORM_C("form-c");

    private final String id;

    Habit(String id) {
      this.id = id;
    }

    /** Returns the name that stands in files. */
    public String id() {
      return id;
    }
  }

  static {
    add(PreTokenizer.DEFAULT, Set.of(), "default");
    add(
        PreTokenizer.LLAMA3,
        EnumSet.of(Habit.WHOLE_WORDS, Habit.BEGIN_TOKEN),
        "llama-bpe",
        "llama3",
        "llama-v3",
        "falcon3",
        "lfm2",
        "midm-2.0");
    add(PreTokenizer.LLAMA3, Set.of(), "dbrx", "smaug-bpe", "chatglm-bpe");
    add(PreTokenizer.LLAMA3, EnumSet.of(Habit.WHOLE_WORDS), "glm4", "glm5");
    add(PreTokenizer.QWEN2, EnumSet.of(Habit.FORM_C), "qwen2", "stablelm2");
    add(
        PreTokenizer.QWEN2,
        Set.of(),
        "deepseek-r1-qwen",
        "grok-2",
        "hunyuan",
        "kormo",
        "megrez",
        "solar-open");
    add(PreTokenizer.QWEN35, EnumSet.of(Habit.FORM_C), "qwen35");
    add(PreTokenizer.MINICPM5, EnumSet.of(Habit.WHOLE_WORDS), "minicpm5");
    add(PreTokenizer.SEED_CODER, Set.of(), "seed-coder");
    add(PreTokenizer.GPT2, EnumSet.of(Habit.FORM_C), "mpt", "olmo");
    add(
        PreTokenizer.GPT2,
        Set.of(),
        "gpt-2",
        "phi-2",
        "a.x-4.0",
        "exaone4",
        "gigachat",
        "granite-docling",
        "jais",
        "mellum",
        "trillion");
    add(PreTokenizer.STARCODER, EnumSet.of(Habit.FORM_C), "command-r");
    add(
        PreTokenizer.STARCODER,
        Set.of(),
        "starcoder",
        "refact",
        "smollm",
        "codeshell",
        "exaone",
        "mellum2",
        "minerva-7b");
    add(PreTokenizer.FALCON, Set.of(), "falcon");
    add(PreTokenizer.GPT4O, Set.of(), "gpt-4o", "llama4", "kanana2", "minimax-m2", "talkie");
    add(PreTokenizer.TEKKEN, EnumSet.of(Habit.WHOLE_WORDS, Habit.BEGIN_TOKEN), "tekken", "pixtral");
    add(PreTokenizer.DEEPSEEK_LLM, Set.of(), "deepseek-llm");
    add(PreTokenizer.DEEPSEEK_CODER, Set.of(), "deepseek-coder");
    add(PreTokenizer.DEEPSEEK_V3, Set.of(), "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4");
  }

  private static void add(PreTokenizer preTokenizer, Set<Habit> habits, String... names) {
    PreTokenizerName meaning = new PreTokenizerName(preTokenizer, Set.copyOf(habits));
    Arrays.stream(names).forEach(name -> NAMES.put(name, meaning));
  }

  /** Returns what a name in a file stands for. */
  public static Optional<PreTokenizerName> of(String name) {
    return Optional.ofNullable(NAMES.get(name));
  }

  /** Returns the names that files may use, with what they stand for. */
  public static Map<String, PreTokenizerName> all() {
    return Map.copyOf(NAMES);
  }

  /** Returns the names that files may use, for messages. */
  static String supportedNames() {
    return NAMES.keySet().stream().sorted().collect(Collectors.joining(", "));
  }

  boolean has(Habit habit) {
    return habits.contains(habit);
  }
}
