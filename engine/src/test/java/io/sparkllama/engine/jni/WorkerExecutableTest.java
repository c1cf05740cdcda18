package io.sparkllama.engine.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerExecutableTest {
  @TempDir Path folder;

  @Test
  void aFolderWithTheLibraryAloneIsRefused() throws IOException {
    Path library = Files.createFile(folder.resolve(NativeLibrary.FILE_NAME));
    assertThatThrownBy(() -> WorkerExecutable.find(Optional.of(folder)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("put sparkllama-worker of the same build beside it")
        .hasMessageContaining("set engine.isolation to none")
        .hasMessageEndingWith(library.toString());
    Path worker = Files.createFile(folder.resolve(WorkerExecutable.FILE_NAME));
    try (WorkerExecutable found = WorkerExecutable.find(Optional.of(folder))) {
      assertThat(found.path()).isEqualTo(worker.toAbsolutePath());
    }
    assertThat(worker).exists();
  }

  /** As in a read-only image. */
  @Test
  void whereItCannotBeWrittenTheSentenceNamesTheWaysOut() {
    assertThatThrownBy(() -> WorkerExecutable.find(Optional.of(Path.of("/proc"))))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.native-dir")
        .hasMessageContaining("holds sparkllama-worker and libsparkllama.so")
        .hasMessageContaining("set engine.isolation to none");
  }
}
