package io.sparkllama.job.config;

import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.chat.BuiltInTemplates;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * Declares every key of a job file. {@code docs/configuration.md} is generated from this list, and
 * a key that does not stand here is refused.
 */
public final class JobKeys {
  /** Holds all keys, in the order of the reference page. */
  static final DeclaredKeys DECLARED = new DeclaredKeys();

  private static final EngineOptions ENGINE = EngineOptions.defaults();

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

  public static final ConfigKey<Double> GENERATION_TEMPERATURE =
      DECLARED.of(
          "generation.temperature",
          ConfigType.number("of at least 0", number -> number >= 0),
          0.0,
          "",
          "0 takes the most probable token; otherwise logits are divided by it.");
  public static final ConfigKey<Integer> GENERATION_N =
      DECLARED.of(
          "generation.n",
          ConfigType.integer(1, 1024),
          1,
          "rows",
          "Completions of each prompt, which is computed once for all of them. With more than one,"
              + " each has random numbers and a row of its own, told apart by the column sample (0"
              + " and on), and generation.temperature must be above 0.");
  public static final ConfigKey<Integer> GENERATION_TOP_K =
      DECLARED.of(
          "generation.top-k",
          ConfigType.integer(0, Integer.MAX_VALUE),
          0,
          "tokens",
          "Keeps the k most probable tokens; 0 keeps all.");
  public static final ConfigKey<Double> GENERATION_TOP_P =
      DECLARED.of(
          "generation.top-p",
          ConfigType.number("above 0 and at most 1", number -> number > 0 && number <= 1),
          1.0,
          "",
          "Keeps the smallest set of tokens whose probability reaches p; 1 keeps all.");
  public static final ConfigKey<Double> GENERATION_MIN_P =
      DECLARED.of(
          "generation.min-p",
          ConfigType.number("between 0 and 1", number -> number >= 0 && number <= 1),
          0.0,
          "",
          "Drops tokens less probable than p times the most probable; 0 drops none.");
  public static final ConfigKey<Double> GENERATION_REPETITION_PENALTY =
      DECLARED.of(
          "generation.repetition-penalty",
          ConfigType.number("between 0.01 and 100", number -> number >= 0.01 && number <= 100),
          1.0,
          "",
          "Divides the logits of the tokens of prompt and answer where they are above 0, and"
              + " multiplies them elsewhere, as Hugging Face does; 1 changes nothing. Like the other"
              + " penalties it comes before temperature and filters.");
  public static final ConfigKey<Double> GENERATION_PRESENCE_PENALTY =
      DECLARED.of(
          "generation.presence-penalty",
          ConfigType.number("between -2 and 2", number -> number >= -2 && number <= 2),
          0.0,
          "",
          "Is taken from the logits of the completion's tokens, as OpenAI defines it; 0 changes"
              + " nothing.");
  public static final ConfigKey<Double> GENERATION_FREQUENCY_PENALTY =
      DECLARED.of(
          "generation.frequency-penalty",
          ConfigType.number("between -2 and 2", number -> number >= -2 && number <= 2),
          0.0,
          "",
          "Is taken from the logits of the completion's tokens, once for each time that they stand"
              + " there, as OpenAI defines it; 0 changes nothing.");
  public static final ConfigKey<Map<Integer, Double>> GENERATION_LOGIT_BIAS =
      DECLARED.of(
          "generation.logit-bias",
          ConfigType.biases(Penalties.MOST_BIASES),
          Map.of(),
          "",
          "Numbers between -100 and 100 by token id, such as { \"15\" = -100 }: each is added to"
              + " that token's logit before any penalty.");
  public static final ConfigKey<Long> GENERATION_SEED =
      DECLARED.of(
          "generation.seed",
          ConfigType.wholeNumber(Long.MIN_VALUE, Long.MAX_VALUE),
          0L,
          "",
          "Seed of the random generator; with the row's key it fixes the answer.");
  public static final ConfigKey<SeedBy> GENERATION_SEED_BY =
      DECLARED.of(
          "generation.seed-by",
          ConfigType.oneOf(SeedBy.class),
          SeedBy.KEY,
          "",
          "What fixes a row's random numbers beside the seed: its key, so that rows with equal"
              + " prompts differ where input.key names their keys, or its prompt's columns.");
  public static final ConfigKey<Integer> GENERATION_MAX_TOKENS =
      DECLARED.of(
          "generation.max-tokens",
          ConfigType.integer(1, Integer.MAX_VALUE),
          128,
          "tokens",
          "The longest completion.");
  public static final ConfigKey<List<String>> GENERATION_STOP =
      DECLARED.of(
          "generation.stop",
          ConfigType.strings(),
          List.of(),
          "",
          "Texts that end a completion; they are not part of it.");
  public static final ConfigKey<List<Integer>> GENERATION_STOP_TOKENS =
      DECLARED.of(
          "generation.stop-tokens",
          ConfigType.integers(0, Integer.MAX_VALUE),
          List.of(),
          "",
          "Token ids that end a completion, beside the model's own end tokens.");

  public static final ConfigKey<String> GENERATION_REGEX =
      DECLARED.optional(
          "generation.regex",
          ConfigType.string(),
          "Every completion of the task complete matches this regular expression from end to end, or"
              + " its row has an error. docs/constraints.md has the dialect. It goes without"
              + " generation.stop, generation.stop-tokens and generation.choices.");
  public static final ConfigKey<List<String>> GENERATION_CHOICES =
      DECLARED.optional(
          "generation.choices",
          ConfigType.strings(),
          "Every completion of the task complete is one of these texts. The task classify chooses"
              + " among labels more surely: it measures each one as a whole.");

  public static final ConfigKey<List<String>> CLASSIFY_LABELS =
      DECLARED.optional("classify.labels", ConfigType.strings(), "The labels, each once.");
  public static final ConfigKey<String> CLASSIFY_LABELS_FILE =
      DECLARED.optional(
          "classify.labels-file",
          ConfigType.string(),
          "A file on the driver with the labels: a JSON list of texts where its name ends in .json,"
              + " else one label a line.");
  public static final ConfigKey<Normalization> CLASSIFY_NORMALIZATION =
      DECLARED.of(
          "classify.normalization",
          ConfigType.oneOf(Normalization.class),
          Normalization.NONE,
          "",
          "What a label's log-likelihood is divided by before the softmax over the labels: nothing,"
              + " or its number of tokens.");
  public static final ConfigKey<String> CLASSIFY_GOLD =
      DECLARED.optional(
          "classify.gold",
          ConfigType.string(),
          "The column with the right label; the summary then states the accuracy over the rows"
              + " where it is not null.");

  public static final ConfigKey<String> SUMMARIZE_COMBINE =
      DECLARED.optional(
          "summarize.combine",
          ConfigType.string(),
          "Template of the prompt that makes one summary of the summaries of a long document's"
              + " parts: {{ summaries }} where they go, one a line. It takes the place of prompt.user"
              + " or of prompt.template, whichever the job has. Without it the job's own prompt gets"
              + " them in the document's place.");

  public static final ConfigKey<String> SCORE_CONTEXT =
      DECLARED.optional(
          "score.context",
          ConfigType.string(),
          "Template of the text before the continuation, for the task score.");
  public static final ConfigKey<String> SCORE_CONTINUATION =
      DECLARED.optional(
          "score.continuation",
          ConfigType.string(),
          "Template of the continuation whose log-likelihood the task score gives.");

  public static final ConfigKey<String> OUTPUT_FORMAT =
      DECLARED.of(
          "output.format", ConfigType.string(), "parquet", "", "Any format that Spark writes.");
  public static final ConfigKey<String> OUTPUT_PATH =
      DECLARED.optional(
          "output.path",
          ConfigType.string(),
          "Where the rows go. Only a format that needs none (such as noop) goes without.");
  public static final ConfigKey<OutputMode> OUTPUT_MODE =
      DECLARED.of(
          "output.mode",
          ConfigType.oneOf(OutputMode.class),
          OutputMode.ERROR,
          "",
          "What happens where the output exists already: the job is refused, it is replaced, or the"
              + " rows that it has not yet are added (resume, for an output of the same job; where"
              + " there is none yet, resume begins one). The format noop takes overwrite alone.");
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
              + " output.mode = resume goes on. With generation.n each has its n rows in the output.");
  public static final ConfigKey<Long> LIMIT_TOKENS =
      DECLARED.optional(
          "limit.tokens",
          ConfigType.wholeNumber(1, Long.MAX_VALUE),
          "Begins no further row once so many tokens were computed, of prompts and completions, and"
              + " stops when the rows under way are done; output.mode = resume goes on.");
  public static final ConfigKey<Double> LIMIT_HOURS =
      DECLARED.optional(
          "limit.hours",
          ConfigType.number("above 0 and at most 1000000", hours -> hours > 0 && hours <= 1e6),
          "Begins no further row after so many hours, such as 0.5, from the first row's reading on,"
              + " and stops when the rows under way are done; output.mode = resume goes on.");

  public static final ConfigKey<Integer> ENGINE_THREADS =
      DECLARED.of(
          "engine.threads",
          ConfigType.integer(0, 4096),
          ENGINE.threads(),
          "threads",
          "Native threads of an executor's engine; 0 takes the cores that Spark gave"
              + " to the executor.");
  public static final ConfigKey<KvCacheType> ENGINE_KV_CACHE_TYPE =
      DECLARED.of(
          "engine.kv-cache-type",
          ConfigType.oneOf(KvCacheType.class),
          ENGINE.kvCacheType(),
          "",
          "How keys and values are stored. This changes answers, as few engine options do.");
  public static final ConfigKey<SizeOrShare> ENGINE_KV_CACHE_MEMORY =
      DECLARED.of(
          "engine.kv-cache-memory",
          ConfigType.sizeOrShare(),
          new SizeOrShare.Size(ENGINE.kvCacheMemory()),
          "bytes",
          "Memory for keys and values. 0 takes what max-sequences whole contexts need, at most"
              + " 1 GiB; where the executor's memory leaves less than that, what it leaves, down to"
              + " one whole context. A share such as 50% is of what that memory leaves beside heap,"
              + " weights, buffers and 256 MiB for Java, and one whole context at least"
              + " (docs/memory.md). Where the cache is less than one whole context, a row that"
              + " needs more gets the error kv-cache-too-small.");
  public static final ConfigKey<Integer> ENGINE_MAX_SEQUENCES =
      DECLARED.of(
          "engine.max-sequences",
          ConfigType.integer(1, 4096),
          ENGINE.maxSequences(),
          "rows",
          "Most rows in one step of the engine.");
  public static final ConfigKey<Integer> ENGINE_MAX_BATCH_TOKENS =
      DECLARED.of(
          "engine.max-batch-tokens",
          ConfigType.integer(1, 65536),
          ENGINE.maxBatchTokens(),
          "tokens",
          "Most tokens in one step of the engine.");
  public static final ConfigKey<Integer> ENGINE_PREFILL_CHUNK =
      DECLARED.of(
          "engine.prefill-chunk",
          ConfigType.integer(1, 65536),
          ENGINE.prefillChunk(),
          "tokens",
          "Most tokens of one row in one step.");
  public static final ConfigKey<Integer> ENGINE_CONTEXT_LENGTH =
      DECLARED.of(
          "engine.context-length",
          ConfigType.integer(0, Integer.MAX_VALUE),
          ENGINE.contextLength(),
          "tokens",
          "Longest prompt and answer together; 0 takes the model's context.");
  public static final ConfigKey<Integer> ENGINE_SLIDING_WINDOW =
      DECLARED.of(
          "engine.sliding-window",
          ConfigType.integer(0, Integer.MAX_VALUE),
          ENGINE.slidingWindow(),
          "tokens",
          "Tokens that attention reaches back over, for a model that was trained so and whose file"
              + " does not say it, such as Mistral 7B v0.1 with 4096. 0 takes what the file says.");
  public static final ConfigKey<Boolean> ENGINE_PREFIX_CACHE =
      DECLARED.of(
          "engine.prefix-cache",
          ConfigType.truth(),
          ENGINE.prefixCache(),
          "",
          "Whether what rows begin with alike is computed once; answers are the same bytes.");
  public static final ConfigKey<InstructionSet> ENGINE_INSTRUCTION_SET =
      DECLARED.of(
          "engine.instruction-set",
          ConfigType.oneOf(InstructionSet.class),
          ENGINE.instructionSet(),
          "",
          "The kernels to use; results are the same bits from each.");
  public static final ConfigKey<String> ENGINE_NATIVE_DIRECTORY =
      DECLARED.optional(
          "engine.native-dir",
          ConfigType.string(),
          "Folder for the native library where the system's temporary folder forbids execution.");
  public static final ConfigKey<Integer> ENGINE_WINDOW =
      DECLARED.of(
          "engine.window",
          ConfigType.integer(0, 1_000_000),
          0,
          "prompts",
          "Prompts that one task keeps in flight, and at most eight times as many rows where equal"
              + " ones share a prompt; each part of a long document counts as one. 0 takes as many"
              + " as have twice engine.max-sequences completions.");

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

  private JobKeys() {}
}
