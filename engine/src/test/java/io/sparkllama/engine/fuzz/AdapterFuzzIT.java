package io.sparkllama.engine.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Answers a row with an adapter whose file may be anything. */
@ExtendWith(FuzzerAtHand.class)
class AdapterFuzzIT {
  @TempDir private static Path folder;

  private static HostileFile.Trial trial;

  @BeforeAll
  static void prepare() throws IOException {
    trial = HostileFile.ADAPTER.in(folder);
  }

  @FuzzTest(maxDuration = FuzzerAtHand.DURATION)
  void readsOrRefuses(byte[] input) throws IOException {
    trial.accepts(input);
  }
}
