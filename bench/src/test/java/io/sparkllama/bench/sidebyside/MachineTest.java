package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MachineTest {
  @Test
  void readsTheProcessorsNameAndTheMemory() {
    assertThat(
            Machine.of(
                List.of("processor\t: 0", "model name\t: A Processor: 2 GHz", "model name\t: B"),
                List.of("MemTotal:       24683968 kB", "MemFree: 1 kB"),
                2,
                "17"))
        .isEqualTo(new Machine("A Processor: 2 GHz", 2, 24_683_968L * 1024, "17"));
  }

  @Test
  void processorsWithoutANameAreUnknown() {
    assertThat(Machine.of(List.of(), List.of(), 4, "17").processor()).contains("unknown");
  }
}
