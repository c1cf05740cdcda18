package io.sparkllama.engine;

import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Makes engines on {@link FakeModel}, requests for them, and the answers that they must give. */
final class FakeEngine {
  static final int CONTEXT = 96;
  static final List<String> LABELS =
      List.of("card", "card lost", "a", "the other in there", "cab", "lost", "abab", "xy");

  static final FakeText TEXT = new FakeText(true);

  private static final List<Penalties> PENALTIES =
      List.of(
          Penalties.NONE,
          new Penalties(1.5, 0, 0, Map.of()),
          new Penalties(1, 1.5, 0.5, Map.of(9, 2.0)),
          Penalties.NONE,
          new Penalties(0.9, -1, 0.25, Map.of(30, -100.0, 2, 1.5)));

  record Shape(int sequences, int tokens, int chunk, int groups, int blocks) {}

  /** Batches of every kind: one by one, mixed, and pools that hold hardly more than one context. */
  static final List<Shape> SHAPES =
      List.of(
          new Shape(64, 512, 512, 1, 2000),
          new Shape(1, 1, 1, 1, 26),
          new Shape(1, 512, 16, 2, 26),
          new Shape(3, 7, 2, 1, 26),
          new Shape(3, 64, 16, 2, 40),
          new Shape(64, 32, 1, 1, 60),
          new Shape(64, 512, 512, 2, 30),
          new Shape(64, 100, 16, 1, 27));

  static LlamaEngine engine(Shape shape) {
    return engine(shape, FakeModel.VOCABULARY * shape.sequences());
  }

  /** Makes an engine whose steps have room for so many adjustments. */
  static LlamaEngine engine(Shape shape, int adjustments) {
    EngineOptions options =
        EngineOptions.defaults().withBatchLimits(shape.sequences(), shape.tokens(), shape.chunk());
    return LlamaEngine.on(
        TEXT,
        CONTEXT,
        options,
        new FakeModelRunner(options, CONTEXT, shape.groups(), shape.blocks())
            .withAdjustments(adjustments));
  }

  /** Makes an engine whose runner may be lost. */
  static LlamaEngine engine(Shape shape, FakeFaults faults) {
    EngineOptions options =
        EngineOptions.defaults().withBatchLimits(shape.sequences(), shape.tokens(), shape.chunk());
    return LlamaEngine.on(
        TEXT,
        CONTEXT,
        options,
        new FakeModelRunner(options, CONTEXT, shape.groups(), shape.blocks()).losing(faults));
  }

  static LlamaEngine engine() {
    return engine(SHAPES.get(0));
  }

  static GenerationRequest request(String prompt, SamplingParams sampling) {
    return new GenerationRequest(
        new RowKey(prompt.hashCode(), prompt.length()),
        Prompt.ofData(prompt),
        sampling,
        OverlongPolicy.ERROR);
  }

  static SamplingParams sampling(double temperature, int maxTokens, String... stops) {
    return new SamplingParams(temperature, 0, 1, 0, 7, maxTokens, List.of(stops), List.of());
  }

  static List<GenerationRequest> requests(int count) {
    Random random = new Random(42);
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StringBuilder prompt = new StringBuilder();
      for (int length = random.nextInt(70); length > 0; length--) {
        prompt.append((char) ('a' + random.nextInt(26)));
      }
      double temperature = i % 2 == 0 ? 0 : 0.8;
      String[] stops = i % 3 == 0 ? new String[] {"q", "zz"} : new String[0];
      requests.add(
          request(
              prompt.toString(),
              sampling(temperature, 1 + random.nextInt(40), stops)
                  .withPenalties(PENALTIES.get(i % PENALTIES.size()))));
    }
    return requests;
  }

  /** Generates without engine, cache or batch. */
  static GenerationResult directly(GenerationRequest request) {
    SamplingParams sampling = request.sampling();
    SamplingKey key = SamplingKey.of(sampling.seed(), request.rowKey(), 0);
    int[] prompt = TEXT.encodeWithBos(request.prompt());
    int[] all = Arrays.copyOf(prompt, CONTEXT + 1);
    int length = prompt.length;
    StringBuilder answer = new StringBuilder();
    double logProbability = 0;
    FinishReason reason = FinishReason.LENGTH;
    while (length < CONTEXT && length - prompt.length < sampling.maxTokens()) {
      double[] logits = FakeModel.logits(FakeModel.state(all, length));
      penalize(logits, sampling.penalties(), Arrays.copyOf(all, length), prompt.length);
      float temperature = (float) sampling.temperature();
      int id = FakeModel.sample(logits, temperature, key.first(), key.second(), length - 1);
      logProbability += (float) (logits[id] - FakeModel.logSumExp(logits));
      all[length++] = id;
      if (id == FakeModel.EOS) {
        reason = FinishReason.STOP;
        break;
      }
      answer.append(FakeText.piece(id));
      int cut =
          sampling.stopStrings().stream()
              .mapToInt(answer::indexOf)
              .filter(at -> at >= 0)
              .min()
              .orElse(-1);
      if (cut >= 0) {
        answer.setLength(cut);
        reason = FinishReason.STOP;
        break;
      }
    }
    return new GenerationResult(
        answer.toString(),
        java.util.Optional.empty(),
        Arrays.copyOfRange(all, prompt.length, length),
        reason,
        prompt.length,
        logProbability,
        java.util.Optional.empty());
  }

  /** Changes logits by the definitions, from all tokens so far. */
  private static void penalize(double[] logits, Penalties penalties, int[] tokens, int prompt) {
    penalties.logitBias().forEach((id, bias) -> logits[id] += bias.floatValue());
    float repetition = (float) penalties.repetition();
    for (int id = 0; id < logits.length; id++) {
      int token = id;
      long inAnswer = Arrays.stream(tokens).skip(prompt).filter(each -> each == token).count();
      if (Arrays.stream(tokens).anyMatch(each -> each == token)) {
        logits[id] = logits[id] > 0 ? logits[id] / repetition : logits[id] * repetition;
      }
      logits[id] -= inAnswer * (float) penalties.frequency();
      logits[id] -= inAnswer > 0 ? (float) penalties.presence() : 0;
    }
  }

  /** Sums the log-likelihood of ids after others without engine, cache or batch. */
  static double directly(int[] context, int[] continuation) {
    int[] all = Arrays.copyOf(context, context.length + continuation.length);
    System.arraycopy(continuation, 0, all, context.length, continuation.length);
    double sum = 0;
    for (int i = context.length; i < all.length; i++) {
      double[] logits = FakeModel.logits(FakeModel.state(all, i));
      sum += (float) (logits[all[i]] - FakeModel.logSumExp(logits));
    }
    return sum;
  }

  static int[] append(int[] ids, int id) {
    int[] longer = Arrays.copyOf(ids, ids.length + 1);
    longer[ids.length] = id;
    return longer;
  }

  static ClassifyRequest classification(String prompt, List<String> labels) {
    return new ClassifyRequest(
        Prompt.ofData(prompt), labels, OverlongPolicy.ERROR, Normalization.NONE);
  }

  private FakeEngine() {}
}
