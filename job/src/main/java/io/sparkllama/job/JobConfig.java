package io.sparkllama.job;

import io.sparkllama.engine.api.BatchLimits;
import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.job.config.AdapterSetting;
import io.sparkllama.job.config.ConfigKey;
import io.sparkllama.job.config.ConfigValues;
import io.sparkllama.job.config.EngineKeys;
import io.sparkllama.job.config.EqualPrompts;
import io.sparkllama.job.config.GenerationKeys;
import io.sparkllama.job.config.JobKeys;
import io.sparkllama.job.config.OutputKeys;
import io.sparkllama.job.config.OverlongPrompt;
import io.sparkllama.job.config.SizeOrShare;
import io.sparkllama.job.config.TaskKeys;
import io.sparkllama.job.config.TaskName;
import io.sparkllama.job.durable.DurableSettings;
import io.sparkllama.job.limit.DeadLetterLimit;
import io.sparkllama.job.limit.RunLimits;
import io.sparkllama.job.pipeline.ClassifyTask;
import io.sparkllama.job.pipeline.CompleteTask;
import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.RowTask;
import io.sparkllama.job.pipeline.ScoreTask;
import io.sparkllama.job.pipeline.SplitTask;
import io.sparkllama.job.pipeline.SummarizeTask;
import io.sparkllama.job.pipeline.TrialLimits;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.plugin.ExecutorDevice;
import io.sparkllama.job.prompt.LabelList;
import io.sparkllama.job.screening.BadRowLimit;
import io.sparkllama.job.sink.SinkSpecification;
import io.sparkllama.job.source.SourceSpecification;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Holds a whole job as its parts need it, checked as far as possible without Spark and model.
 *
 * @param modelSha256 that the model file must have
 * @param adapters that the job takes: one, or those that rows may choose
 * @param badRows how many rows of the input may be set aside
 * @param durable how an output of files is written
 * @param engine its KV cache 0 where that is a share
 * @param kvCacheMemory as the job file says it: only where the engine runs it is known what fits
 * @param spark settings by their full names
 * @param chatTemplate which format conversations have: the model's, a built-in one, or a file
 * @param trial how much a plan may cost
 * @param planBeforeRun whether a long run predicts what it will take
 * @param limits how far the run goes
 * @param date that templates see
 * @param values that all this was made of
 */
public record JobConfig(
    String modelPath,
    Optional<String> modelSha256,
    Optional<Path> modelCacheDirectory,
    List<AdapterSetting> adapters,
    SourceSpecification source,
    PipelineSpecification pipeline,
    SinkSpecification sink,
    BadRowLimit badRows,
    DurableSettings durable,
    EngineOptions engine,
    SizeOrShare kvCacheMemory,
    Map<String, String> spark,
    String chatTemplate,
    TrialLimits trial,
    boolean planBeforeRun,
    RunLimits limits,
    LocalDate date,
    ConfigValues values) {
  /** Holds a mean to a twentieth of the rows' own spread; a short job is tried whole. */
  private static final int SAMPLED_PROMPTS = 2_048;

  private static final double NANOSECONDS_OF_AN_HOUR = 3_600e9;
  private static final double NANOSECONDS_OF_A_MINUTE = 60e9;

  private static final List<ConfigKey<?>> PROMPT_ONLY =
      Stream.concat(
              Stream.of(JobKeys.PROMPT_TEMPLATE, JobKeys.PROMPT_OVERLONG),
              PromptKeys.CONVERSATION.stream())
          .toList();
  private static final List<ConfigKey<?>> GENERATION =
      List.of(
          GenerationKeys.TEMPERATURE,
          GenerationKeys.N,
          GenerationKeys.TOP_K,
          GenerationKeys.TOP_P,
          GenerationKeys.MIN_P,
          GenerationKeys.REPETITION_PENALTY,
          GenerationKeys.PRESENCE_PENALTY,
          GenerationKeys.FREQUENCY_PENALTY,
          GenerationKeys.LOGIT_BIAS,
          GenerationKeys.SEED,
          GenerationKeys.SEED_BY,
          GenerationKeys.MAX_TOKENS,
          GenerationKeys.STOP,
          GenerationKeys.STOP_TOKENS,
          GenerationKeys.REGEX,
          GenerationKeys.CHOICES);
  private static final List<ConfigKey<?>> CLASSIFY =
      List.of(
          TaskKeys.CLASSIFY_LABELS,
          TaskKeys.CLASSIFY_LABELS_FILE,
          TaskKeys.CLASSIFY_NORMALIZATION,
          TaskKeys.CLASSIFY_GOLD);
  private static final List<ConfigKey<?>> SUMMARIZE = List.of(TaskKeys.SUMMARIZE_COMBINE);
  private static final List<ConfigKey<?>> SCORE =
      List.of(TaskKeys.SCORE_CONTEXT, TaskKeys.SCORE_CONTINUATION);

  /**
   * Puts a job together: templates compiled, labels read.
   *
   * @throws InvalidConfigurationException names the key and the remedy
   */
  public static JobConfig of(ConfigValues values) {
    return of(values, LocalDate.now(Clock.systemUTC()));
  }

  /** Returns the same job as it was on another day, unless it names its date. */
  JobConfig on(LocalDate day) {
    return of(values, day);
  }

  private static JobConfig of(ConfigValues given, LocalDate today) {
    LocalDate date = given.optional(JobKeys.PROMPT_DATE).orElse(today);
    ConfigValues values = given.with(JobKeys.PROMPT_DATE, date);
    EngineOptions engine = engine(values);
    List<AdapterSetting> adapters = AdapterKeys.adapters(values);
    engine.device().requireRunsAdapters(adapters.size()); // before they are fetched
    RowTask task = task(values);
    int wanted = values.value(EngineKeys.WINDOW);
    int window =
        wanted == 0
            ? Math.max(2, promptsOf(2 * engine.maxSequences(), task.completions()))
            : wanted;
    return new JobConfig(
        values.value(JobKeys.MODEL_PATH),
        values.optional(JobKeys.MODEL_SHA256),
        values
            .optional(JobKeys.MODEL_CACHE_DIRECTORY)
            .map(text -> path("model.cache-directory", text)),
        adapters,
        new SourceSpecification(
            values.value(JobKeys.INPUT_FORMAT),
            values.optional(JobKeys.INPUT_PATH).orElse(List.of()),
            values.value(JobKeys.INPUT_OPTIONS),
            values.optional(JobKeys.INPUT_KEY).orElse(List.of())),
        new PipelineSpecification(
            task,
            templateKeys(values),
            values.value(OutputKeys.OUTPUT_COLUMNS),
            values.optional(TaskKeys.CLASSIFY_GOLD),
            window,
            spread(values, task),
            AdapterKeys.choice(values)),
        new SinkSpecification(
            values.value(OutputKeys.OUTPUT_FORMAT),
            values.optional(OutputKeys.OUTPUT_PATH),
            values.names(OutputKeys.OUTPUT_MODE)
                ? values.optional(OutputKeys.OUTPUT_MODE)
                : Optional.empty(),
            values.value(OutputKeys.OUTPUT_OPTIONS),
            values.value(OutputKeys.OUTPUT_SHOW)),
        new BadRowLimit(
            values.value(JobKeys.INPUT_BAD_ROWS), values.value(JobKeys.INPUT_BAD_ROWS_PERCENT)),
        new DurableSettings(
            values.value(OutputKeys.OUTPUT_CHANGED),
            minutes(values.value(OutputKeys.OUTPUT_BATCH_MINUTES)),
            whole(values, OutputKeys.OUTPUT_BATCH_ROWS),
            new DeadLetterLimit(values.value(OutputKeys.LIMIT_DEAD_LETTERS_PERCENT))),
        engine,
        values.value(EngineKeys.KV_CACHE_MEMORY),
        values.spark(),
        values.value(JobKeys.PROMPT_CHAT_TEMPLATE),
        new TrialLimits(
            SAMPLED_PROMPTS,
            Math.min(promptsOf(engine.maxSequences(), task.completions()), window),
            values.value(OutputKeys.PLAN_TRIAL_SECONDS)),
        values.value(OutputKeys.PLAN_BEFORE_RUN),
        limits(values),
        date,
        given);
  }

  private static RunLimits limits(ConfigValues values) {
    return new RunLimits(
        whole(values, OutputKeys.LIMIT_ROWS),
        whole(values, OutputKeys.LIMIT_TOKENS),
        values
            .optional(OutputKeys.LIMIT_HOURS)
            .map(hours -> Duration.ofNanos(Math.round(hours * NANOSECONDS_OF_AN_HOUR))));
  }

  private static OptionalLong whole(ConfigValues values, ConfigKey<Long> key) {
    return values.optional(key).stream().mapToLong(Long::longValue).findFirst();
  }

  private static Duration minutes(double minutes) {
    return Duration.ofNanos(Math.round(minutes * NANOSECONDS_OF_A_MINUTE));
  }

  /** Returns how many prompts have so many completions, at least 1. */
  private static int promptsOf(int completions, int each) {
    return (completions + each - 1) / each;
  }

  /**
   * Equal prompts are answered once where their answers are equal: keys may be derived from them.
   */
  private static RowSpread spread(ConfigValues values, RowTask task) {
    boolean equalAnswers = !task.answersDependOnKey() || !values.names(JobKeys.INPUT_KEY);
    return new RowSpread(
        equalAnswers ? values.value(JobKeys.INPUT_EQUAL_PROMPTS) : EqualPrompts.EACH,
        values.value(JobKeys.INPUT_PARTITIONS));
  }

  private static String templateKeys(ConfigValues values) {
    if (values.value(JobKeys.TASK) == TaskName.SCORE) {
      return "score.context or score.continuation";
    }
    String prompt =
        values.names(JobKeys.PROMPT_TEMPLATE)
            ? "prompt.template"
            : "prompt.system, prompt.user or prompt.messages";
    return values.names(TaskKeys.SUMMARIZE_COMBINE) ? prompt + " or summarize.combine" : prompt;
  }

  private static RowTask task(ConfigValues values) {
    return switch (values.value(JobKeys.TASK)) {
      case COMPLETE -> {
        refuse(values, "complete", CLASSIFY, SUMMARIZE, SCORE);
        OverlongPrompt overlong = values.value(JobKeys.PROMPT_OVERLONG);
        CompleteTask complete = complete(values, overlong);
        yield splitting(
            values,
            overlong,
            ConstraintKeys.constraint(values).map(complete::within).orElse(complete));
      }
      case CLASSIFY -> {
        refuse(values, "classify", GENERATION, SUMMARIZE, SCORE);
        OverlongPrompt overlong = values.value(JobKeys.PROMPT_OVERLONG);
        yield splitting(
            values,
            overlong,
            new ClassifyTask(
                PromptKeys.prompt(values),
                labels(values),
                values.value(TaskKeys.CLASSIFY_NORMALIZATION),
                overlong.policy()));
      }
      case SUMMARIZE -> summarize(values);
      case SCORE -> {
        refuse(values, "score", PROMPT_ONLY, GENERATION, CLASSIFY, SUMMARIZE);
        yield new ScoreTask(
            PromptKeys.template(values, TaskKeys.SCORE_CONTEXT),
            PromptKeys.template(values, TaskKeys.SCORE_CONTINUATION));
      }
    };
  }

  private static CompleteTask complete(ConfigValues values, OverlongPrompt overlong) {
    return new CompleteTask(
        PromptKeys.prompt(values),
        sampling(values),
        overlong.policy(),
        values.value(GenerationKeys.SEED_BY),
        completions(values));
  }

  private static RowTask splitting(ConfigValues values, OverlongPrompt overlong, RowTask task) {
    if (overlong != OverlongPrompt.SPLIT) {
      return task;
    }
    refuseMessages(values, "prompt.overlong = split");
    return new SplitTask(task);
  }

  /** Documents are divided unless the job says otherwise; without that it is a completion. */
  private static RowTask summarize(ConfigValues values) {
    List<ConfigKey<?>> others =
        List.of(GenerationKeys.N, GenerationKeys.REGEX, GenerationKeys.CHOICES);
    refuse(values, "summarize", CLASSIFY, SCORE, others);
    OverlongPrompt overlong =
        values.names(JobKeys.PROMPT_OVERLONG)
            ? values.value(JobKeys.PROMPT_OVERLONG)
            : OverlongPrompt.SPLIT;
    CompleteTask each = complete(values, overlong);
    if (overlong == OverlongPrompt.SPLIT) {
      refuseMessages(values, "task = summarize");
      return new SummarizeTask(each, PromptKeys.combination(values, each.prompt()));
    }
    if (values.names(TaskKeys.SUMMARIZE_COMBINE)) {
      throw new InvalidConfigurationException(
          "summarize.combine has no effect where no document is divided: leave it out, or set"
              + " prompt.overlong to split.");
    }
    return each;
  }

  private static void refuseMessages(ConfigValues values, String what) {
    if (values.names(JobKeys.PROMPT_MESSAGES)) {
      throw new InvalidConfigurationException(
          what
              + " divides the text of a column, and prompt.messages has a list of them: write the"
              + " prompt as prompt.user or prompt.template, or set prompt.overlong to error,"
              + " truncate-head, truncate-middle or truncate-tail.");
    }
  }

  @SafeVarargs
  private static void refuse(ConfigValues values, String task, List<ConfigKey<?>>... others) {
    for (List<ConfigKey<?>> keys : others) {
      for (ConfigKey<?> key : keys) {
        if (values.names(key)) {
          throw new InvalidConfigurationException(
              key.path() + " has no effect with task = " + task + "; leave it out.");
        }
      }
    }
  }

  private static List<String> labels(ConfigValues values) {
    Optional<List<String>> given = values.optional(TaskKeys.CLASSIFY_LABELS);
    Optional<String> file = values.optional(TaskKeys.CLASSIFY_LABELS_FILE);
    if (given.isPresent() == file.isPresent()) {
      throw new InvalidConfigurationException(
          "task = classify takes its labels from either classify.labels or classify.labels-file: "
              + (given.isPresent() ? "both are given" : "neither is given"));
    }
    return file.map(text -> LabelList.read(path("classify.labels-file", text)))
        .orElseGet(() -> LabelList.check("classify.labels", given.get()));
  }

  private static int completions(ConfigValues values) {
    int completions = values.value(GenerationKeys.N);
    if (completions > 1 && values.value(GenerationKeys.TEMPERATURE) == 0) {
      throw new InvalidConfigurationException(
          "generation.n asks for several completions of each prompt, and generation.temperature is"
              + " 0, which makes them the same: raise the temperature, or leave generation.n out.");
    }
    return completions;
  }

  private static SamplingParams sampling(ConfigValues values) {
    return new SamplingParams(
        values.value(GenerationKeys.TEMPERATURE),
        values.value(GenerationKeys.TOP_K),
        values.value(GenerationKeys.TOP_P),
        values.value(GenerationKeys.MIN_P),
        values.value(GenerationKeys.SEED),
        values.value(GenerationKeys.MAX_TOKENS),
        values.value(GenerationKeys.STOP),
        values.value(GenerationKeys.STOP_TOKENS),
        new Penalties(
            values.value(GenerationKeys.REPETITION_PENALTY),
            values.value(GenerationKeys.PRESENCE_PENALTY),
            values.value(GenerationKeys.FREQUENCY_PENALTY),
            values.value(GenerationKeys.LOGIT_BIAS)));
  }

  private static EngineOptions engine(ConfigValues values) {
    Device device =
        ExecutorDevice.expected(
            values.value(EngineKeys.DEVICE), JobSession.settings(values.spark()));
    BatchLimits usual = BatchLimits.usual(device);
    return new EngineOptions(
        values.value(EngineKeys.THREADS),
        values.value(EngineKeys.KV_CACHE_TYPE),
        values.value(EngineKeys.KV_CACHE_MEMORY) instanceof SizeOrShare.Size size
            ? size.bytes()
            : 0,
        named(values, EngineKeys.MAX_SEQUENCES, usual.sequences()),
        named(values, EngineKeys.MAX_BATCH_TOKENS, usual.tokens()),
        named(values, EngineKeys.PREFILL_CHUNK, usual.chunk()),
        values.value(EngineKeys.CONTEXT_LENGTH),
        values.value(EngineKeys.SLIDING_WINDOW),
        values.value(EngineKeys.PREFIX_CACHE),
        values.value(EngineKeys.INSTRUCTION_SET),
        device,
        values.value(EngineKeys.ISOLATION),
        values.value(EngineKeys.ISOLATION_TIMEOUT),
        values.optional(EngineKeys.NATIVE_DIRECTORY).map(text -> path("engine.native-dir", text)),
        Optional.empty(), // a job's model lies in a cache, which is its specification's
        List.of()); // and so do adapters
  }

  private static int named(ConfigValues values, ConfigKey<Integer> key, int usual) {
    return values.names(key) ? values.value(key) : usual;
  }

  private static Path path(String key, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException wrong) {
      throw new InvalidConfigurationException(key + " must be a path: " + text, wrong);
    }
  }
}
