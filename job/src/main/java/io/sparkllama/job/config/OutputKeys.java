package io.sparkllama.job.config;

import java.util.List;
import java.util.Map;

/**
 * Declares the keys of a job file below {@code output}, {@code limit} and {@code plan}: what a run
 * leaves, how far it goes, and what it says before.
 */
public final class OutputKeys {
  static final DeclaredKeys DECLARED = new DeclaredKeys();

  public static final ConfigKey<String> OUTPUT_FORMAT =
      DECLARED.of(
          "output.format",
          ConfigType.string(),
          "parquet",
          "",
          "Any format that Spark writes; files and Delta tables are written in batches"
              + " (docs/output.md).");
  public static final ConfigKey<String> OUTPUT_PATH =
      DECLARED.optional(
          "output.path",
          ConfigType.string(),
          "Where the rows go. Only a format that needs none (such as noop) goes without.");
  public static final ConfigKey<OutputMode> OUTPUT_MODE =
      DECLARED.of(
          "output.mode",
          ConfigType.oneOf(OutputMode.class),
          OutputMode.RESUME,
          "",
          "What happens where the output exists already: the job is refused (error), all that is"
              + " there is replaced (overwrite), or the rows that no run has answered yet are added"
              + " (resume; where there is no output yet, it begins one). A format without batches,"
              + " such as jdbc or noop, knows error, its default, and overwrite; noop takes"
              + " overwrite alone.");
  public static final ConfigKey<ChangedOutput> OUTPUT_CHANGED =
      DECLARED.of(
          "output.changed",
          ConfigType.oneOf(ChangedOutput.class),
          ChangedOutput.REFUSE,
          "",
          "What resume does where the output was made with another model, prompt or setting that"
              + " decides answers: the job is refused, or all rows are answered once more, beside"
              + " those that are there (redo). The output's column configuration tells them apart.");
  public static final ConfigKey<Double> OUTPUT_BATCH_MINUTES =
      DECLARED.of(
          "output.batch-minutes",
          ConfigType.number("above 0 and at most 1440", minutes -> minutes > 0 && minutes <= 1440),
          5.0,
          "minutes",
          "About how long a batch of rows takes, which is what a run that is killed may lose. The"
              + " first batch has one file of rows for each task; its rate decides the next.");
  public static final ConfigKey<Long> OUTPUT_BATCH_ROWS =
      DECLARED.optional(
          "output.batch-rows",
          ConfigType.wholeNumber(1, Long.MAX_VALUE),
          "About how many rows of the input a batch has, in place of output.batch-minutes.");
  public static final ConfigKey<Map<String, String>> OUTPUT_OPTIONS =
      DECLARED.of(
          "output.options",
          ConfigType.options(),
          Map.of(),
          "",
          "Options of the format, as Spark documents them.");
  public static final ConfigKey<List<String>> OUTPUT_COLUMNS =
      DECLARED.of(
          "output.columns",
          ConfigType.strings(),
          List.of(),
          "",
          "Input columns that go to the output as they are, after the key.");
  public static final ConfigKey<Integer> OUTPUT_SHOW =
      DECLARED.of(
          "output.show",
          ConfigType.integer(0, 1000),
          0,
          "rows",
          "Prints so many rows of the written output, on standard error, when the job is done.");

  public static final ConfigKey<Long> LIMIT_ROWS =
      DECLARED.optional(
          "limit.rows",
          ConfigType.wholeNumber(1, Long.MAX_VALUE),
          "Answers at most so many rows of the input, the first in the source's order, and stops;"
              + " the same command goes on. With generation.n each has its n rows in the output.");
  public static final ConfigKey<Long> LIMIT_TOKENS =
      DECLARED.optional(
          "limit.tokens",
          ConfigType.wholeNumber(1, Long.MAX_VALUE),
          "Begins no further row once so many tokens were computed, of prompts and completions, and"
              + " stops when the rows under way are done; the same command goes on.");
  public static final ConfigKey<Double> LIMIT_HOURS =
      DECLARED.optional(
          "limit.hours",
          ConfigType.number("above 0 and at most 1000000", hours -> hours > 0 && hours <= 1e6),
          "Begins no further row after so many hours, such as 0.5, from the first row's reading on,"
              + " and stops when the rows under way are done; the same command goes on.");

  public static final ConfigKey<Double> LIMIT_DEAD_LETTERS_PERCENT =
      DECLARED.of(
          "limit.dead-letters-percent",
          ConfigType.number("between 0 and 100", percent -> percent >= 0 && percent <= 100),
          0.1,
          "percent",
          "The run fails where the engine cannot run more of the rows that were taken, and more"
              + " than 20 (docs/dead-letters.md).");

  public static final ConfigKey<Integer> LIMIT_SHUTDOWN_GRACE =
      DECLARED.of(
          "limit.shutdown-grace",
          ConfigType.integer(1, 3600),
          20,
          "seconds",
          "How long a job's process that gets SIGTERM or SIGINT may take to end with 75; then it is"
              + " halted. The open batch is answered again by the same command.");

  public static final ConfigKey<Integer> PLAN_TRIAL_SECONDS =
      DECLARED.of(
          "plan.trial-seconds",
          ConfigType.integer(1, 3600),
          20,
          "seconds",
          "How long the trial of a plan starts further rows of its sample of 2,048 prompts; it ends"
              + " when those under way have their answers.");
  public static final ConfigKey<Boolean> PLAN_BEFORE_RUN =
      DECLARED.of(
          "plan.before-run",
          ConfigType.truth(),
          true,
          "",
          "Whether a run first predicts its tokens and its time, as the command plan does, where"
              + " this costs it little: where the model is asked for 10,240 rows or more, twenty"
              + " times its sample of 512.");

  private OutputKeys() {}
}
