package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Chooses one of the labels for each row.
 *
 * <p>The completion's text is the label and its log-probability the label's log-likelihood; no
 * token is generated, so its {@code completion_tokens} is 0.
 */
public record ClassifyTask(
    RowPrompt prompt, List<String> labels, Normalization normalization, OverlongPolicy overlong)
    implements RowTask {

  /** The column with the chosen label. */
  public static final String LABEL = "label";

  private static final List<StructField> FIELDS =
      List.of(
          DataTypes.createStructField(LABEL, DataTypes.StringType, true),
          DataTypes.createStructField("probability", DataTypes.DoubleType, true),
          DataTypes.createStructField(
              "probabilities",
              DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType, false),
              true));

  public ClassifyTask {
    labels = List.copyOf(labels);
  }

  @Override
  public List<RowPrompt> prompts() {
    return List.of(prompt);
  }

  @Override
  public RowTask in(ChatFormat format) {
    return new ClassifyTask(RowTask.in(prompt, format), labels, normalization, overlong);
  }

  @Override
  public List<StructField> typedFields() {
    return FIELDS;
  }

  @Override
  public PendingAnswer<?> submit(EngineCalls engine, RowKey key, Map<String, Object> values) {
    return new PendingAnswer<>(
        engine.classify(
            new ClassifyRequest(prompt.render(values), labels, overlong, normalization)),
        result -> List.of(answer(result)));
  }

  private Answer answer(ClassifyResult result) {
    if (result.error().isPresent()) {
      return Answer.failed(result.promptTokens(), result.error().get(), FIELDS.size());
    }
    int best = result.best();
    Map<String, Double> probabilities = new LinkedHashMap<>();
    for (int i = 0; i < labels.size(); i++) {
      probabilities.put(labels.get(i), result.probabilities()[i]);
    }
    return new Answer(
        labels.get(best),
        FinishReason.STOP,
        result.promptTokens(),
        0,
        result.logLikelihoods()[best],
        Optional.empty(),
        Arrays.asList(
            labels.get(best),
            result.probabilities()[best],
            // Spark's encoder of rows knows Scala's maps only.
            CollectionConverters.asScala(probabilities)));
  }
}
