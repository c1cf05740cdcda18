package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.Prompt;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lets many threads use one tokenizer at once. */
class SharedTokenizerThreadsTest {
  @ParameterizedTest
  @ValueSource(strings = {"llama-spm", "qwen2"})
  void everyThreadGetsTheIdsOfOne(String name) throws IOException {
    Tokenizer tokenizer = SharedTokenizers.vocabulary(name);
    List<String> lines =
        Files.readAllLines(SharedData.path("text/GrimmsFairyTales.txt")).subList(0, 2000);
    List<int[]> alone = lines.stream().map(line -> tokenizer.encode(Prompt.ofData(line))).toList();
    IntStream.range(0, 4 * lines.size())
        .parallel()
        .map(i -> i % lines.size())
        .forEach(
            i -> assertThat(tokenizer.encode(Prompt.ofData(lines.get(i)))).isEqualTo(alone.get(i)));
  }
}
