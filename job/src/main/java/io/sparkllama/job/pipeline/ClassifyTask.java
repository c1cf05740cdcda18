package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Chooses one of the labels for each row.
 *
 * <p>The completion's text is the label and its log-probability the label's log-likelihood; no
 * token is generated, so its {@code completion_tokens} is 0. The parts of a divided document vote:
 * a label's probability is the mean of what it has in each, and so is its log-likelihood.
 */
public record ClassifyTask(
    RowPrompt prompt, List<String> labels, Normalization normalization, OverlongPolicy overlong)
    implements PartTask<ClassifyResult> {

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
  public RowTask in(ChatFormat format) {
    return new ClassifyTask(RowTask.in(prompt, format), labels, normalization, overlong);
  }

  @Override
  public List<StructField> typedFields() {
    return FIELDS;
  }

  @Override
  public CompletableFuture<ClassifyResult> ask(
      EngineCalls engine, RowKey key, Map<String, Object> values) {
    return engine.classify(
        new ClassifyRequest(prompt.render(values), labels, overlong, normalization));
  }

  @Override
  public PromptRoom room(EngineCalls engine) {
    return new LabelRoom(engine, this);
  }

  @Override
  public List<Answer> answers(List<ClassifyResult> parts) {
    int promptTokens = parts.stream().mapToInt(ClassifyResult::promptTokens).sum();
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i).error().isPresent()) {
        RowError error = PartTask.errorOf(parts.get(i).error().get(), i, parts.size());
        return List.of(Answer.failed(promptTokens, error, FIELDS.size()));
      }
    }
    double[] means = mean(parts, ClassifyResult::probabilities);
    int best = parts.size() == 1 ? parts.get(0).best() : mostProbable(means);
    Map<String, Double> probabilities = new LinkedHashMap<>();
    for (int i = 0; i < labels.size(); i++) {
      probabilities.put(labels.get(i), means[i]);
    }
    return List.of(
        new Answer(
            labels.get(best),
            FinishReason.STOP,
            promptTokens,
            0,
            mean(parts, ClassifyResult::logLikelihoods)[best],
            Optional.empty(),
            Arrays.asList(
                labels.get(best),
                means[best],
                // Spark's encoder of rows knows Scala's maps only.
                CollectionConverters.asScala(probabilities))));
  }

  /** Parts are about equally long, so that each has one vote. */
  private double[] mean(List<ClassifyResult> parts, Function<ClassifyResult, double[]> values) {
    double[] means = new double[labels.size()];
    for (ClassifyResult part : parts) {
      for (int i = 0; i < means.length; i++) {
        means[i] += values.apply(part)[i];
      }
    }
    for (int i = 0; i < means.length; i++) {
      means[i] /= parts.size();
    }
    return means;
  }

  private static int mostProbable(double[] probabilities) {
    int best = 0;
    for (int i = 1; i < probabilities.length; i++) {
      best = probabilities[i] > probabilities[best] ? i : best;
    }
    return best;
  }
}
