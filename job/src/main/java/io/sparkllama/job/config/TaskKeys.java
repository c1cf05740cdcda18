package io.sparkllama.job.config;

import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import java.util.List;

/**
 * Declares the keys of a job file that belong to one task: {@code classify}, {@code summarize},
 * {@code score}.
 */
public final class TaskKeys {
  static final DeclaredKeys DECLARED = new DeclaredKeys();

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

  private TaskKeys() {}
}
