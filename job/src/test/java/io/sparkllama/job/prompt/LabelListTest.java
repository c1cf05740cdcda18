package io.sparkllama.job.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelListTest {
  @TempDir Path folder;

  @Test
  void readsJsonAndLines() throws Exception {
    assertThat(LabelList.read(file("a.json", "[\"x y\", \"z\"]"))).containsExactly("x y", "z");
    assertThat(LabelList.read(file("a.txt", "x y\r\n\n z \n"))).containsExactly("x y", "z");
  }

  @Test
  void refusesWhatCannotBeChosenFrom() throws Exception {
    refused("a.json", "[\"x\", 3]", "JSON list of texts");
    refused("a.json", "{\"x\": \"y\", \"z\": \"w\"}", "JSON list of texts");
    refused("a.json", "[\"x\",", "no JSON, at line 1");
    refused("a.json", "[\"x\"]", "between 2 and 65536 labels, not 1");
    refused("a.json", "[\"x\", \"\"]", "empty label");
    refused("a.txt", "x\ny\nx", "names a label twice: x");
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> LabelList.read(folder.resolve("none.txt")))
        .withMessageContaining("does not exist");
    Path latin = folder.resolve("latin.txt");
    Files.write(latin, "größe\nx".getBytes(StandardCharsets.ISO_8859_1));
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> LabelList.read(latin))
        .withMessageContaining("UTF-8");
  }

  private void refused(String name, String text, String part) throws Exception {
    Path file = file(name, text);
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> LabelList.read(file))
        .withMessageContaining(part);
  }

  private Path file(String name, String text) throws Exception {
    return Files.writeString(folder.resolve(name), text);
  }
}
