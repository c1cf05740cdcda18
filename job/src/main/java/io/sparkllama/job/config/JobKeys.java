package io.sparkllama.job.config;

import io.sparkllama.engine.chat.BuiltInTemplates;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * Declares the keys of a job file that say what is done with which rows: its task, model, input and
 * prompt.
 */
public final class JobKeys {
  static final DeclaredKeys DECLARED = new DeclaredKeys();

  public static final ConfigKey<TaskName> TASK =
      DECLARED.required(
          "task",
          ConfigType.oneOf(TaskName.class),
          "What the job does with each row: writes a completion, chooses one of the labels,"
              + " writes a summary, however long the document is, or scores a given continuation.");

  public static final ConfigKey<String> MODEL_PATH =
      DECLARED.required(
          "model.path",
          ConfigType.string(),
          "The GGUF file, local or any path that Hadoop reads; of a split model its first file.");
  public static final ConfigKey<String> MODEL_SHA256 =
      DECLARED.optional(
          "model.sha256",
          ConfigType.string(),
          "The SHA-256 that the model file must have, in hexadecimal. Without it, what"
              + " the driver finds there is taken, and every host is held to it.");
  public static final ConfigKey<String> MODEL_CACHE_DIRECTORY =
      DECLARED.optional(
          "model.cache-directory",
          ConfigType.string(),
          "Folder on each host where the model is kept for all executors, with room for about twice"
              + " its size: the copy, and its weights as the kernels read them. Without it, spark-llama"
              + " below $XDG_CACHE_HOME or else ~/.cache, or /var/tmp/spark-llama-USER, the first that"
              + " can be written to.");
  public static final ConfigKey<ModelDistribution> MODEL_DISTRIBUTION =
      DECLARED.of(
          "model.distribution",
          ConfigType.oneOf(ModelDistribution.class),
          ModelDistribution.AUTO,
          "",
          "How the model and its adapters come to each host of a cluster: read from their paths"
              + " (storage), or sent by the driver in chunks that hosts pass on to each other"
              + " (broadcast). auto reads a path of shared storage, and a local one on each host"
              + " that has the file there; the other hosts get it from the driver"
              + " (docs/model-distribution.md).");

  public static final ConfigKey<List<AdapterSetting>> MODEL_ADAPTERS =
      DECLARED.of(
          "model.adapters",
          ConfigType.adapters(),
          List.of(),
          "",
          "LoRA adapters of the model in GGUF: [{ name = formal, path = \"/models/formal.gguf\" }],"
              + " with scale, which multiplies what the adapter changes, and sha256 where wanted.");
  public static final ConfigKey<String> MODEL_ADAPTER =
      DECLARED.optional(
          "model.adapter",
          ConfigType.string(),
          "The adapter that all rows take, by its name. Without it, and without"
              + " prompt.adapter-column, they take the model as it is.");

  public static final ConfigKey<String> INPUT_FORMAT =
      DECLARED.of(
          "input.format", ConfigType.string(), "parquet", "", "Any format that Spark reads.");
  public static final ConfigKey<List<String>> INPUT_PATH =
      DECLARED.optional(
          "input.path",
          ConfigType.strings(),
          "One path or several. Only a format that needs none (such as jdbc) goes without.");
  public static final ConfigKey<Map<String, String>> INPUT_OPTIONS =
      DECLARED.of(
          "input.options",
          ConfigType.options(),
          Map.of(),
          "",
          "Options of the format, as Spark documents them.");
  public static final ConfigKey<List<String>> INPUT_KEY =
      DECLARED.optional(
          "input.key",
          ConfigType.strings(),
          "The columns that identify a row; they stand first in the output, must not be null, and"
              + " must differ from row to row. Without it, a column key of 32 hexadecimal digits"
              + " is derived from the prompt's input columns; equal rows then have equal keys.");
  public static final ConfigKey<BadRows> INPUT_BAD_ROWS =
      DECLARED.of(
          "input.bad-rows",
          ConfigType.oneOf(BadRows.class),
          BadRows.SET_ASIDE,
          "",
          "What happens to rows that cannot be taken: records that do not parse, null keys, one key"
              + " with several contents, and keys that were taken before with other contents. They"
              + " are listed beside the output and the others are answered, or the job is refused."
              + " Outputs without a path always refuse.");
  public static final ConfigKey<Double> INPUT_BAD_ROWS_PERCENT =
      DECLARED.of(
          "input.bad-rows-percent",
          ConfigType.number("between 0 and 100", percent -> percent >= 0 && percent <= 100),
          0.1,
          "percent",
          "With input.bad-rows = set-aside, the job is refused where more of the rows read are set"
              + " aside, and more than 20.");
  public static final ConfigKey<Integer> INPUT_PARTITIONS =
      DECLARED.of(
          "input.partitions",
          ConfigType.integer(0, 1_000_000),
          0,
          "partitions",
          "Spreads the rows over so many partitions. 0 leaves them as the source gives them or,"
              + " where equal prompts are brought together, takes one for each core of the"
              + " executors, and more from 2,000 rows a partition on.");
  public static final ConfigKey<EqualPrompts> INPUT_EQUAL_PROMPTS =
      DECLARED.of(
          "input.equal-prompts",
          ConfigType.oneOf(EqualPrompts.class),
          EqualPrompts.ONCE,
          "",
          "Rows that are equal in all columns of the prompt: the model answers one of them for all"
              + " (once), or each. Once brings them together, which orders the rows anew. Rows that"
              + " sample each by their own keys (generation.seed-by) are always"
              + " answered each, in the source's order.");

  public static final ConfigKey<String> PROMPT_TEMPLATE =
      DECLARED.optional(
          "prompt.template",
          ConfigType.string(),
          "The prompt of the tasks complete, classify and summarize as one text, in Jinja:"
              + " {{ column }} where a column's value goes. For a conversation there are prompt.user and"
              + " prompt.messages instead.");
  public static final ConfigKey<String> PROMPT_SYSTEM =
      DECLARED.optional(
          "prompt.system",
          ConfigType.string(),
          "Template of the system message of a conversation, in the format of the model.");
  public static final ConfigKey<String> PROMPT_USER =
      DECLARED.optional(
          "prompt.user",
          ConfigType.string(),
          "Template of the user's message of a conversation, in the format of the model. It comes"
              + " last.");
  public static final ConfigKey<String> PROMPT_MESSAGES =
      DECLARED.optional(
          "prompt.messages",
          ConfigType.string(),
          "A column with a list of messages, each a struct or map with role and content, and what"
              + " else the chat template knows (tool_calls, name).");
  public static final ConfigKey<String> PROMPT_TOOLS =
      DECLARED.optional(
          "prompt.tools",
          ConfigType.string(),
          "The tools of a conversation: a JSON list as a text, or the path of a file on the driver"
              + " with one.");
  public static final ConfigKey<Map<String, Object>> PROMPT_TEMPLATE_ARGUMENTS =
      DECLARED.of(
          "prompt.template-arguments",
          ConfigType.values(),
          Map.of(),
          "",
          "Further variables of the chat template, such as { enable_thinking = false }.");
  public static final ConfigKey<String> PROMPT_CHAT_TEMPLATE =
      DECLARED.of(
          "prompt.chat-template",
          ConfigType.string(),
          "model",
          "",
          "The format of conversations: the one that the model's file carries (model), a built-in"
              + " one ("
              + String.join(", ", BuiltInTemplates.names())
              + "), or the path of a file on the driver.");
  public static final ConfigKey<LocalDate> PROMPT_DATE =
      DECLARED.optional(
          "prompt.date",
          ConfigType.date(),
          "The date that templates see, such as 2026-01-31; without it the day on which the job"
              + " starts (UTC). Name it where a job that is run again must give the same bytes with"
              + " a template that writes the date.");
  public static final ConfigKey<String> PROMPT_ADAPTER_COLUMN =
      DECLARED.optional(
          "prompt.adapter-column",
          ConfigType.string(),
          "A column with the name of the adapter that a row takes, one of model.adapters; null"
              + " takes the model as it is, and any other name is the row's error.");
  public static final ConfigKey<OverlongPrompt> PROMPT_OVERLONG =
      DECLARED.of(
          "prompt.overlong",
          ConfigType.oneOf(OverlongPrompt.class),
          OverlongPrompt.ERROR,
          "",
          "What happens to a prompt that is longer than the context allows: the row's error column"
              + " says so (error), the longest column's text is divided into parts that are each"
              + " answered (split), or it is cut at its beginning, in its middle or at its end. The"
              + " task summarize splits where the key is not given; the task score always gives the"
              + " error.");

  private JobKeys() {}
}
