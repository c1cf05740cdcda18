package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class StepStatusPageTest {
  private final ByteBuffer page =
      ByteBuffer.allocate(StepStatusPage.BYTES).order(ByteOrder.LITTLE_ENDIAN);

  @Test
  void rowsAreNamedInSamplingAlone() {
    page.putInt(0, 41).putInt(4, 3).putInt(8, 1).putInt(12, 0).putInt(StepStatusPage.BYTES - 4, 9);
    assertThat(new StepStatusPage(page).rows()).containsExactly(0, 8);
    assertThat(new StepStatusPage(page).description()).isEqualTo("step 41, sampling");
    page.putInt(4, 2);
    assertThat(new StepStatusPage(page).rows()).isEmpty();
    assertThat(new StepStatusPage(page).description()).isEqualTo("step 41, the layers");
  }

  @Test
  void whatAFaultMayHaveWrittenIsNotBelieved() {
    for (int phase : new int[] {-1, 4, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      page.putInt(4, phase).putInt(8, -5);
      assertThat(new StepStatusPage(page).rows()).isEmpty();
      assertThat(new StepStatusPage(page).description()).isEqualTo("no step under way");
    }
  }
}
