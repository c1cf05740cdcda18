package io.sparkllama.job.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EngineProgressTest {
  private final EngineProgress progress = new EngineProgress(new EngineGauge(), 10);

  @Test
  void aBatchIsTheMeanSinceItWasLastTold() {
    assertThat(progress.use()).isEmpty();
    progress.tell("1", new EngineLoad(100, 900, 30, 100));
    assertThat(progress.use()).contains(new EngineUse(0.9, 0.3));
    progress.tell("1", new EngineLoad(110, 920, 10, 100));
    assertThat(progress.use()).contains(new EngineUse(0.2, 0.1));
    progress.tell("1", new EngineLoad(110, 920, 0, 100));
    assertThat(progress.use()).contains(new EngineUse(0, 0));
  }

  @Test
  void executorsAddUp() {
    progress.tell("1", new EngineLoad(30, 300, 50, 100));
    progress.tell("2", new EngineLoad(10, 20, 0, 300));
    assertThat(progress.use()).contains(new EngineUse(0.8, 0.125));
  }

  @Test
  void anotherEngineCountsFromItsOwnBegin() {
    progress.tell("1", new EngineLoad(1_000, 10_000, 50, 100));
    progress.tell("1", new EngineLoad(4, 12, 5, 50));
    assertThat(progress.use()).contains(new EngineUse(0.3, 0.1));
  }

  @Test
  void anEngineThatIsNotOpenYetTellsNothing() {
    progress.tell("driver", EngineLoad.NONE);
    assertThat(progress.use()).isEmpty();
  }

  @Test
  void aGaugeKeepsWhatWasToldLast() {
    EngineGauge gauge = new EngineGauge();
    EngineLoad early = new EngineLoad(1, 2, 3, 4);
    EngineLoad late = new EngineLoad(5, 9, 3, 4);
    gauge.add(late);
    EngineGauge other = gauge.copy();
    other.add(early);
    gauge.merge(other);
    assertThat(gauge.value()).isEqualTo(late);
    other.merge(gauge);
    assertThat(other.value()).isEqualTo(late);
    gauge.reset();
    assertThat(gauge.isZero()).isTrue();
    assertThat(other.isZero()).isFalse();
  }
}
