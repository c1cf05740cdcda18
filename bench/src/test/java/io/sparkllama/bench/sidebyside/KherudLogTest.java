package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KherudLogTest {
  @TempDir private Path folder;

  @Test
  void countsTheTokensOfAllAnswers() throws IOException {
    Path file = folder.resolve("log");
    KherudLog log = new KherudLog(file);
    assertThat(log.tokens()).isEqualTo(new KherudLog.Tokens(0, 0));
    assertThat(log.system()).isEmpty();

    Files.writeString(
        file,
        """
        system_info: n_threads = 2 (n_threads_batch = 2) / 2 | CPU : SSE3 = 1 | AVX2 = 1 |\s
        slot print_timing: id  0 | task 0 |\s
        prompt eval time =     229.82 ms /    11 tokens (   20.89 ms per token,    47.86 tokens per second)
               eval time =     493.83 ms /     8 tokens (   61.73 ms per token,    16.20 tokens per second)
              total time =     723.65 ms /    19 tokens
        prompt eval time =     424.18 ms /    12 tokens (   38.56 ms per token,    25.93 tokens per second)
               eval time =     313.89 ms /     9 tokens (   39.24 ms per token,    25.49 tokens per second)
        """);

    assertThat(log.tokens()).isEqualTo(new KherudLog.Tokens(23, 17));
    assertThat(log.tokens().minus(new KherudLog.Tokens(11, 8)))
        .isEqualTo(new KherudLog.Tokens(12, 9));
    assertThat(log.system()).isEqualTo("SSE3 = 1 | AVX2 = 1");
  }
}
