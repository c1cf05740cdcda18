package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.SetAsideShare;
import org.junit.jupiter.api.Test;

class SetAsideBasesTest {
  private final SetAsideBases bases = new SetAsideBases();

  @Test
  void whoComesFirstSetsTheBase() {
    SetAsideShare early = new SetAsideShare(3, 50);
    SetAsideShare late = new SetAsideShare(30, 500);
    assertThat(bases.of("app 1", () -> early)).isEqualTo(early);
    assertThat(bases.of("app 1", () -> late)).isEqualTo(early);
    assertThat(bases.of("app 2", () -> late)).isEqualTo(late);
  }

  @Test
  void whoAsksNoMoreIsForgotten() {
    SetAsideShare first = new SetAsideShare(0, 0);
    SetAsideShare later = new SetAsideShare(1, 1);
    bases.of("gone", () -> first);
    for (int i = 0; i < 1_000; i++) {
      bases.of("app " + i, () -> first);
      bases.of("staying", () -> first);
    }
    assertThat(bases.of("staying", () -> later)).isEqualTo(first);
    assertThat(bases.of("gone", () -> later)).isEqualTo(later);
  }
}
