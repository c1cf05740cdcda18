package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.EngineOptions;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WorkerSettingsTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults();

  @Test
  void aStartHasTenMinutes() {
    assertThat(setup(OPTIONS, 0)).isEqualTo(Duration.ofMinutes(10));
    assertThat(setup(OPTIONS, 12_000_000_000L)).isEqualTo(Duration.ofMinutes(10));
  }

  @Test
  void aLargeModelHasTheTimeThatSlowStorageTakes() {
    assertThat(setup(OPTIONS, 75_000_000_000L)).isEqualTo(Duration.ofSeconds(3750));
  }

  @Test
  void aLongerPatienceIsThatOfAStart() {
    EngineOptions patient = OPTIONS.withIsolationTimeout(7200);
    assertThat(setup(patient, 75_000_000_000L)).isEqualTo(Duration.ofHours(2));
    assertThat(WorkerSettings.of(patient, 0).patience()).isEqualTo(Duration.ofHours(2));
  }

  private static Duration setup(EngineOptions options, long packedBytes) {
    return WorkerSettings.of(options, packedBytes).setupPatience();
  }
}
