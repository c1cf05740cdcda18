package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessorTimeTest {
  @Test
  void readsWhatTheKernelCounts() {
    assertThat(ProcessorTime.machine(List.of("cpu  1 20 300 9999 9999 4000 50000 600000 7 8")))
        .isEqualTo(654_321);
    assertThat(ProcessorTime.process("77 (a) b) S 1 2 3 4 5 6 7 8 9 10 120 34 0 0")).isEqualTo(154);
  }

  @Test
  void othersHaveWhatTheProcessHasNot() {
    ProcessorTime begin = new ProcessorTime(0, 1000, 100);

    assertThat(new ProcessorTime(2_000_000_000L, 1400, 300).othersSince(begin)).isEqualTo(1);
    assertThat(new ProcessorTime(2_000_000_000L, 1199, 300).othersSince(begin)).isZero();
  }

  @Test
  void countsThisProcess() throws IOException {
    ProcessorTime now = ProcessorTime.now(ProcessHandle.current().pid());

    assertThat(now.process()).isPositive();
    assertThat(now.machine()).isGreaterThanOrEqualTo(now.process());
  }
}
