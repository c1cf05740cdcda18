package io.sparkllama.engine;

import static io.sparkllama.engine.FakeEngine.CONTEXT;
import static io.sparkllama.engine.FakeEngine.TEXT;
import static io.sparkllama.engine.FakeEngine.request;
import static io.sparkllama.engine.FakeEngine.sampling;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Holds what an engine tells of its steps to what was asked of it. */
@Timeout(60)
class EngineStatisticsTest {
  private static final int BLOCKS = 100;

  private static LlamaEngine engine(int chunk) {
    return engine(chunk, CompletableFuture.completedFuture(null));
  }

  private static LlamaEngine engine(int chunk, CompletableFuture<Void> gate) {
    EngineOptions options = EngineOptions.defaults().withBatchLimits(16, 512, chunk);
    return LlamaEngine.on(
        TEXT, CONTEXT, options, new FakeModelRunner(options, CONTEXT, 1, BLOCKS).behind(gate));
  }

  private static EngineStatistics settled(LlamaEngine engine) {
    EngineStatistics now = engine.statistics();
    while (now.running() + now.waiting() > 0 || now.times().completion() == 0) {
      Thread.onSpinWait();
      now = engine.statistics();
    }
    return now;
  }

  @Test
  void anEngineThatHasDoneNothingTellsNothing() {
    try (LlamaEngine engine = engine(512)) {
      assertThat(engine.statistics()).isEqualTo(EngineStatistics.NONE);
    }
  }

  @Test
  void aSequenceAlone() {
    try (LlamaEngine engine = engine(16)) {
      GenerationResult answer = engine.generate(request("a".repeat(40), sampling(0, 9))).join();
      EngineStatistics now = settled(engine);

      assertThat(answer.tokens()).hasSize(9);
      int prompt = answer.promptTokens();
      assertThat(now.computedTokens()).isEqualTo(prompt + 8); // the last one sampled is not run
      assertThat(now.decodedTokens()).isEqualTo(8);
      assertThat(now.steps()).isEqualTo((prompt + 15) / 16 + 8);
      assertThat(now.occupancy()).isEqualTo(new Occupancy(now.steps(), 1, 0, BLOCKS));
      assertThat(now.times().schedule()).isPositive();
      assertThat(now.times().runner()).isPositive();
      assertThat(now.times().completion()).isPositive();
    }
  }

  @Test
  void sequencesTogether() {
    CompletableFuture<Void> gate = new CompletableFuture<>();
    try (LlamaEngine engine = engine(512, gate)) {
      List<EngineStatistics> seen = new ArrayList<>();
      List<CompletableFuture<GenerationResult>> answers = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        CompletableFuture<GenerationResult> answer =
            engine.generate(request("b".repeat(20 + i), sampling(0, 30)));
        // On the engine's thread, while the request holds its blocks, of four tokens here. What
        // requests begin with alike they share.
        answers.add(answer.whenComplete((result, problem) -> seen.add(engine.statistics())));
      }
      gate.complete(null);
      answers.forEach(CompletableFuture::join);
      EngineStatistics now = settled(engine);

      assertThat(now.decodedTokens()).isEqualTo(5 * 29);
      assertThat(now.occupancy().stepSequences())
          .isEqualTo(now.decodedTokens() + 5); // each prompt is one chunk
      assertThat(now.occupancy().usedBlocks()).isZero();
      assertThat(seen)
          .hasSize(5)
          .allSatisfy(then -> assertThat(then.occupancy().usedBlocks()).isBetween(13, 5 * 14))
          .allSatisfy(then -> assertThat(then.occupancy().lastSequences()).isBetween(1, 5));
    }
  }
}
