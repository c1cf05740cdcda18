package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.store.CacheUse;
import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.LocalModelSource;
import io.sparkllama.engine.store.ModelStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheCommandTest {
  @TempDir private Path folder;
  private String cache;
  private LocalModel first;
  private LocalModel second;

  @BeforeEach
  void fillCache() throws IOException {
    cache = folder.resolve("cache").toString();
    first = localize("first.gguf");
    second = localize("second.gguf");
  }

  private LocalModel localize(String name) throws IOException {
    Path file = Files.writeString(folder.resolve(name), name);
    return new ModelStore(Path.of(cache)).localize(new LocalModelSource(file));
  }

  private CommandRun run(String... arguments) {
    List<String> all = new java.util.ArrayList<>(List.of("cache", "--cache-directory", cache));
    all.addAll(List.of(arguments));
    return CommandRun.of(all.toArray(String[]::new));
  }

  @Test
  void listsWhatIsThere() {
    List<JsonNode> models = run("--json").json();

    assertThat(models)
        .extracting(model -> model.get("title").textValue())
        .containsExactlyInAnyOrder("first.gguf", "second.gguf");
    assertThat(models).allMatch(model -> model.get("bytes").longValue() > 9);
    assertThat(models).noneMatch(model -> model.get("used").booleanValue());
    CommandRun text = run();
    assertThat(text.exitCode()).isZero();
    assertThat(text.out().lines()).hasSize(2).allMatch(line -> line.contains(".gguf"));
  }

  @Test
  void aCacheThatIsNotThereIsEmpty() {
    CommandRun run = CommandRun.of("cache", "--cache-directory", folder.resolve("none").toString());
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).isEmpty();
  }

  @Test
  void removesWhatIsNamed() {
    CommandRun run = run("--remove", first.manifest().key().substring(0, 12));

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("removed first.gguf");
    assertThat(first.path()).doesNotExist();
    assertThat(second.path()).exists();
  }

  @Test
  void whatIsInUseStays() {
    try (CacheUse use = CacheUse.of(first)) {
      CommandRun run = run("--remove", first.manifest().key());
      run.assertRefused(1, "A process uses this model", "first.gguf");
      assertThat(run("--json").json())
          .filteredOn(model -> model.get("used").booleanValue())
          .extracting(model -> model.get("title").textValue())
          .containsExactly("first.gguf");
    }
    assertThat(first.path()).exists();
  }

  @Test
  void aNameThatIsNoneOrTooShortIsRefused() {
    run("--remove", "00000000").assertRefused(2, "--remove must name one model");
    run("--remove", "").assertRefused(2, "--remove must name one model");
    run("--remove", first.manifest().key().substring(0, 7)).assertRefused(2, "--remove");
    assertThat(first.path()).exists();
  }
}
