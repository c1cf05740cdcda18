package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Compares the words of hand-written scanners with those that the makers' regular expressions cut,
 * by Hugging Face's tokenizers.
 */
class TokenizerWordsTest {
  @Test
  void everyPreTokenizerStandsForTheMakersPatterns() throws IOException {
    JsonNode patterns = GoldenFiles.lines("words.jsonl").get(0).get("patterns");
    for (PreTokenizer one : PreTokenizer.values()) {
      assertThat(one.patterns())
          .as(one.name())
          .isEqualTo(GoldenFiles.strings(patterns.get(one.name())));
    }
  }

  @Test
  void everyScannerCutsTheWordsOfItsPatterns() throws IOException {
    Set<String> seen = new HashSet<>();
    List<JsonNode> rows = GoldenFiles.lines("words.jsonl");
    assertThat(rows.size()).isGreaterThan(50);
    for (JsonNode row : rows.subList(1, rows.size())) {
      String text = row.get("text").asText();
      for (JsonNode group : row.get("ends")) {
        for (String name : GoldenFiles.strings(group.get(0))) {
          seen.add(name);
          assertThat(PreTokenizer.valueOf(name).wordEnds(new CodePointText(text)))
              .as("%s of %s", name, text)
              .isEqualTo(GoldenFiles.ints(group.get(1)));
        }
      }
    }
    assertThat(seen)
        .isEqualTo(
            Stream.of(PreTokenizer.values()).map(PreTokenizer::name).collect(Collectors.toSet()));
  }
}
