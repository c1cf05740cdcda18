package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.store.LocalModelSource;
import io.sparkllama.engine.store.ModelStore;
import io.sparkllama.engine.store.SplitCopy;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs engines on packed files that are damaged, of split models and of the cache's. */
@Timeout(120)
class PackedEngineTest {
  @TempDir private Path folder;
  private Path model;
  private EngineOptions options;

  @BeforeEach
  void setUp() {
    model = SharedData.path("models/stories260K.f32.gguf");
    options = EngineOptions.defaults().withThreads(1).withCacheDirectory(folder);
  }

  private static CompletableFuture<int[]> answer(LlamaEngine engine) {
    return engine
        .generate(
            new GenerationRequest(
                new RowKey(0, 0),
                Prompt.ofTemplate("Once upon a time"),
                SamplingParams.greedy(12),
                OverlongPolicy.ERROR))
        .thenApply(result -> result.tokens());
  }

  private int[] answerOf(Path file) {
    try (LlamaEngine engine = LlamaEngine.open(file, options)) {
      return answer(engine).join();
    }
  }

  private List<Path> packedFiles() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".packed")).toList();
    }
  }

  @Test
  void damageEndsTheEngineAndTheNextPacksAgain() throws Exception {
    int[] expected = answerOf(model);
    Path packed = packedFiles().get(0);
    byte[] whole = Files.readAllBytes(packed);
    Files.setPosixFilePermissions(packed, PosixFilePermissions.fromString("rw-------"));
    try (RandomAccessFile raw = new RandomAccessFile(packed.toFile(), "rw")) {
      raw.seek(whole.length / 2);
      raw.write(whole[whole.length / 2] ^ 16);
    }
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      while (!engine.hasEnded()) {
        Thread.sleep(5);
      }
      assertThatThrownBy(() -> answer(engine).join())
          .hasCauseInstanceOf(EngineFailedException.class)
          .cause()
          .hasMessageContaining("the packed model on this host is damaged")
          .hasMessageContaining(packed.toString())
          .hasMessageContaining("packs it again");
      assertThat(packed).doesNotExist();
      assertThat(answerOf(model)).isEqualTo(expected);
      assertThat(packed).hasBinaryContent(whole);
    }
  }

  @Test
  void aSplitModelAnswersAsTheWhole() throws IOException {
    Path split = SplitCopy.write(model, folder);
    assertThat(answerOf(split)).isEqualTo(answerOf(model));
    assertThat(packedFiles()).hasSize(2);
  }

  private EngineOptions admitted(ModelFile file, List<EngineMemory> asked) {
    asked.add(file.memory(options));
    return options;
  }

  @Test
  void aCachedModelIsPackedInItsHome() throws IOException {
    ModelStore store = new ModelStore(folder.resolve("cache"));
    var local = store.localize(new LocalModelSource(model));
    List<EngineMemory> asked = new ArrayList<>();
    int[] cached;
    try (LlamaEngine engine = LlamaEngine.open(local, file -> admitted(file, asked))) {
      cached = answer(engine).join();
    }
    assertThat(packedFiles()).hasSize(1);
    assertThat(asked).hasSize(1);
    assertThat(asked.get(0).weights()).isEqualTo(Files.size(packedFiles().get(0)));
    assertThat(packedFiles().get(0).startsWith(local.path().getParent())).isTrue();
    assertThat(store.localize(new LocalModelSource(model))).isEqualTo(local);
    assertThat(cached).isEqualTo(answerOf(model));
  }
}
