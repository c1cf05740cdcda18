package io.sparkllama.job.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.config.SizeOrShare;
import org.junit.jupiter.api.Test;

/**
 * Holds that a cache fits where it can, and that a row never lacks room by the machine's choice.
 */
class KvCacheFitTest {
  private static final long CONTEXT = 100;
  private static final long USUAL = 1_000;
  private static final SizeOrShare UNSAID = new SizeOrShare.Size(0);

  private static long bytes(SizeOrShare wanted, long spare) {
    return new KvCacheFit(USUAL, CONTEXT).bytes(wanted, spare + KvCacheFit.BESIDE_HEAP);
  }

  @Test
  void whatNobodyHasSizedLiesBetweenOneContextAndTheUsual() {
    assertThat(bytes(UNSAID, Long.MAX_VALUE / 2)).isEqualTo(USUAL);
    assertThat(bytes(UNSAID, USUAL)).isEqualTo(USUAL);
    assertThat(bytes(UNSAID, USUAL - 1)).isEqualTo(USUAL - 1);
    assertThat(bytes(UNSAID, CONTEXT + 1)).isEqualTo(CONTEXT + 1);
    assertThat(bytes(UNSAID, CONTEXT - 1)).isEqualTo(CONTEXT);
    assertThat(bytes(UNSAID, -5_000)).isEqualTo(CONTEXT);
  }

  /** Else the longest row that is answered would depend on the container. */
  @Test
  void aContextLongerThanTheUsualIsNotFitted() {
    for (long spare : new long[] {-1, 500, 1_000, 100_000}) {
      assertThat(new KvCacheFit(USUAL, 2 * USUAL).bytes(UNSAID, spare + KvCacheFit.BESIDE_HEAP))
          .isEqualTo(USUAL);
    }
  }

  @Test
  void aShareIsOneContextAtLeast() {
    SizeOrShare half = new SizeOrShare.Share(50);
    assertThat(bytes(half, 10_000)).isEqualTo(5_000);
    assertThat(bytes(half, 2 * CONTEXT - 2)).isEqualTo(CONTEXT);
    assertThat(bytes(half, -7)).isEqualTo(CONTEXT);
    assertThat(bytes(new SizeOrShare.Share(100), 10_000)).isEqualTo(10_000);
    assertThat(bytes(new SizeOrShare.Share(0.01), 1_000_000_000)).isEqualTo(100_000);
  }

  @Test
  void bytesThatAreGivenStay() {
    assertThat(bytes(new SizeOrShare.Size(7), 1)).isEqualTo(7);
    assertThat(bytes(new SizeOrShare.Size(1L << 50), 1)).isEqualTo(1L << 50);
  }
}
