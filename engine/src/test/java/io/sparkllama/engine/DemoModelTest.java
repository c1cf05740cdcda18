package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Compares the demo model's labels with PyTorch's, computed in float64 on 200 held-out tickets by
 * {@code scripts/demo_model/train.py}.
 */
class DemoModelTest {
  private record Golden(
      Prompt prompt, String label, List<String> labels, double[] logLikelihoods) {}

  private static final List<Golden> GOLDEN = new ArrayList<>();

  @BeforeAll
  static void readGolden() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    try (InputStream stream = DemoModelTest.class.getResourceAsStream("/demo_model/golden.jsonl")) {
      String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        JsonNode row = mapper.readTree(line);
        List<String> labels = new ArrayList<>();
        row.get("log_likelihoods").fieldNames().forEachRemaining(labels::add);
        GOLDEN.add(
            new Golden(
                prompt(row.get("instruction").asText(), row.get("text").asText()),
                row.get("label").asText(),
                labels,
                labels.stream()
                    .mapToDouble(label -> row.get("log_likelihoods").get(label).asDouble())
                    .toArray()));
      }
    }
    assertThat(GOLDEN).hasSize(200);
  }

  @Test
  void floatWeightsGivePyTorchsLogLikelihoods() {
    // Sixteen-bit weights are exact here: training rounded them once. What remains is float32
    // arithmetic: log-likelihoods of up to 20 over some 200 tokens agree to a few 1e-5.
    check("tickets-6m.F16.gguf", KvCacheType.F32, 200, 1e-3);
  }

  @Test
  void quantizedWeightsGivePyTorchsLabels() {
    check("tickets-6m.Q8_0.gguf", KvCacheType.F16, 199, 0.02);
  }

  /** A log-likelihood is compared where it is a likely one: in the tail, 8-bit weights move it. */
  private static void check(String file, KvCacheType kvCache, int agreeing, double tolerance) {
    Path model = Path.of(System.getProperty("sparkllama.basedir"), "models", file);
    EngineOptions options = EngineOptions.defaults().withKvCacheType(kvCache);
    int same = 0;
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      List<CompletableFuture<ClassifyResult>> futures =
          GOLDEN.stream().map(golden -> engine.classify(request(golden))).toList();
      for (int i = 0; i < GOLDEN.size(); i++) {
        Golden golden = GOLDEN.get(i);
        ClassifyResult result = futures.get(i).join();
        assertThat(result.error()).isEmpty();
        same += golden.labels().get(result.best()).equals(golden.label()) ? 1 : 0;
        for (int label = 0; label < golden.labels().size(); label++) {
          double expected = golden.logLikelihoods()[label];
          if (tolerance <= 1e-3 || expected > -1) {
            assertThat(result.logLikelihoods()[label]).isCloseTo(expected, within(tolerance));
          }
          assertThat(result.probabilities()[label])
              .isCloseTo(probability(golden, label), within(tolerance));
        }
      }
    }
    assertThat(same).isGreaterThanOrEqualTo(agreeing);
  }

  private static double probability(Golden golden, int label) {
    double sum = 0;
    for (double logLikelihood : golden.logLikelihoods()) {
      sum += Math.exp(logLikelihood);
    }
    return Math.exp(golden.logLikelihoods()[label]) / sum;
  }

  private static ClassifyRequest request(Golden golden) {
    return new ClassifyRequest(
        golden.prompt(), golden.labels(), OverlongPolicy.ERROR, ClassifyRequest.Normalization.NONE);
  }

  private static Prompt prompt(String instruction, String ticket) {
    return new Prompt(
        List.of(
            new Span("<|user|>" + instruction + "\n\n", Origin.TEMPLATE),
            new Span(ticket, Origin.DATA),
            new Span("<|end|><|assistant|>", Origin.TEMPLATE)));
  }
}
